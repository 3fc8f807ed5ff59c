"""Messages by type, and the form in which they travel: `to_kafka` gives what any producer needs."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from shared.clock import BEIJING
from shared.contracts import account_credits, registry, settlement_requests
from shared.contracts import beneficiary_requests as of_beneficiary
from shared.contracts import binding_requests as of_sponsor
from shared.contracts import envelope as ce
from shared.contracts.account_credits import Credited
from shared.contracts.base import Message, Origin
from shared.contracts.binding_requests import ChannelKind, Relation, Submitted
from shared.contracts.relations import OPPOSITE
from shared.contracts.topics import TYPES, answers_topic
from shared.testing.identities import MadeUp
from shared.testing.proofs import commitment, counter, face_check

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=BEIJING)
"""The moment at which demo and tests begin."""


class KafkaMessage(NamedTuple):
    """A record as a producer gives it to Kafka."""

    topic: str
    key: bytes
    headers: list[tuple[str, bytes]]
    value: bytes


def uid(number: int, at: datetime = MONDAY) -> UUID:
    """A UUIDv7 made of a time and a number: the same in every run."""
    milliseconds = int(at.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 0x7000 << 64 | 0x8000_0000_0000_0000 | number)


def to_kafka(
    short_type: str,
    body: Message | Mapping[str, Any],
    source: str,
    id: str,
    time: datetime = MONDAY,
    *,
    key: str | None = None,
    subject: str | None = None,
    to: Origin | None = None,
    trace: str | None = None,
) -> KafkaMessage:
    """`body` as a record of CloudEvents' binary Kafka binding. `to` is whom an answer is for.

    A plain mapping goes out as it is (for bad input); its key and subject are then those given.
    """
    spec = TYPES[short_type]
    if isinstance(body, Message):
        value = body.model_dump_json(exclude_none=True).encode()
        key = spec.key_of(body) if key is None else key
        subject = spec.subject_of(body) if subject is None else subject
    else:
        value = json.dumps(body, ensure_ascii=False).encode()
    pairs = {
        ce.CE_ID: id,
        ce.CE_SOURCE: source,
        ce.CE_TYPE: spec.full,
        ce.CE_TIME: time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        ce.CE_SPECVERSION: ce.SPEC_VERSION,
        ce.CE_SUBJECT: subject,
        "content-type": ce.CONTENT_TYPE,
        ce.TRACEPARENT: trace,
        ce.REQUEST_SOURCE: to.source if to else None,
        ce.REQUEST_ID: to.id if to else None,
    }
    topic = answers_topic(to.source) if to else spec.topic
    headers = [(name, text.encode()) for name, text in pairs.items() if text is not None]
    return KafkaMessage(topic, (key or "").encode(), headers, value)


def submitted(
    sponsor: MadeUp,
    beneficiary: MadeUp,
    /,
    *,
    relation: Relation | str = Relation.PARENT,
    at: datetime = MONDAY,
    number: int = 1,
    channel: ChannelKind | str = ChannelKind.APP,
    provider: str = "face-one",
    **changes: Any,
) -> Submitted:
    """A complete application: commitment signed, face check passed (or a clerk's word at a counter). `changes` replace fields."""
    kind = ChannelKind(channel)
    fields: dict[str, Any] = {
        "binding_id": uid(number, at),
        "admdvs": sponsor.admdvs,
        "channel": kind,
        "sponsor": sponsor.as_sponsor(),
        "beneficiary": beneficiary.as_beneficiary(),
        "relation": Relation(relation),
        "commitment": commitment(at - timedelta(minutes=1)),
    }
    if kind.in_person:
        fields["counter"] = counter(beneficiary_present=True)
    elif "face_check" not in changes:
        fields["face_check"] = face_check(sponsor, at - timedelta(minutes=1), provider=provider)
    return Submitted(**(fields | changes))


def consented(
    beneficiary: MadeUp, binding_id: UUID | None = None, *, at: datetime = MONDAY, **changes: Any
) -> of_beneficiary.Consented:
    """The beneficiary consents in an app, with a face check of his or her own."""
    fields: dict[str, Any] = {
        "beneficiary_psn_no": beneficiary.psn_no,
        "binding_id": binding_id,
        "channel": ChannelKind.APP,
    }
    if "face_check" not in changes:
        fields["face_check"] = face_check(beneficiary, at)
    return of_beneficiary.Consented(**(fields | changes))


def unbind_requested(
    sponsor: MadeUp, binding_id: UUID, *, at: datetime = MONDAY, **changes: Any
) -> of_sponsor.UnbindRequested:
    """The sponsor ends a binding in an app."""
    fields: dict[str, Any] = {
        "binding_id": binding_id,
        "sponsor_psn_no": sponsor.psn_no,
        "channel": ChannelKind.APP,
        "face_check": face_check(sponsor, at),
    }
    return of_sponsor.UnbindRequested(**(fields | changes))


def msgid(fixmedins_code: str = "H33010000001", number: int = 1, at: datetime = MONDAY) -> str:
    """`msgid` of the national interface: institution, time, four digits."""
    return f"{fixmedins_code}{at.astimezone(BEIJING):%Y%m%d%H%M%S}{number:04d}"


def bill(
    patient: MadeUp, total: int, *, number: int = 1, at: datetime = MONDAY, fund: int = 0, **changes: Any
) -> dict[str, Any]:
    """Fields of a bill of `total` fen of which the fund pays `fund`; the rest is the person's share.

    `inscp_scp_amt` is what the other parts leave, so that the parts add up."""
    institution = changes.get("fixmedins_code", "H33010000001")
    return {
        "msgid": msgid(institution, number, at),
        "fixmedins_code": institution,
        "psn_no": patient.psn_no,
        "infno": "2207",
        "mdtrt_id": f"M{number:012d}",
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": patient.certno,
        "med_type": "11",
        "insuplc_admdvs": patient.admdvs,
        "bill_at": at - timedelta(minutes=5),
        "medfee_sumamt": total,
        "fund_pay_sumamt": fund,
        "inscp_scp_amt": total - sum(changes.get(part, 0) for part in _OUT_OF_SCOPE),
    } | changes


_OUT_OF_SCOPE = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "hosp_part_amt")


