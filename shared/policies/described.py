"""What the documentation says of a key: kept with its default in `values.py`, read by `gongji policy document` and the loader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, cast

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Described:
    """A key in words. `example`: a value as YAML; `reasons`: codes that the key may lead to."""

    zh: str
    en: str
    example: str
    reasons: tuple[str, ...]


def key(default: T, zh: str, en: str, *, example: str = "", reasons: str = "") -> T:
    """A key of the region files: its default where no file says anything, and what it means. `reasons`: codes with spaces between."""
    said = {"described": Described(zh, en, example, tuple(reasons.split()))}
    if isinstance(default, Mapping):
        return cast(T, field(default_factory=lambda: dict(default), metadata=said))
    return field(default=default, metadata=said)


def described(section: type) -> Mapping[str, Described]:
    """Every key of a section with its words."""
    return {f.name: cast(Any, f.metadata)["described"] for f in fields(section)}
