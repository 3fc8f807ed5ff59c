"""Reading one region file: YAML in, checked entries out, one clear line for each fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from shared.policies.entries import GRADES, SECTIONS, Entry, RegionFile, keys
from shared.policies.yamltext import Yaml

_HEAD = frozenset({"region", "name", "parent", "notes", "adopt", *SECTIONS})
_ENTRY = frozenset({"from", "value", "reference", "grade", "note", "not_narrower", "adopted"})


def read(file: Path, problems: list[str]) -> RegionFile | None:
    """The region of a file. What is wrong with it is added to `problems`; `None` if nothing is usable."""
    try:
        tree = yaml.load(file.read_text("utf-8"), Yaml)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problems.append(f"{file.name}: cannot be read: {' '.join(str(error).split())}")
        return None
    reader = _Reader(file.name, problems)
    try:
        return reader.region(tree)
    except _Fault as fault:
        reader.record(fault)
        return None


class _Fault(Exception):
    """A value that cannot be used: path, value, what is expected."""


@dataclass(slots=True)
class _Reader:
    file: str
    problems: list[str]

    def record(self, fault: _Fault) -> None:
        path, value, expected = fault.args
        text = repr(value)
        shown = text if len(text) <= 80 else text[:77] + "..."
        self.problems.append(f"{self.file}: {path or '(top)'}: {shown}: expected {expected}")

    def unknown(self, path: str, tree: dict[Any, Any], known: frozenset[str]) -> None:
        for key in sorted(str(k) for k in tree.keys() - known):
            self.record(_Fault(f"{path}{key}", tree.get(key), f"one of the keys {', '.join(sorted(known))}"))

    def region(self, tree: Any) -> RegionFile:
        if not isinstance(tree, dict):
            raise _Fault("", tree, "a mapping with key region")
        self.unknown("", tree, _HEAD)
        code, parent = tree.get("region"), tree.get("parent")
        if not isinstance(code, str) or not re.fullmatch("[0-9]{6}", code):
            raise _Fault("region", code, 'a quoted six-digit code, for example "330100"')
        if parent is not None and not isinstance(parent, str):
            raise _Fault("parent", parent, 'a quoted six-digit code, for example "330000"')
        names = tree.get("name")
        names = names if isinstance(names, dict) else {}
        entries = {path: found for path, raw in self._paths(tree) if (found := self._entries(path, raw))}
        adopt = dict(self._adopt(tree.get("adopt") or []))
        made = RegionFile(code, parent, str(names.get("zh", "")), str(names.get("en", "")), entries, adopt)
        return made.carried_out()

    def _paths(self, tree: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for section in SECTIONS.keys() & tree.keys():
            content = tree[section] or {}
            if not isinstance(content, dict):
                self.record(_Fault(section, content, "a mapping of keys"))
                continue
            for key, raw in content.items():
                if f"{section}.{key}" in keys():
                    yield f"{section}.{key}", raw
                else:
                    known = ", ".join(f.name for f in fields(SECTIONS[section]))
                    self.record(_Fault(f"{section}.{key}", raw, f"a key of {section}: {known}"))

    def _entries(self, path: str, raw: Any) -> tuple[Entry, ...]:
        if not isinstance(raw, list) or not raw:
            self.record(_Fault(path, raw, "a list of entries {from, value, reference, grade}"))
            return ()
        made: list[Entry] = []
        for n, item in enumerate(raw):
            try:
                made.append(self._entry(path, f"{path}[{n}]", item))
            except _Fault as fault:
                self.record(fault)
        for before, after in pairwise(made):
            if after.from_ <= before.from_:
                self.record(
                    _Fault(path, after.from_, f"a date after {before.from_} (entries in order of date)")
                )
        return tuple(made)

    def _entry(self, path: str, at: str, raw: Any) -> Entry:
        if not isinstance(raw, dict) or "value" not in raw:
            raise _Fault(at, raw, "a mapping {from, value, reference, grade}")
        self.unknown(f"{at}.", raw, _ENTRY)
        if not _is_day(raw.get("from")):
            raise _Fault(f"{at}.from", raw.get("from"), "a date, for example 2024-08-01")
        if raw.get("grade") not in GRADES:
            raise _Fault(f"{at}.grade", raw.get("grade"), f"one of {', '.join(GRADES)}")
        reference = raw.get("reference")
        if not isinstance(reference, str) or not reference.strip():
            raise _Fault(f"{at}.reference", reference, "the document or page that says so")
        floor = raw.get("not_narrower", False)
        if not isinstance(floor, bool) or (floor and not isinstance(raw["value"], list)):
            raise _Fault(f"{at}.not_narrower", floor, "true or false, and true only for a set")
        adopted = None if raw.get("adopted") is None else self._adopted(f"{at}.adopted", raw["adopted"])
        value = self._value(path, f"{at}.value", raw["value"])
        return Entry(
            self.file,
            path,
            raw["from"],
            value,
            reference,
            raw["grade"],
            floor,
            adopted,
            str(raw.get("note", "")),
        )

    def _value(self, path: str, at: str, raw: Any) -> Any:
        try:
            return keys()[path].validate_python(raw)
        except ValidationError as error:
            first, *others = (
                _Fault(
                    at + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in fault["loc"]),
                    fault.get("input", raw),
                    fault["msg"].removeprefix("Value error, ").removeprefix("Input should be "),
                )
                for fault in error.errors(include_url=False)
            )
        for other in others:
            self.record(other)
        raise first

    def _adopted(self, at: str, raw: Any) -> tuple[str, date]:
        if (
            isinstance(raw, dict)
            and isinstance(raw.get("by"), str)
            and raw["by"].strip()
            and _is_day(raw.get("on"))
        ):
            return raw["by"], raw["on"]
        raise _Fault(at, raw, "{by: name of the officer, on: date}")

    def _adopt(self, raw: Any) -> Iterator[tuple[tuple[str, date], tuple[str, date]]]:
        for n, item in enumerate(raw if isinstance(raw, list) else [raw]):
            try:
                if (
                    not isinstance(item, dict)
                    or item.get("path") not in keys()
                    or not _is_day(item.get("from"))
                ):
                    raise _Fault(f"adopt[{n}]", item, "{path: a known key, from: the entry's date, by, on}")
                yield (item["path"], item["from"]), self._adopted(f"adopt[{n}]", item)
            except _Fault as fault:
                self.record(fault)


def _is_day(value: Any) -> bool:
    return type(value) is date  # a datetime is a date too, and not meant
