"""A settlement service without servers: messages go in, results, answers and balances come out. Policies are the real ones."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from services.settlement.app import may_bill
from services.settlement.domain.book import Book, Regions
from services.settlement.handlers import SettlementHandler
from shared import policies
from shared.contracts.base import fen
from shared.contracts.topics import TYPES
from shared.ids import SystemIds
from shared.messaging.collector import Collector
from shared.messaging.handler import Event, FieldError, Invalid
from shared.messaging.registry import default

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Beijing
HOSPITAL, PHARMACY = "H33010000001", "P33010000011"
CERTS = {"child": "110101199003078030", "mother": "110101199003078110", "father": "110101199003078276"}
HEADS: dict[str, str] = {}


@functools.cache
def regions() -> Regions:
    """The committed policies."""
    return Regions(policies.load(), may_bill)


def body_of(type: str, body: dict[str, Any]) -> Any:
    """The validated body, or `Invalid` as the core makes it."""
    try:
        return TYPES[type].model.model_validate_json(to_json(body))
    except ValidationError as error:
        return Invalid(
            tuple(FieldError(".".join(map(str, e["loc"])), e["msg"], "") for e in error.errors()), body
        )


def event(
    type: str, body: dict[str, Any], *, id: str, source: str, at: datetime = NOW, believed: bool = True,
    appended: datetime | None = None,
) -> Event:  # fmt: skip
    """A claimed record; appended at its event time unless `appended` says when."""
    read = body_of(type, body)
    spec = TYPES[type]
    key = str(body.get("psn_no", "")) if isinstance(read, Invalid) else spec.key_of(read)
    return Event(
        spec.topic, 0, 0, key.encode(), source, id, type, str(body.get("msgid")), at, appended or at, believed,
        None, read,
    )  # fmt: skip


@dataclass
class Said:
    """One record that settlement would publish."""

    topic: str
    type: str
    body: dict[str, Any]
    headers: dict[str, str]


@dataclass
class World:
    """A service in memory: one book that is never saved."""

    book: Book = field(default_factory=lambda: Book(regions()))
    handler: SettlementHandler = field(default_factory=lambda: SettlementHandler(regions()))
    now: datetime = NOW
    n: int = 0

    def send(
        self,
        type: str,
        body: dict[str, Any],
        *,
        source: str = "authority",
        at: datetime | None = None,
        believed: bool = True,
        appended: datetime | None = None,
    ) -> list[Said]:
        """Decides one message; what is said about it."""
        self.n += 1
        out = Collector("settlement", default(), SystemIds(), HEADS)
        at = at or self.now
        one = event(type, body, id=f"m{self.n}", source=source, at=at, believed=believed, appended=appended)
        out.begin(one)
        self.handler.decide(self.book, one, out)
        return [said(record) for record in out.outgoing]

    def bill(
        self, total: str, *, kind: str = "settle", source: str = "his-first", **changes: Any
    ) -> dict[str, Any]:
        """Sends a bill of the child; the answer's body."""
        at = changes.pop("at", None)
        answers = self.send(
            f"settlement.requests.{kind}", self.request(total, **changes), source=source, at=at
        )
        return answers[-1].body

    def request(self, total: str, **changes: Any) -> dict[str, Any]:
        """A bill that is in scope in whole."""
        self.n += 1
        code = changes.get("fixmedins_code", HOSPITAL)
        made = {
            "msgid": f"{code}20261123100000{self.n:04d}", "fixmedins_code": code, "psn_no": "child", "infno": "2207",
            "mdtrt_id": "V1", "mdtrt_cert_type": "02", "mdtrt_cert_no": CERTS["child"], "med_type": "11",
            "insuplc_admdvs": "330100", "bill_at": self.now, "medfee_sumamt": total, "inscp_scp_amt": total,
        }  # fmt: skip
        return made | changes

    def back(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Sends a cancel, reverse, refund or query; the answer's body."""
        self.n += 1
        infno = {"cancel": "2208", "reverse": "2601"}.get(kind)
        body = {
            "msgid": f"{HOSPITAL}20261123110000{self.n:04d}",
            "fixmedins_code": HOSPITAL,
            "psn_no": "child",
        }
        body |= ({"infno": infno} if infno else {}) | fields
        return self.send(f"settlement.requests.{kind}", body, source="his-first")[-1].body

    def credit(
        self, psn_no: str, amount: str, segment: str = "historic", kind: str = "credited", **more: Any
    ) -> list[Said]:
        """Money from the authority."""
        self.n += 1
        body = {
            "psn_no": psn_no,
            "entry_id": f"E{self.n}",
            "at": self.now,
            "admdvs": "330100",
            "amount": amount,
            "segment": segment,
        }
        return self.send(f"account.credits.{kind}", body | more)

    def balance(self, psn_no: str) -> int:
        """Fen on a person's account."""
        return self.book.account(psn_no).balance


def said(record: Any) -> Said:
    """A published record, checked against its model."""
    headers = {k: v.decode() for k, v in record.pairs() if v is not None}
    short = headers["ce_type"].removeprefix("gongji.").removesuffix(".v1")
    TYPES[short].model.model_validate_json(record.value)
    return Said(record.topic, short, from_json(record.value), headers)


def person(
    psn_no: str, *, region: str = "330100", insutype: str = "310", status: str = "1", version: int = 1
) -> dict[str, Any]:
    """A registry record."""
    certno = CERTS.get(psn_no, f"P{psn_no}")
    return {
        "psn_no": psn_no, "version": version, "psn_cert_type": "01" if psn_no in CERTS else "99", "certno": certno, "psn_name": "某人",
        "gend": "1", "brdy": "1990-03-07",
        "insurances": [{"insutype": insutype, "psn_insu_stas": status, "insuplc_admdvs": region}],
    }  # fmt: skip


def institution(code: str, kind: str = "hospital", **more: Any) -> dict[str, Any]:
    """A registry record."""
    made = {"fixmedins_code": code, "fixmedins_name": "机构", "kind": kind, "admdvs": "330100", "version": 1}
    return made | more


def decision(
    binding_id: UUID, sponsor: str, beneficiary: str = "child", *, version: int = 1, state: str = "approved", quota: str | None = None,
    scope: tuple[str, ...] = ("outpatient", "pharmacy"), order: int | None = None, since: datetime = NOW - timedelta(days=30),
    end: datetime | None = None, suspended: tuple[dict[str, Any], ...] = (), region: str = "330100",
) -> dict[str, Any]:  # fmt: skip
    """The whole state of a binding."""
    terms = {"scope": scope, "quota": quota}
    return {
        "binding_id": str(binding_id), "version": version, "state": state, "at": since, "origin": {"source": "zheliban", "id": "x"},
        "round": 1, "effective": [{"begin": since, "end": end}], "suspended": suspended,
        "terms": [{"since": since, "terms": terms, "order": order}], "policy_version": "p",
        "case": {
            "admdvs": region, "channel": "app", "sponsor": {"psn_no": sponsor, "insuplc_admdvs": region},
            "beneficiary": {"psn_no": beneficiary, "insuplc_admdvs": region}, "relation": "child", "terms": terms, "requested_at": since,
        },
    }  # fmt: skip


def binding_id(n: int) -> UUID:
    """A fixed UUIDv7."""
    return UUID(int=(7 << 76) | (2 << 62) | n)


def family(region: str = "330100", **terms: Any) -> World:
    """A child with two sponsors: own account 10.00, mother 20.00, father 30.00 (historic); bindings 1 and 2."""
    world = World()
    for name in CERTS:
        world.send("registry.persons.recorded", person(name, region=region))
    world.send("registry.institutions.recorded", institution(HOSPITAL))
    world.send("registry.institutions.recorded", institution(PHARMACY, "pharmacy"))
    for name, amount in (("child", "10.00"), ("mother", "20.00"), ("father", "30.00")):
        world.credit(name, amount, admdvs=region)
    for n, name in enumerate(("mother", "father"), 1):
        since = NOW - timedelta(days=30 - n)
        world.send(
            "binding.decisions.approved",
            decision(binding_id(n), name, since=since, region=region, order=n, **terms),
            source="gongji-audit",
        )
    return world


def money(text: str | None) -> int:
    """Fen of an amount on the wire."""
    return fen(text)
