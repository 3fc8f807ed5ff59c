"""What holds in a region on a day: every value with where it comes from, what lost, and what nobody adopted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from deploy.local.errors import StackError
from deploy.policy import notation
from shared.policies import Policies
from shared.policies.contest import Fate, Lost
from shared.policies.entries import SECTIONS, Entry, keys


@dataclass(frozen=True, slots=True)
class Shown:
    """One key. `source`: the entry that decides; `None` for a default of the format."""

    path: str
    value: Any
    source: Entry | None
    lost: tuple[Lost, ...]

    @property
    def unadopted(self) -> list[Entry]:
        return [one.entry for one in self.lost if one.fate is Fate.UNADOPTED]

    def json(self) -> dict[str, Any]:
        """The same for scripts, in the notation of the files."""
        return {
            "path": self.path,
            "value": notation.plain(self.path, self.value),
            "source": _entry(self.source) if self.source else None,
            "lost": [_entry(one.entry) | {"why": one.fate.value} for one in self.lost if one.fate is not Fate.UNADOPTED],
            "unadopted": [_entry(one) for one in self.unadopted],
        }  # fmt: skip


def _entry(entry: Entry) -> dict[str, Any]:
    said = {
        "file": entry.file,
        "from": entry.from_.isoformat(),
        "grade": entry.grade,
        "reference": entry.reference,
        "value": notation.plain(entry.path, entry.value),
    }
    if entry.adopted:
        said["adopted"] = {"by": entry.adopted[0], "on": entry.adopted[1].isoformat()}
    return said | ({"not_narrower": True} if entry.not_narrower else {})


def shown(policies: Policies, region: str, day: date, prefix: str = "") -> Iterator[Shown]:
    """Every key whose path starts with `prefix`, in the order of the format."""
    return (one(policies, region, day, path) for path in keys() if path.startswith(prefix))


def one(policies: Policies, region: str, day: date, path: str) -> Shown:
    """One key."""
    section, name = path.split(".")
    value = getattr(getattr(policies.on(region, day), section), name)
    found = policies.contest(region, path, day)
    return Shown(path, value, found.source, found.lost)


def known(path: str) -> str:
    """A key by its path. Raises `StackError` that names the nearest ones."""
    if path in keys():
        return path
    raise no_key(path)


def no_key(path: str) -> StackError:
    """What to say of a path that no key has."""
    names = {name.partition(".")[2]: name for name in keys()}
    close = get_close_matches(path.rpartition(".")[2], names, n=3)
    meant = f"Did you mean {', '.join(names[one] for one in close)}? " if close else ""
    return StackError(
        f"no key {path!r}", f"{meant}Sections: {', '.join(SECTIONS)}; all keys: docs/policy-format.md."
    )
