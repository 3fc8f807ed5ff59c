"""Samples that are refused, with the reason code that their sender gets: `refused-<reason>.json`.

Every type that outsiders write has one with a wrong field, one without the field that makes its key and one under a foreign key.
Applications and bills also have what only a service can judge.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic_core import to_json
from stdnum.iso7064 import mod_11_2

from shared.contracts.binding_requests import ChannelKind, Relation
from shared.contracts.topics import TYPES, TypeSpec
from shared.messaging.address import AddressError, address_of
from shared.messaging.decode import read_body
from shared.messaging.handler import Invalid
from shared.messaging.registry import Type, make_type
from shared.testing import messages as m
from shared.testing.identities import certno
from shared.testing.proofs import commitment, counter, face_check
from shared.testing.samples import family as f

Event = dict[str, Any]
EXPECTED_FIELD = "expectedfield"
"""Attribute of a refused sample that names the field concerned; never published."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused sample: which type, which reason, and the whole event."""

    short: str
    reason: str
    event: Event


def refused_samples(full: dict[str, Event]) -> Iterator[Refused]:
    """All of them, made of the full samples by short type."""
    for spec in TYPES.values():
        if spec.outsider:
            yield from _of_any_type(spec, full[spec.short])
    for reason, body, field in _applications():
        yield _judged(
            "binding.requests.submitted", full, reason, body.model_dump(mode="json", exclude_none=True), field
        )
    bill = full["settlement.requests.settle"]["data"]
    for reason, changes, field in _bills():
        yield _judged("settlement.requests.settle", full, reason, bill | changes, field)


def _judged(short: str, full: dict[str, Event], reason: str, data: Event, field: str) -> Refused:
    event = full[short] | {"id": f"sample-{short}-{reason}", EXPECTED_FIELD: field, "data": data}
    spec = TYPES[short]
    body = spec.model.model_validate_json(to_json(data))
    event |= {"partitionkey": spec.key_of(body), "subject": spec.subject_of(body)}
    return Refused(short, reason, event)


def _of_any_type(spec: TypeSpec, full: Event) -> Iterator[Refused]:
    kind = make_type(spec)
    wrong, path = _with_a_wrong_field(kind, full["data"])
    named = {"id": f"sample-{spec.short}-field-invalid", EXPECTED_FIELD: path, "data": wrong}
    yield Refused(spec.short, "field-invalid", full | named)
    foreign = {
        "id": f"sample-{spec.short}-key-mismatch",
        "partitionkey": "9" + full["partitionkey"][1:] + "9",
    }
    yield Refused(spec.short, "key-mismatch", full | foreign)
    without = {"id": f"sample-{spec.short}-bad-address", "data": _without_address(kind, full["data"])}
    yield Refused(spec.short, "bad-address", full | without)


def _with_a_wrong_field(kind: Type, data: Event) -> tuple[Event, str]:
    """`data` with one field wrong that is no part of the address, and the field's path."""
    for path, wrong in sorted(_candidates(data), key=lambda pair: _TASTE[type(pair[1])]):
        changed = copy.deepcopy(data)
        node = changed
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = wrong
        body = read_body(kind, to_json(changed))
        if isinstance(body, Invalid) and _addressed(kind, body):
            return changed, body.errors[0].field
    raise ValueError(f"{kind.short}: every field is part of the address")


_TASTE = {float: 0, str: 1, list: 2, int: 3, bool: 4}
"""Which mistakes make the best examples: money as a number first, then an unknown word, a missing list, another type."""


