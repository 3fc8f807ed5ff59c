"""What a screening looked at, as a few bytes, and the inquiry made of them again.

Kept are references (registry records by number and version) and values that name nobody: persons of the family graph other than the
two are numbered within their record, so that no record of one family says who is in another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import date, datetime
from functools import cache
from operator import attrgetter
from typing import Any, get_type_hints

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from services.eligibility.domain.days import day_of
from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.person import Person, person_key
from shared.contracts.binding_requests import Material, Submitted
from shared.contracts.registry import PersonRecorded, RelationRecorded
from shared.policies import Policies

PersonVersion = tuple[str, int]
RelationVersion = tuple[str, str, int]

_BY_HAND = frozenset(
    {"request", "at", "day", "region", "policy", "sponsor", "beneficiary", "relation", "materials"}
    | {"letter", "keys", "face_verified"}  # of an inquiry
    | {"key", "records"}  # of a person
)


def encode(q: Inquiry) -> bytes:
    """The facts of one screening: references and plain values; what has its usual value is left out."""
    names: dict[bytes, str] = {}
    kept: dict[str, Any] = {}
    for letter, side in (("s", q.sponsor), ("b", q.beneficiary)):
        if side is not None:
            names.setdefault(side.key, letter)
            records = [[r.psn_no, r.version] for r in side.records]
            kept[letter] = {"records": records} | _unusual(Person, side, names)
    for letter, of in (("s", q.request.sponsor), ("b", q.request.beneficiary)):
        names.setdefault(person_key(of), letter.upper())
    if q.relation is not None:
        kept["relation"] = [q.relation.psn_no, q.relation.other_psn_no, q.relation.version]
    if q.materials != q.request.materials:
        kept["materials"] = [m.model_dump(mode="json") for m in q.materials]
    return to_json(kept | _unusual(Inquiry, q, names))


def references(facts: bytes) -> tuple[list[PersonVersion], RelationVersion | None]:
    """Which registry records `decode` needs."""
    kept = from_json(facts)
    people = [(n, v) for letter in "sb" if letter in kept for n, v in kept[letter]["records"]]
    relation = kept.get("relation")
    return people, tuple(relation) if relation else None


def decode(
    facts: bytes,
    request: Submitted,
    at: datetime,
    region: str,
    people: Mapping[PersonVersion, PersonRecorded],
    relations: Mapping[RelationVersion, RelationRecorded],
    policies: Policies,
    keys: Mapping[str, tuple[str, ...]],
    *,
    face_verified: bool,
) -> Inquiry:
    """The inquiry as it was, under `policies`. `KeyError` where a record is missing."""
    kept = from_json(facts)
    names = {b"S": person_key(request.sponsor), b"B": person_key(request.beneficiary)}
    sides: dict[str, Person] = {}
    for letter in "sb":
        if letter in kept:
            given = kept[letter]
            records = tuple(people[n, v] for n, v in given.pop("records"))
            sides[letter] = Person(person_key(records[0]), records, **_read(Person, given, {}))
            names[letter.encode()] = sides[letter].key
    relation = kept.pop("relation", None)
    rest = {name: value for name, value in kept.items() if name not in sides and name != "materials"}
    signed = request.commitment.signed_at if request.commitment else at
    return Inquiry(
        request=request,
        at=at,
        day=day_of(at),
        region=region,
        policy=policies.at(region, at),
        sponsor=sides.get("s"),
        beneficiary=sides.get("b"),
        relation=relations[tuple(relation)] if relation else None,
        materials=_materials(kept.pop("materials", None), request),
        letter=policies.at(region, min(signed, at)).binding.commitment,
        keys=keys,
        face_verified=face_verified,
        **_read(Inquiry, rest, names),
    )


def _materials(given: list[Any] | None, request: Submitted) -> tuple[Material, ...]:
    """The documents of that round; none are kept where they were those of the request."""
    if given is None:
        return request.materials
    return tuple(Material.model_validate_json(to_json(one)) for one in given)


def _unusual(kind: Any, value: Any, names: dict[bytes, str]) -> dict[str, Any]:
    """Fields of an inquiry or a person that have not their default, as plain values; those kept by hand are left out."""
    fields_of, read, usual = _usual(kind)
    given = read(value)
    if given == usual:
        return {}
    changed = zip(fields_of, given, usual, strict=True)
    return {name: _plain(now, names) for name, now, was in changed if now != was}


@cache
def _usual(kind: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]], tuple[Any, ...]]:
    """Fields of a dataclass by name, how to read them all at once, and their defaults."""
    found = [f for f in fields(kind) if f.init and f.name not in _BY_HAND]
    names = tuple(f.name for f in found)
    usual = (f.default_factory() if f.default_factory is not MISSING else f.default for f in found)
    return names, attrgetter(*names), tuple(usual)


def _plain(value: Any, names: dict[bytes, str]) -> Any:
    """JSON of a value; a person's key becomes the person's number within this record."""
    if value is None or isinstance(value, str | int | date):
        return value
    if isinstance(value, bytes):
        return names.setdefault(value, str(len(names)))
    if isinstance(value, tuple | list):
        return [_plain(v, names) for v in value]
    if isinstance(value, frozenset | set):
        return sorted(_plain(v, names) for v in value)
    if isinstance(value, Mapping):
        return {_plain(k, names): _plain(v, names) for k, v in value.items()}
    kind: Any = type(value)
    return {name: _plain(getattr(value, name), names) for name in _made_of(kind)}


@cache
def _made_of(kind: Any) -> tuple[str, ...]:
    """The fields that a dataclass is made with."""
    return tuple(f.name for f in fields(kind) if f.init)


def _read(kind: Any, given: dict[str, Any], names: Mapping[bytes, bytes]) -> dict[str, Any]:
    """Fields of a dataclass from plain values, with the two persons' own keys."""
    readers = _readers(kind)
    return {name: _named(readers[name].validate_python(value), names) for name, value in given.items()}


@cache
def _readers(kind: Any) -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(kind)
    return {name: TypeAdapter(hints[name]) for name in _made_of(kind)}


def _named(value: Any, names: Mapping[bytes, bytes]) -> Any:
    if isinstance(value, bytes):
        return names.get(value, value)
    if is_dataclass(value) and not isinstance(value, type):
        kind: Any = type(value)
        return replace(value, **{f: _named(getattr(value, f), names) for f in _made_of(kind)})
    if isinstance(value, Mapping):
        return {_named(k, names): _named(v, names) for k, v in value.items()}
    if isinstance(value, tuple | list | frozenset | set):
        return type(value)(_named(v, names) for v in value)
    return value
