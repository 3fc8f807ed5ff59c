"""An officer puts hearsay in force: one line in an overlay's region file, validated before it is written."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from deploy.local.errors import StackError
from deploy.policy import notation, places
from deploy.policy.show import Shown, one
from shared.policies import Policies, PolicyError, load
from shared.policies.entries import Entry
from shared.policies.yamltext import Yaml


@dataclass(frozen=True, slots=True)
class Adoption:
    """What is to be put in force: an entry of grade C, by whom, and the day on which that was decided."""

    region: str
    path: str
    from_: date
    by: str
    on: date

    @property
    def line(self) -> str:
        """The line of the file, which takes the adoption back when it is deleted."""
        by = yaml.safe_dump(self.by, allow_unicode=True, default_flow_style=True, width=10**6).splitlines()[0]
        return f"{{path: {self.path}, from: {self.from_}, by: {by}, on: {self.on}}}"


@dataclass(frozen=True, slots=True)
class Change:
    """What an adoption changes for one region, from its first day on."""

    region: str
    name: str
    since: date
    before: Shown
    after: Shown


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was written: file, line number (from 1), the line, and what changes for whom."""

    file: Path
    number: int
    line: str
    entry: Entry
    changes: tuple[Change, ...]

    def json(self) -> dict[str, Any]:
        """The same for scripts."""
        rows = [
            {
                "region": c.region,
                "from": str(c.since),
                "before": c.before.json()["value"],
                "after": c.after.json()["value"],
            }
            for c in self.changes
        ]
        return {"file": str(self.file), "line": self.number, "text": self.line, "changes": rows}


def adopt(wanted: Adoption, into: Path) -> Adopted:
    """Writes an adoption into the overlay `into`, which is made if it is not there.

    Raises `StackError` for what cannot be adopted; nothing is written then. `PolicyError` if the overlay is broken already.
    """
    if not wanted.by.strip():
        raise StackError("nobody adopts anything without a name", "Name the officer with --by.")
    has_files = any(into.glob("*.yaml"))
    before = load(overlay=into if has_files else None)
    entry = _candidate(before, wanted)
    file = _file_of(into, wanted.region) or into / entry.file
    text, number = _extended(
        file.read_text("utf-8") if file.exists() else _new(wanted.region), wanted.line, file
    )
    after = _tried(into, file, text)
    into.mkdir(parents=True, exist_ok=True)
    _replace(file, text)
    since = max(wanted.from_, wanted.on)
    return Adopted(file, number, wanted.line, entry, tuple(_changes(before, after, wanted, since)))


def _candidate(policies: Policies, wanted: Adoption) -> Entry:
    """The entry of grade C of the region's own file. Raises `StackError` that says what there is instead."""
    mine = policies.files.get(wanted.region)
    for entry in mine.entries.get(wanted.path, ()) if mine else ():
        if entry.from_ != wanted.from_:
            continue
        if entry.grade != "C":
            raise StackError(
                f"{wanted.path} of {wanted.from_} has grade {entry.grade}",
                "It is in force already: only hearsay (grade C) is adopted.",
            )
        if entry.adopted:
            raise StackError(
                f"{wanted.path} of {wanted.from_} is adopted", f"By {entry.adopted[0]} on {entry.adopted[1]}."
            )
        return entry
    found = [e for e in policies.candidates(wanted.region, wanted.path) if e.grade == "C" and not e.adopted]
    there = (
        "; ".join(f"{notation.text(e.path, e.value)} from {e.from_} in {e.file}" for e in found)
        or "nothing of grade C"
    )
    place = places.title(policies, wanted.region)
    raise StackError(
        f"{place} says nothing of {wanted.path} from {wanted.from_}",
        f"To be adopted there and above: {there}.",
    )


def _file_of(folder: Path, region: str) -> Path | None:
    """The overlay's file of a region, whatever its name."""
    for path in sorted(folder.glob("*.yaml")):
        tree = yaml.load(path.read_text("utf-8"), Yaml)
        if isinstance(tree, dict) and tree.get("region") == region:
            return path
    return None


def _new(region: str) -> str:
    return f'region: "{region}"\n'


def _extended(text: str, line: str, file: Path) -> tuple[str, int]:
    """The text with one more adoption and the number of its line; every other character stays as it is."""
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    node = _adopt_node(text)
    if node is None:
        return "".join([*lines, "adopt:\n", f"  - {line}\n"]), len(lines) + 2
    if not isinstance(node, yaml.SequenceNode) or node.flow_style or not node.value:
        raise StackError(
            f"{file.name}: adopt is not a list with one line each",
            "Write it as `adopt:` and lines that start with `  - `.",
        )
    last = node.value[-1]
    row = last.end_mark.line + (1 if last.end_mark.column else 0)
    indent = " " * node.start_mark.column
    return "".join([*lines[:row], f"{indent}- {line}\n", *lines[row:]]), row + 1


def _adopt_node(text: str) -> yaml.Node | None:
    root = yaml.compose(text, Yaml)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return next((value for key, value in pairs if key.value == "adopt"), None)


def _tried(into: Path, file: Path, text: str) -> Policies:
    """The policies as they would be. Raises `StackError` when they could not be loaded."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "overlay"
        if into.is_dir():
            shutil.copytree(into, trial)
        trial.mkdir(exist_ok=True)
        (trial / file.name).write_text(text, "utf-8")
        try:
            return load(overlay=trial)
        except PolicyError as error:
            raise StackError(
                "the overlay would be broken; nothing was written", "; ".join(error.problems)
            ) from None


def _replace(file: Path, text: str) -> None:
    """Writes a file so that a reader sees the old or the new text, never half of one."""
    beside = file.with_name(f".{file.name}.new")
    with beside.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)


def _changes(before: Policies, after: Policies, wanted: Adoption, since: date) -> Iterator[Change]:
    """Every region that inherits from the adopting one and whose value changes."""
    for code in sorted(after.files):
        if wanted.region in places.inherited(after, code):
            old, new = (one(tree, code, since, wanted.path) for tree in (before, after))
            if notation.plain(old.path, old.value) != notation.plain(new.path, new.value):
                yield Change(code, places.title(after, code), since, old, new)
