"""A region file in memory: sections of keys, each with dated entries in order."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from shared.policies.values import Binding, Notice, Review, Spending

SECTIONS: Mapping[str, type] = {"binding": Binding, "review": Review, "notice": Notice, "spending": Spending}
GRADES = ("A", "B", "C", "P")


@dataclass(frozen=True, slots=True)
class Entry:
    """A value and since when, on whose word. `adopted`: who put a value of grade C in force, and when."""

    file: str
    path: str
    from_: date
    value: Any
    reference: str
    grade: str
    not_narrower: bool = False
    adopted: tuple[str, date] | None = None
    note: str = ""

    def applies_from(self) -> date | None:
        """The first day on which the value counts; `None` for hearsay that nobody adopted."""
        if self.grade != "C":
            return self.from_
        return max(self.from_, self.adopted[1]) if self.adopted else None


@dataclass(frozen=True, slots=True)
class RegionFile:
    """One region as its file says. `adopt`: (path, from) of entries of grade C that are put in force."""

    region: str
    parent: str | None
    name_zh: str
    name_en: str
    entries: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    adopt: Mapping[tuple[str, date], tuple[str, date]] = field(default_factory=dict)
    file: str = ""
    notes: tuple[str, ...] = ()

    def over(self, below: RegionFile) -> RegionFile:
        """This overlay laid over `below`: entries of the same day are replaced, adoptions are carried out."""
        merged = dict(below.entries)
        for path, entries in self.entries.items():
            days = {entry.from_: entry for entry in (*below.entries.get(path, ()), *entries)}
            merged[path] = tuple(days[day] for day in sorted(days))
        named = below.file if self.file == below.file else f"{below.file} + {self.file}"
        adopt = {**below.adopt, **self.adopt}
        notes = (*below.notes, *self.notes)
        return replace(below, entries=merged, adopt=adopt, file=named, notes=notes).carried_out()

    def carried_out(self) -> RegionFile:
        """The same file with its `adopt` list written into the entries."""
        entries = {
            path: tuple(replace(e, adopted=self.adopt.get((path, e.from_), e.adopted)) for e in found)
            for path, found in self.entries.items()
        }
        return replace(self, entries=entries)


@cache
def keys() -> Mapping[str, TypeAdapter[Any]]:
    """Every path that a file may set, with what its values must be."""
    return {
        f"{name}.{f.name}": TypeAdapter(typing.get_type_hints(section, include_extras=True)[f.name])
        for name, section in SECTIONS.items()
        for f in fields(section)
    }