def _candidates(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    for name, value in data.items():
        here = (*path, name)
        if isinstance(value, dict):
            yield from _candidates(value, here)
        elif (
            isinstance(value, str) and value.replace(".", "", 1).lstrip("-").isdigit() and value[-3:-2] == "."
        ):
            yield here, float(value)
        elif isinstance(value, str):
            yield here, "不详"
            yield here, 5
        elif isinstance(value, list):
            yield here, []
        else:
            yield here, "不详"


def _addressed(kind: Type, body: Invalid) -> bool:
    try:
        address_of(kind, body)
    except AddressError:
        return False
    return True


def _without_address(kind: Type, data: Event) -> Event:
    """`data` without the field of which the key is made."""
    for path in (*((name,) for name in data), ("sponsor", "psn_no")):
        changed = copy.deepcopy(data)
        node = changed if len(path) == 1 else changed.get(path[0], {})
        if node.pop(path[-1], None) is None:
            continue
        body = read_body(kind, to_json(changed))
        if isinstance(body, Invalid) and not _addressed(kind, body):
            return changed
    raise ValueError(f"{kind.short}: no single field makes the key")


def _applications() -> Iterator[tuple[str, Any, str]]:
    """Applications that are sound as messages and that eligibility refuses: reason, body, field."""

    def app(**changes: Any) -> Any:
        return m.submitted(f.SPONSOR, f.MOTHER, relation=changes.pop("relation", Relation.PARENT), **changes)

    def of_relative(**changes: Any) -> Any:
        return app(beneficiary=f.MOTHER.as_beneficiary(**changes))

    good = certno(f.MOTHER.brdy, sex="2", serial=2)
    yield "certificate-length", of_relative(certno=good[:-1]), "beneficiary.certno"
    yield "certificate-check-digit", of_relative(certno=_next_digit(good)), "beneficiary.certno"
    yield "certificate-date", of_relative(certno=_impossible_date()), "beneficiary.certno"
    yield "same-person", app(beneficiary=f.SPONSOR.as_beneficiary()), "beneficiary.certno"
    yield "in-law-not-allowed", app(relation=Relation.PARENT_IN_LAW), "relation"
    yield "commitment-missing", app(commitment=None), "commitment"
    outdated = commitment(f.AT, version="0")
    yield "commitment-outdated", app(commitment=outdated), "commitment"
    yield from _face_checks(app)
    bare = app(channel=ChannelKind.COUNTER, counter=None)
    yield "counter-proof-missing", bare, "counter"
    halfway = counter(originals_seen=False)
    yield "counter-incomplete", app(channel=ChannelKind.COUNTER, counter=halfway), "counter"


def _face_checks(app: Callable[..., Any]) -> Iterator[tuple[str, Any, str]]:
    yield "face-check-missing", app(face_check=None), "face_check"
    sound = face_check(f.SPONSOR, f.AT - timedelta(minutes=1))
    altered = sound.model_copy(update={"transaction_no": "T0000000000000000000"})
    yield "face-check-signature", app(face_check=altered), "face_check.signature"
    unknown = sound.model_copy(update={"provider": "face-none"})
    yield "face-check-provider", app(face_check=unknown), "face_check.provider"
    yield "face-check-subject", app(face_check=face_check(f.SISTER, f.AT)), "face_check.subject_sha256"
    old = face_check(f.SPONSOR, f.AT - timedelta(hours=5))
    yield "face-check-stale", app(face_check=old), "face_check.checked_at"


def _next_digit(number: str) -> str:
    """The number with another check digit."""
    last = "0123456789X".index(number[-1])
    return number[:-1] + "0123456789X"[(last + 1) % 11]


def _impossible_date() -> str:
    body = "33019919440230" + "004"
    return body + str(mod_11_2.calc_check_digit(body))


def _bills() -> Iterator[tuple[str, Event, str]]:
    """Bills that are sound as messages and that settlement declines: reason, changed fields, field."""
    yield "parts-do-not-add-up", {"inscp_scp_amt": "89.99"}, "medfee_sumamt"
    yield "fund-above-total", {"fund_pay_sumamt": "120.01"}, "fund_pay_sumamt"
    later = (f.AT + timedelta(days=2)).isoformat()
    yield "bill-in-future", {"bill_at": later}, "bill_at"
    yield "credential-not-patient", {"mdtrt_cert_no": f.SON.certno}, "mdtrt_cert_no"
