"""Loading region files and answering "what holds here on this day"."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from shared.clock import BEIJING
from shared.policies.contest import Contest, contest
from shared.policies.entries import SECTIONS, Entry, RegionFile, keys
from shared.policies.errors import PolicyError
from shared.policies.faults import unspoken
from shared.policies.reader import read
from shared.policies.types import Letter
from shared.policies.values import Citation, RegionPolicy

NATIONAL = "100000"
HERE = Path(__file__).parent
_UNSAID = "无文件规定，采用格式默认值 / nothing says otherwise: default of the format"


def load(directory: Path | None = None, *, overlay: Path | Sequence[Path] | None = None) -> Policies:
    """All region files of `directory` (by default the project's own), with those of `overlay` laid over them.

    An overlay is a directory or one file; of several each is laid over what is below. Raises `PolicyError` with one line for each
    fault; nothing is ever half loaded.
    """
    problems: list[str] = []
    overlays = [overlay] if isinstance(overlay, Path) else list(overlay or ())
    base = _read_all(directory or HERE / "regions", problems)
    for one in overlays:
        for code, above in _read_all(one, problems).items():
            problems.extend(_moved(above, base.get(code, above)))
            base[code] = above.over(base[code]) if code in base else above
    problems.extend(_tree_problems(base))
    problems.extend(unspoken())
    folders = [one if one.is_dir() else one.parent for one in ([directory] if directory else []) + overlays]
    problems.extend(_letter_problems(base, [HERE / "letters", *(folder / "letters" for folder in folders)]))
    if problems:
        raise PolicyError(problems)
    return Policies(base)


class Policies:
    """The loaded tree. `on` costs a few dictionary look-ups and a bisection."""

    def __init__(self, files: Mapping[str, RegionFile]) -> None:
        self.files = files
        self._resolved: dict[str, tuple[list[date], list[RegionPolicy]]] = {}

    def on(self, region: str, day: date) -> RegionPolicy:
        """The policy of a region (any six-digit `insuplc_admdvs`) on a Beijing date.

        A region without a file of its own has that of its city, its province or the nation.
        """
        nearest = self._nearest(region)  # so that codes that nobody knows share what they inherit
        found = self._resolved.get(nearest)
        if found is None:
            found = self._resolved[nearest] = self._resolve(nearest)
        starts, policies = found
        return policies[bisect_right(starts, day)]

    def at(self, region: str, moment: datetime) -> RegionPolicy:
        """The policy at an aware point in time, whatever time it is."""
        try:
            return self.on(region, moment.astimezone(BEIJING).date())
        except OverflowError:  # within a day of the first or the last that there is
            return self.on(region, moment.date())

    def starts(self, region: str) -> Sequence[date]:
        """The dates on which anything in the policy of a region changes, in order."""
        self.on(region, date.min)
        return self._resolved[self._nearest(region)][0]

    def chain(self, region: str) -> list[RegionFile]:
        """The files that speak for a region, the nearest first."""
        chain = [self.files[self._nearest(region)]]
        while (parent := chain[-1].parent) is not None:
            chain.append(self.files[parent])
        return chain

    def _nearest(self, region: str) -> str:
        """The code of the file that speaks for a region first."""
        if region in self.files:
            return region
        return next(c for c in (region[:4] + "00", region[:2] + "0000", NATIONAL) if c in self.files)

    def contest(self, region: str, path: str, day: date) -> Contest:
        """How the value of a key came about on a day: what decides, and what lost."""
        return contest(self.chain(region), path, day)

    def candidates(self, region: str, path: str) -> Iterator[Entry]:
        """Every entry for a key, hearsay included, the nearest region first and the latest date first."""
        for file in self.chain(region):
            yield from reversed(file.entries.get(path, ()))

    def _resolve(self, region: str) -> tuple[list[date], list[RegionPolicy]]:
        chain = self.chain(region)
        starts = sorted(
            {day for f in chain for found in f.entries.values() for e in found if (day := e.applies_from())}
        )
        return starts, [_policy(chain, day) for day in [None, *starts]]


def _policy(chain: list[RegionFile], day: date | None) -> RegionPolicy:
    """The resolved tree on a day; `None`: before any entry."""
    resolved = {path: _winner(chain, path, day) for path in keys()}
    sections = {
        name: kind(**{f.name: won[0] for f in fields(kind) if (won := resolved[f"{name}.{f.name}"])})
        for name, kind in SECTIONS.items()
    }
    citations = {
        path: won[1] if won else Citation("", path, None, _UNSAID, "P") for path, won in resolved.items()
    }
    near = next((f for f in chain if f.name_zh), chain[0])
    version = _hash(chain[0].region, sections, citations)
    return RegionPolicy(
        chain[0].region, near.name_zh, near.name_en, **sections, version=version, citations=citations
    )


def _winner(chain: list[RegionFile], path: str, day: date | None) -> tuple[Any, Citation] | None:
    """The value in force and its source; `None` where no file says anything."""
    if day is None:
        return None
    found = contest(chain, path, day)
    return (found.value, _citation(found.source)) if found.source else None


def _citation(entry: Entry) -> Citation:
    return Citation(entry.file, entry.path, entry.from_, entry.reference, entry.grade)


def _hash(region: str, sections: Mapping[str, Any], citations: Mapping[str, Citation]) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of everything that the policy says, sources included."""
    tree = {p: [_plain(_value(sections, p)), c.file, str(c.from_), c.reference] for p, c in citations.items()}
    text = json.dumps([region, tree], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _value(sections: Mapping[str, Any], path: str) -> Any:
    section, key = path.split(".")
    return getattr(sections[section], key)


def _plain(value: Any) -> Any:
    """A JSON value with one spelling for equal policy values."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, frozenset):
        return sorted((_plain(v) for v in value), key=str)
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, time):
        return value.isoformat()
    slots = getattr(value, "__slots__", None)
    return [_plain(getattr(value, name)) for name in slots] if slots else value


def _read_all(directory: Path, problems: list[str]) -> dict[str, RegionFile]:
    files: dict[str, RegionFile] = {}
    found = [directory] if directory.is_file() else sorted(directory.glob("*.yaml"))
    if not directory.exists():
        problems.append(
            f"{directory.name}: no such directory: expected one with region files (*.yaml), or none of them"
        )
    for path in found:
        region = read(path, problems)
        if region and region.region in files:
            other = files[region.region].file
            problems.append(
                f"{path.name}: region: {region.region!r}: expected one file for a region; {other} is one"
            )
        elif region:
            files[region.region] = region
    return files


def _moved(above: RegionFile, below: RegionFile) -> Iterator[str]:
    """An overlay says no other place in the tree than the file it is laid over."""
    if above.parent not in (None, below.parent):
        yield f"{above.file}: parent: {above.parent!r}: expected {below.parent!r}, as {below.file} says"


def _tree_problems(files: Mapping[str, RegionFile]) -> Iterator[str]:
    if NATIONAL not in files:
        yield f"(directory): region: nothing: expected a file for {NATIONAL}, which every region inherits"
    for file in files.values():
        if not file.name_zh:
            yield f"{file.file}: name: nothing: expected {{zh: ..., en: ...}}"
        yield from _parent_problems(file, files)
        for path, day in file.adopt:
            entries = [e for e in file.entries.get(path, ()) if e.from_ == day]
            if not entries or entries[0].grade != "C":
                has = f", which has {', '.join(f'{e.from_} ({e.grade})' for e in file.entries.get(path, ())) or 'none'}"
                yield f"{file.file}: adopt: {path} of {day}: expected an entry of grade C with this date{has}"


def _parent_problems(file: RegionFile, files: Mapping[str, RegionFile]) -> Iterator[str]:
    if file.region == NATIONAL:
        if file.parent is not None:
            yield f"{file.file}: parent: {file.parent!r}: expected none: the nation has no parent"
    elif file.parent is None:
        yield f"{file.file}: parent: nothing: expected a region with a file, such as {NATIONAL}"
    elif file.parent not in files:
        yield f"{file.file}: parent: {file.parent!r}: expected a region with a file, such as {NATIONAL}"
    elif file.parent != NATIONAL and not _above(file.parent, file.region):
        yield f"{file.file}: parent: {file.parent!r}: expected {file.region[:2]}0000 or {NATIONAL}"


def _above(parent: str, region: str) -> bool:
    return parent == region[:2] + "0000" and parent != region


def _letter_problems(files: Mapping[str, RegionFile], folders: list[Path]) -> Iterator[str]:
    for file in files.values():
        for entry in file.entries.get("binding.commitment", ()):
            if isinstance(letter := entry.value, Letter) and letter.sha256 not in set(
                _hashes(letter, folders)
            ):
                name = f"letters/{letter.code}-{letter.version}.txt"
                yield f"{entry.file}: {entry.path}: {letter.sha256[:12]}...: expected the sha256 of {name}"


def _hashes(letter: Letter, folders: list[Path]) -> Iterator[str]:
    for folder in folders:
        path = folder / f"{letter.code}-{letter.version}.txt"
        if path.is_file():
            yield hashlib.sha256(path.read_bytes()).hexdigest()
