"""What a case changes in a region's policy: hearsay that it adopts, keys that it sets. Nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from pydantic import ValidationError

from deploy.policy import fields
from deploy.policy.fields import CaseError
from shared.policies import Policies
from shared.policies.entries import SECTIONS, Entry, RegionFile, keys

OFFICER = "示例政策专员"
"""Who adopts and sets, in a case that names nobody."""
_ALWAYS = date(2000, 1, 1)


def laid_over(policies: Policies, region: str, changes: Mapping[str, Any], where: str) -> Policies:
    """The policies with `changes` of one case: `adopt` a list of keys, `set` values by key, `by` an officer.

    `adopt` puts every entry of grade C that speaks for the region in force from the entry's own day. `set` replaces whatever the
    region's files say of a key, by one value for all times or by a list of {from, value}. Raises `CaseError`.
    """
    if not changes:
        return policies
    known = {"adopt": fields.several(_key), "set": fields.anything, "by": fields.text}
    found = fields.read(changes, known, f"{where}: policy")
    officer = found.get("by", OFFICER)
    files = dict(policies.files)
    for path in found.get("adopt", ()):
        _adopt(policies, files, region, path, officer, f"{where}: policy: adopt: {path}")
    for path, value in (found.get("set") or {}).items():
        entries = _entries(path, value, f"{where}: policy: set: {path}")
        _set(policies, files, region, path, entries)
    return Policies(files)


def _set(
    policies: Policies, files: dict[str, RegionFile], region: str, path: str, entries: tuple[Entry, ...]
) -> None:
    """In a file of the region's own, which is made where it has none: no other region changes, but for floors under this key, which a
    case may go below."""
    near, *above = policies.chain(region)
    for file in above if near.region == region else (near, *above):
        kept = tuple(replace(e, not_narrower=False) for e in files[file.region].entries.get(path, ()))
        files[file.region] = _with(files[file.region], path, kept)
    own = files.get(region) or RegionFile(region, near.region, "", "")
    if entries[0].from_ > _ALWAYS:  # before it the format's default, not what is inherited
        section, _, name = path.partition(".")
        default = getattr(SECTIONS[section](), name)
        entries = (replace(entries[0], from_=_ALWAYS, value=default), *entries)
    files[region] = _with(own, path, entries)


def _key(value: Any) -> str:
    if value in keys():
        return str(value)
    raise ValueError("a key of the region files, for example binding.max_sponsors")


def _adopt(
    policies: Policies, files: dict[str, RegionFile], region: str, path: str, officer: str, where: str
) -> None:
    """Adopts in the nearest file that has hearsay for the key."""
    for file in policies.chain(region):
        entries = files[file.region].entries.get(path, ())
        if any(e.grade == "C" for e in entries):
            put = tuple(replace(e, adopted=(officer, e.from_)) if e.grade == "C" else e for e in entries)
            files[file.region] = _with(files[file.region], path, put)
            return
    raise CaseError(f"{where}: no file of region {region} has an entry of grade C to adopt")


def _entries(path: str, value: Any, where: str) -> tuple[Entry, ...]:
    fields.parsed(path, _key, where)
    dated = (
        value
        if isinstance(value, list) and value and _dated(value[0])
        else [{"from": _ALWAYS, "value": value}]
    )
    return tuple(
        Entry("(case)", path, one["from"], _value(path, one["value"], where), "案例设定 set by the case", "P")
        for one in dated
    )


def _dated(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"from", "value"}


def _value(path: str, value: Any, where: str) -> Any:
    try:
        return keys()[path].validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise CaseError(f"{where}: {fields.shown(value)}: {first['msg']}") from None


def _with(file: RegionFile, path: str, entries: tuple[Entry, ...]) -> RegionFile:
    return replace(file, entries={**file.entries, path: entries})
