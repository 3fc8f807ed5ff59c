"""Who speaks for a key on a day: the nearest level that says something, widened by floors above it, and everybody who lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from shared.policies.entries import Entry, RegionFile


class Fate(StrEnum):
    """Why an entry is not the one that counts."""

    OLDER = "older"  # a later entry of the same file took its place
    OVERRIDDEN = "overridden"  # a nearer level says otherwise
    WIDENED = "widened"  # a level above may not be narrowed, and this one would
    COMING = "coming"  # its day has not come
    UNADOPTED = "unadopted"  # hearsay that nobody put in force


@dataclass(frozen=True, slots=True)
class Lost:
    """An entry that does not count, and why."""

    entry: Entry
    fate: Fate


@dataclass(frozen=True, slots=True)
class Contest:
    """The value of a key on a day. `source`: the entry that decides; `None` where no file says anything (`value` is then no value)."""

    value: Any
    source: Entry | None
    lost: tuple[Lost, ...]


def contest(chain: Sequence[RegionFile], path: str, day: date) -> Contest:
    """Every entry for `path` in the files that speak for a region (nearest first), and what became of it on `day`."""
    value: Any = None
    source: Entry | None = None
    lost: list[Lost] = []
    for file in chain:
        entry, beside = _of_file(file.entries.get(path, ()), day)
        lost += beside
        if entry is None:
            continue
        if source is None:
            value, source = entry.value, entry
        elif entry.not_narrower and _narrower(value, entry.value):
            lost.append(Lost(source, Fate.WIDENED))
            value, source = entry.value | value, entry
        else:
            lost.append(Lost(entry, Fate.OVERRIDDEN))
    return Contest(value, source, tuple(lost))


def _narrower(value: Any, floor: frozenset[Any]) -> bool:
    """Whether a value leaves out something of a floor. `None` leaves out nothing: it means all of them, or no such rule."""
    return value is not None and not floor <= value


def _of_file(entries: Sequence[Entry], day: date) -> tuple[Entry | None, list[Lost]]:
    """The entry of one file that is in force, the others with their fate, the latest first."""
    now: Entry | None = None
    lost: list[Lost] = []
    for entry in reversed(entries):
        since = entry.applies_from()
        if since is None:
            lost.append(Lost(entry, Fate.UNADOPTED))
        elif since > day:
            lost.append(Lost(entry, Fate.COMING))
        elif now is None:
            now = entry
        else:
            lost.append(Lost(entry, Fate.OLDER))
    return now, lost
