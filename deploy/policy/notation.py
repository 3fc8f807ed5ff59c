"""Policy values as region files write them: money as yuan, sets in one order, rules as mappings."""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import time
from enum import StrEnum
from functools import cache
from typing import Any

from shared.contracts.base import yuan
from shared.policies import types as t
from shared.policies.entries import SECTIONS


@cache
def hints() -> Mapping[str, Any]:
    """Every path with its type, as `values.py` writes it."""
    return {
        f"{name}.{key}": hint
        for name, section in SECTIONS.items()
        for key, hint in typing.get_type_hints(section, include_extras=True).items()
    }


def is_money(path: str) -> bool:
    """Whether the values of a path are fen, which files write as yuan."""
    hint = hints()[path]
    return t.Fen in (hint, *typing.get_args(hint))


def plain(path: str, value: Any) -> Any:
    """A JSON value in the notation of the files."""
    return yuan(value) if is_money(path) and value is not None else _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, t.Document):
        return value.kind + (f"@{value.holder}" if value.holder else "")
    if isinstance(value, frozenset):
        return [_plain(one) for one in sorted(value, key=_rank)]
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in sorted(value.items(), key=lambda kv: _rank(kv[0]))}
    if is_dataclass(value):
        said = {f.name: getattr(value, f.name) for f in fields(value) if getattr(value, f.name) != f.default or f.default is MISSING}  # fmt: skip
        return {name: _plain(one) for name, one in said.items()}
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return str(value) if isinstance(value, StrEnum) else value


def _rank(one: Any) -> tuple[int, str]:
    """Words of a list in its order, others by letter."""
    return (list(type(one)).index(one) if isinstance(one, StrEnum) else 0), str(one)


def text(path: str, value: Any) -> str:
    """The value on one line, as YAML."""
    return flow(plain(path, value))


def flow(value: Any) -> str:
    """A JSON value as YAML on one line; words without quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    if isinstance(value, str) and value[:1].isalpha():
        return value
    return json.dumps(value, ensure_ascii=False)
