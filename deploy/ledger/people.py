"""Who and what a case of the ledger names: people with their accounts, institutions, bindings; and the registry's words about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from deploy.policy import fields, words
from shared.contracts.registry import InstitutionKind
from shared.testing.identities import certno

HOSPITAL, PHARMACY = "医院", "药店"
"""Institutions that every case has; `IN_ENGLISH` are other names of theirs."""
IN_ENGLISH = {"hospital": HOSPITAL, "pharmacy": PHARMACY}
SEGMENTS = {"current": "current", "historic": "historic", "当年": "current", "历年": "historic"}
_BORN = date(1990, 3, 7)
_FILING: dict[str, fields.Parser] = {"region": fields.region, "first_day": fields.day, "last_day": fields.day}
REGISTERED: dict[str, fields.Parser] = {
    "insurance": words.insurance,
    "status": fields.one_of(words.STATUS),
    "region": fields.region,
    "died": fields.day,
    "filings": fields.anything,
}
"""What the registry says of a person."""
PERSON = REGISTERED | {
    "current": words.money, "historic": words.money, "account_region": fields.region, "registered": fields.flag,
}  # fmt: skip
INSTITUTION: dict[str, fields.Parser] = {
    "kind": fields.one_of({k.value: k.value for k in InstitutionKind}),
    "region": fields.region,
    "system": fields.text,
    "designated": fields.flag,
    "suspended_from": fields.moment,
    "suspended_to": fields.moment,
    "registered": fields.flag,
}
TERMS: dict[str, fields.Parser] = {
    "uses": fields.several(words.use), "quota": words.money, "earmark": words.money, "first_day": fields.day,
    "last_day": fields.day, "order": fields.number,
}  # fmt: skip
"""What a sponsor allows; keys of `bind` and `change`."""
BINDING = TERMS | {
    "as": words.relation,
    "mode": fields.one_of({m: m for m in ("authorisation", "earmark", "transfer")}),
}


@dataclass
class Person:
    """One person. `facts` are the keys of `PERSON` that the case gives."""

    name: str
    number: int
    region: str
    facts: dict[str, Any]
    version: int = 0

    @property
    def psn_no(self) -> str:
        return f"P{self.number:06d}"

    @property
    def certno(self) -> str:
        return certno(_BORN, area="110101", serial=self.number)

    @property
    def has_account(self) -> bool:
        return "current" in self.facts or "historic" in self.facts

    def record(self) -> dict[str, Any]:
        """The next version of the registry's record."""
        self.version += 1
        facts = self.facts
        kind = facts.get("insurance", "310" if self.has_account else "390")
        row = {"insutype": kind, "psn_insu_stas": facts.get("status", "1"), "insuplc_admdvs": facts.get("region", self.region)}  # fmt: skip
        filings = [
            {"mdtrtarea_admdvs": f["region"], "begndate": f["first_day"], "enddate": f.get("last_day")}
            for f in facts.get("filings", ())
        ]
        return {
            "psn_no": self.psn_no, "version": self.version, "psn_cert_type": "01", "certno": self.certno, "psn_name": "某人",
            "gend": "2", "brdy": _BORN, "surv_stas": "2" if "died" in facts else "1", "death_date": facts.get("died"),
            "insurances": [row] if kind else [], "filings": filings,
        }  # fmt: skip


@dataclass
class Institution:
    """One institution. `facts` are the keys of `INSTITUTION` that the case gives."""

    name: str
    number: int
    region: str
    facts: dict[str, Any]
    version: int = 0

    @property
    def kind(self) -> str:
        return str(self.facts.get("kind", "hospital"))

    @property
    def code(self) -> str:
        return f"{'P' if self.kind == 'pharmacy' else 'H'}{self.facts.get('region', self.region)}{self.number:05d}"

    @property
    def system(self) -> str:
        return str(self.facts.get("system", "his"))

    def record(self) -> dict[str, Any]:
        """The next version of the registry's record."""
        self.version += 1
        facts = self.facts
        return {
            "fixmedins_code": self.code, "fixmedins_name": self.name, "kind": self.kind, "version": self.version,
            "admdvs": facts.get("region", self.region), "designated": facts.get("designated", True),
            "suspended_from": facts.get("suspended_from"), "suspended_to": facts.get("suspended_to"),
        }  # fmt: skip


@dataclass(frozen=True)
class Bound:
    """A binding that was approved before the case begins; `values` are keys of `BINDING`."""

    sponsor: str
    beneficiary: str
    since: datetime | None
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Facts:
    """Everything that is so before the first step."""

    region: str
    at: datetime
    people: dict[str, Person] = field(default_factory=dict)
    institutions: dict[str, Institution] = field(default_factory=dict)
    bound: tuple[Bound, ...] = ()


def filings(found: dict[str, Any], where: str) -> dict[str, Any]:
    """The same values with their filings read, too. Raises `CaseError`."""
    if "filings" in found:
        found["filings"] = [
            fields.read(f, _FILING, f"{where}: filings", need=("region", "first_day"))
            for f in found["filings"]
        ]
    return found


def named(people: Mapping[str, Any]) -> fields.Parser:
    """One of these by name."""

    def parse(value: Any) -> str:
        if isinstance(value, str) and value in people:
            return value
        raise ValueError(f"本案例中的 one of this case: {', '.join(people)}")

    return parse


def place_of(institutions: Mapping[str, Any]) -> fields.Parser:
    """One of these institutions by name; of those that every case has, by the English name too."""
    place = named(institutions)

    def parse(value: Any) -> str:
        other = isinstance(value, str) and value not in institutions and IN_ENGLISH.get(value)
        return str(place(other or value))

    return parse


def facts_of(found: Mapping[str, Any], where: str) -> Facts:
    """Facts from the keys region, date, people, institutions and bindings of a case. Raises `CaseError`."""
    region, at = found["region"], found["date"]
    people = {
        name: Person(name, n, region, filings(fields.read(said or {}, PERSON, f"{where}: people.{name}"), f"{where}: people.{name}"))
        for n, (name, said) in enumerate(_named(found, "people", where).items(), start=1)
    }  # fmt: skip
    usual: dict[str, Any] = {HOSPITAL: {"kind": "hospital"}, PHARMACY: {"kind": "pharmacy"}}
    listed = usual | {n: usual.get(n, {}) | dict(s or {}) for n, s in _named(found, "institutions", where).items()}  # fmt: skip
    institutions = {
        name: Institution(
            name, n, region, fields.read(said, INSTITUTION, f"{where}: institutions.{name}")
        )
        for n, (name, said) in enumerate(listed.items(), start=1)
    }  # fmt: skip
    rows = found.get("bindings") or []
    if not isinstance(rows, list):
        raise fields.CaseError(f"{where}: bindings: {fields.shown(rows)}: expected a list of bindings")
    return Facts(region, at, people, institutions, tuple(_bound(b, people, f"{where}: bindings") for b in rows))  # fmt: skip


def _named(found: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    listed = found.get(key) or {}
    if not isinstance(listed, Mapping):
        raise fields.CaseError(
            f"{where}: {key}: {fields.shown(listed)}: expected names with what is known of each"
        )
    return {str(name): said for name, said in listed.items()}


def _bound(tree: Any, people: Mapping[str, Person], where: str) -> Bound:
    who = named(people)
    known = {"sponsor": who, "for": who, "since": fields.moment} | BINDING
    values = fields.read(tree, known, where, need=("sponsor", "for"))
    return Bound(values.pop("sponsor"), values.pop("for"), values.pop("since", None), values)