def settle(patient: MadeUp, total: int, **options: Any) -> settlement_requests.Settle:
    """An outpatient bill to book; see `bill` for the options."""
    return settlement_requests.Settle(**bill(patient, total, **options))


def quote(patient: MadeUp, total: int, **options: Any) -> settlement_requests.Quote:
    """The same bill to be quoted only."""
    return settlement_requests.Quote(**bill(patient, total, **({"infno": "2206"} | options)))


def credited(
    holder: MadeUp, amount: int, *, number: int = 1, at: datetime = MONDAY, **changes: Any
) -> Credited:
    """`amount` fen arrive on the holder's account."""
    fields = {
        "psn_no": holder.psn_no,
        "entry_id": f"C{holder.psn_no}-{number}",
        "at": at,
        "admdvs": holder.admdvs,
        "amount": amount,
    }
    return account_credits.Credited(**(fields | changes))


def related(
    one: MadeUp, other: MadeUp, other_is: Relation | str, version: int = 1, **changes: Any
) -> registry.RelationRecorded:
    """A record of `registry.relations`: `other` is the `other_is` of `one`. Turned round where the order of keys wants it."""
    relation = Relation(other_is)
    if one.psn_no > other.psn_no:
        one, other, relation = other, one, opposite(relation)
    fields = {
        "psn_no": one.psn_no,
        "other_psn_no": other.psn_no,
        "other_is": relation,
        "version": version,
    } | changes
    return registry.RelationRecorded(**fields)


def opposite(relation: Relation) -> Relation:
    """What one is to the other if the other is `relation` of the one."""
    return OPPOSITE[relation]


def institution(code: str = "H33010000001", **changes: Any) -> registry.InstitutionRecorded:
    """A designated institution; `P...` codes are pharmacies."""
    fields = {
        "fixmedins_code": code,
        "fixmedins_name": "示例医院" if code.startswith("H") else "示例药店",
        "kind": "hospital" if code.startswith("H") else "pharmacy",
        "admdvs": code[1:7],
        "version": 1,
    } | changes
    return registry.InstitutionRecorded(**fields)
