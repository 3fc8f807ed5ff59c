"""Reading one region file: YAML in, checked entries out, one clear line for each fault."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeGuard

import yaml
from pydantic import ValidationError

from shared.policies.entries import GRADES, SECTIONS, Entry, RegionFile, keys
from shared.policies.faults import Fault, faults, one_of, said
from shared.policies.yamltext import Yaml

HEAD = ("region", "name", "parent", "notes", "adopt", *SECTIONS)
ENTRY = ("from", "value", "reference", "grade", "note", "not_narrower", "adopted")
_SHAPE = "{from: 2024-08-01, value: ..., reference: ..., grade: A}"


def read(file: Path, problems: list[str]) -> RegionFile | None:
    """The region of a file. What is wrong with it is added to `problems`; `None` if nothing is usable."""
    try:
        tree = yaml.load(file.read_text("utf-8"), Yaml)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        problems.append(f"{file.name}: cannot be read: {line}{error.problem or error.context}")
        return None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problems.append(f"{file.name}: cannot be read: {' '.join(str(error).split())}")
        return None
    reader = _Reader(file.name, problems)
    try:
        return reader.region(tree)
    except Fault as fault:
        reader.record(fault)
        return None


@dataclass(slots=True)
class _Reader:
    file: str
    problems: list[str]

    def record(self, fault: Fault) -> None:
        self.problems.append(fault.line(self.file))

    def unknown(self, path: str, tree: dict[Any, Any], known: Collection[str]) -> None:
        for key in sorted(str(k) for k in tree.keys() - set(known)):
            self.record(Fault(f"{path}{key}", tree.get(key), one_of(known, key)))

    def region(self, tree: Any) -> RegionFile:
        if not isinstance(tree, dict):
            raise Fault("", tree, "a mapping with key region")
        for key in sorted({str(key) for key in tree} - set(HEAD)):
            homes = [path for path in keys() if path.partition(".")[2] == key]
            expected = f"it below its section: {' or '.join(homes)}" if homes else one_of(HEAD, key)
            self.record(Fault(key, tree.get(key), expected))
        code, parent = tree.get("region"), tree.get("parent")
        if not isinstance(code, str) or not re.fullmatch("[0-9]{6}", code):
            raise Fault("region", code, 'a quoted six-digit code, for example "330100"')
        if parent is not None and not isinstance(parent, str):
            raise Fault("parent", parent, 'a quoted six-digit code, for example "330000"')
        zh, en = self._names(tree.get("name"))
        notes = self._notes(tree.get("notes"))
        entries = {path: found for path, raw in self._paths(tree) if (found := self._entries(path, raw))}
        adopt = dict(self._adopt(tree.get("adopt") or []))
        return RegionFile(code, parent, zh, en, entries, adopt, self.file, notes).carried_out()

    def _names(self, raw: Any) -> tuple[str, str]:
        """Both names; empty where there are none, which only an overlay may do."""
        if raw is None:
            return "", ""
        names = raw if isinstance(raw, dict) else {}
        zh, en = names.get("zh"), names.get("en")
        if isinstance(zh, str) and isinstance(en, str) and zh.strip() and en.strip() and len(names) == 2:
            return zh, en
        raise Fault("name", raw, "{zh: 浙江省, en: Zhejiang}")

    def _notes(self, raw: Any) -> tuple[str, ...]:
        if raw is None:
            return ()
        if isinstance(raw, list) and all(isinstance(note, str) for note in raw):
            return tuple(raw)
        self.record(Fault("notes", raw, "a list of texts"))
        return ()

    def _paths(self, tree: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for section in (name for name in SECTIONS if name in tree):
            content = tree[section] or {}
            if not isinstance(content, dict):
                self.record(Fault(section, content, "a mapping of keys"))
                continue
            for key, raw in content.items():
                if f"{section}.{key}" in keys():
                    yield f"{section}.{key}", raw
                else:
                    self.record(Fault(f"{section}.{key}", raw, _key_of(section, key)))

    def _entries(self, path: str, raw: Any) -> tuple[Entry, ...]:
        if not isinstance(raw, list) or not raw:
            self.record(Fault(path, raw, f"a list of entries {_SHAPE}"))
            return ()
        made: list[Entry] = []
        for n, item in enumerate(raw):
            try:
                made.append(self._entry(path, f"{path}[{n}]", item))
            except Fault as fault:
                self.record(fault)
        for before, after in pairwise(made):
            if after.from_ <= before.from_:
                self.record(
                    Fault(path, after.from_, f"a date after {before.from_} (entries in order of date)")
                )
        return tuple(made)

    def _entry(self, path: str, at: str, raw: Any) -> Entry:
        if not isinstance(raw, dict) or "value" not in raw:
            raise Fault(at, raw, f"a mapping {_SHAPE}")
        self.unknown(f"{at}.", raw, ENTRY)
        if not _is_day(raw.get("from")):
            raise Fault(f"{at}.from", raw.get("from"), "a date, for example 2024-08-01")
        if raw.get("grade") not in GRADES:
            raise Fault(f"{at}.grade", raw.get("grade"), f"one of {', '.join(GRADES)}")
        reference, note = raw.get("reference"), raw.get("note", "")
        if not isinstance(reference, str) or not reference.strip():
            raise Fault(f"{at}.reference", reference, "the document or page that says so")
        if not isinstance(note, str):
            raise Fault(f"{at}.note", note, "a text")
        adopted = (
            None
            if raw.get("adopted") is None
            else self._adopted(f"{at}.adopted", raw["adopted"], ("by", "on"))
        )
        if adopted and raw["grade"] != "C":
            raise Fault(f"{at}.adopted", raw["adopted"], "grade C: nothing else needs to be adopted")
        value = self._value(path, f"{at}.value", raw["value"])
        floor = self._floor(at, raw.get("not_narrower", False), value)
        return Entry(self.file, path, raw["from"], value, reference, raw["grade"], floor, adopted, note)

    def _floor(self, at: str, raw: Any, value: Any) -> bool:
        if not isinstance(raw, bool) or (raw and not isinstance(value, frozenset)):
            raise Fault(f"{at}.not_narrower", raw, "true or false, and true only for a set")
        return raw

    def _value(self, path: str, at: str, raw: Any) -> Any:
        try:
            return keys()[path].validate_python(raw)
        except ValidationError as error:
            first, *others = faults(path, at, raw, error)
        for other in others:
            self.record(other)
        raise first

    def _adopted(self, at: str, raw: Any, known: Collection[str]) -> tuple[str, date]:
        if isinstance(raw, dict):
            self.unknown(f"{at}.", raw, known)
            by, on = raw.get("by"), raw.get("on")
            if isinstance(by, str) and by.strip() and _is_day(on):
                return by, on
        raise Fault(at, raw, "{by: name of the officer, on: date}")

    def _adopt(self, raw: Any) -> Iterator[tuple[tuple[str, date], tuple[str, date]]]:
        for n, item in enumerate(raw if isinstance(raw, list) else [raw]):
            try:
                if not isinstance(item, dict) or not _is_day(item.get("from")):
                    raise Fault(f"adopt[{n}]", item, "{path: a known key, from: the entry's date, by, on}")
                path, day = item.get("path"), item["from"]
                if not isinstance(path, str) or path not in keys():
                    raise Fault(f"adopt[{n}].path", path, _near(path))
                yield (path, day), self._adopted(f"adopt[{n}]", item, ("path", "from", "by", "on"))
            except Fault as fault:
                self.record(fault)


def _key_of(section: str, key: object) -> str:
    """What to say of a key that the section does not have: where it belongs, or the nearest."""
    elsewhere = [f"{other}.{key}" for other in SECTIONS if f"{other}.{key}" in keys()]
    if elsewhere:
        return f"a key of {section}; there is {' and '.join(elsewhere)}: {said(elsewhere[0]).en}"
    known, nearest, near = one_of((f.name for f in fields(SECTIONS[section])), key).partition(
        " (did you mean "
    )
    return f"a key of {section}" + (nearest + near if near else f": {known.removeprefix('one of ')}")


def _near(path: object) -> str:
    near = one_of(keys(), path).rpartition(" (did you mean ")
    return f"a known key such as {near[2].removesuffix('?)') if near[1] else 'binding.max_sponsors'}"


def _is_day(value: Any) -> TypeGuard[date]:
    return type(value) is date  # a datetime is a date too, and not meant
