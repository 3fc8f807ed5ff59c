"""The facts of a case: people with what the registry says of them, recorded relations, bindings that stand already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from deploy.policy import fields, words
from shared.contracts.identity import CertType
from shared.contracts.registry import Insurance, InsuranceStatus, PersonRecorded
from shared.contracts.relations import Relation
from shared.testing.identities import MadeUp, certno

_INSURED = {
    "insurance": words.insurance,
    "place": fields.region,
    "status": fields.one_of(words.STATUS),
    "arrears": fields.flag,
    "balance": words.money,
    "balance_date": fields.day,
    "category": fields.text,
}
PERSON: dict[str, fields.Parser] = _INSURED | {
    "is": words.kin,
    "born": fields.day,
    "sex": fields.one_of(words.SEX),
    "registered": fields.flag,
    "registered_born": fields.day,
    "registered_sex": fields.one_of(words.SEX),
    "registered_certificate": fields.one_of({"15位": "old", "15 digits": "old"}),
    "deceased": fields.flag,
    "credential": fields.one_of({"已激活": True, "未激活": False, "未报告": None}),
    "certificate": fields.text,
    "certificate_type": fields.text,
    "frozen": fields.flag,
    "closed": fields.flag,
    "account_opened": fields.flag,
    "recorded_as": fields.anything,
    "kin_account": fields.flag,
    "also": fields.several(partial(fields.read, known=_INSURED, where="also")),
    "second_number": partial(fields.read, known=_INSURED, where="second_number"),
}
"""What may be said of a person."""
NOT_RECORDED = ("无", "none")
ENDED = ("已终止", "ended")
_RANGE = re.compile(r"(.*?)([0-9]+)\.\.([0-9]+)")


@dataclass(frozen=True)
class Person:
    """One person of a case. `facts` are the values that the case gives; what it does not give is ordinary."""

    name: str
    number: int
    region: str
    today: date
    facts: Mapping[str, Any] = field(default_factory=dict)

    def but(self, **facts: Any) -> Person:
        """The same person of whom the registry now says something else."""
        return replace(self, facts={**self.facts, **facts})

    @property
    def relation(self) -> Relation | None:
        """What the person is to the sponsor; `None` for the sponsor and for strangers."""
        found = self._kin
        return found.relation if found else None

    @property
    def _kin(self) -> words.Kin | None:
        return self.facts.get("is") or words.KIN.get(self.name.rstrip("0123456789"))

    @property
    def registered(self) -> bool:
        return bool(self.facts.get("registered", True))

    @property
    def place(self) -> str:
        return str(self.facts.get("place", self.region))

    def made_up(self) -> MadeUp:
        """The person with certificate and person number, the same in every run."""
        kin = self._kin
        usual = words.BORN[kin.relation] if kin else words.BORN_SELF
        born = self.facts.get("born", usual)
        sex = self.facts.get("sex") or (kin.sex if kin else None) or ("1" if self.number % 2 else "2")
        made = certno(born, sex=sex, area=f"{self.region[:4]}99", serial=self.number)
        return MadeUp(
            psn_no=f"{self.region[:4]}{self.number:014d}",
            certno=self.facts.get("certificate", made),
            psn_cert_type=CertType(self.facts.get("certificate_type", CertType.RESIDENT)),
            psn_name=self.name,
            gend=self.facts.get("registered_sex", sex),
            brdy=self.facts.get("registered_born", born),
            tel=f"138{self.number:08d}",
            surv_stas="2" if self.facts.get("deceased") else "1",
            insurances=tuple(self._rows()),
        )

    def records(self, version: int = 1) -> list[PersonRecorded]:
        """What the registry says of the person: one record a person number; none for who is not registered."""
        if not self.registered:
            return []
        who = self.made_up()
        shown = {"e_credential": self.facts.get("credential", True)}
        if "registered_certificate" in self.facts:
            shown["certno"] = who.certno[:6] + who.certno[8:17]
        found = [who.recorded(version=version, **shown)]
        if (other := self.facts.get("second_number")) is not None:
            rows = (self._row(other),)
            second = {"psn_no": f"9{who.psn_no[1:]}", "insurances": rows}
            found.append(who.recorded(version=version, **(shown | second)))
        return found

    def _rows(self) -> Iterable[Insurance]:
        for facts in (self.facts, *self.facts.get("also", ())):
            if facts.get("insurance") != "":
                yield self._row(facts)

    def _row(self, facts: Mapping[str, Any]) -> Insurance:
        kind = facts.get("insurance", "390" if self._kin else "310")
        own: dict[str, Any] = {}
        if kind == "310" or "balance" in facts:
            own = {
                "balc": facts.get("balance", 300_000),
                "balc_date": facts.get("balance_date", self.today.replace(day=1) - timedelta(days=1)),
            }
        return Insurance(
            insutype=kind,
            psn_insu_stas=facts.get("status", InsuranceStatus.NORMAL),
            insuplc_admdvs=facts.get("place", self.region),
            psn_type=facts.get("category"),
            arrears=facts.get("arrears", False),
            **own,
        )


@dataclass(frozen=True)
class Kinship:
    """One record of the registry of relations: `other` is the `relation` of `one`."""

    one: str
    other: str
    relation: Relation
    ended: bool = False
    proven: bool = True
    kin_account: bool = False


@dataclass(frozen=True)
class Standing:
    """A binding that was approved before the case begins, and perhaps ended."""

    sponsor: str
    beneficiary: str
    relation: Relation
    since: datetime
    ended: datetime | None = None
    by: str = "sponsor"


@dataclass(frozen=True)
class Facts:
    """Everything that is so before the first step."""

    region: str
    at: datetime
    people: Mapping[str, Person]
    relations: tuple[Kinship, ...]
    bound: tuple[Standing, ...]


def person_facts(tree: Any, where: str) -> dict[str, Any]:
    """What a case says of one person; also what a `registry` step says of him or her from then on."""
    return fields.read(tree or {}, PERSON, where)


def facts_of(tree: Mapping[str, Any], where: str) -> Facts:
    """Facts from the keys region, date, people, relations and bound of a case. Raises `CaseError`."""
    region = fields.parsed(tree["region"], fields.region, f"{where}: region")
    at: datetime = fields.parsed(tree["date"], fields.moment, f"{where}: date")
    listed = tree.get("people") or {}
    if not isinstance(listed, Mapping):
        raise fields.CaseError(
            f"{where}: people: {fields.shown(listed)}: expected names with what is known of each"
        )
    people: dict[str, Person] = {}
    everybody = {one: said for name, said in ({words.SELF: {}} | dict(listed)).items() for one in _each(name)}
    for number, (name, said) in enumerate(everybody.items(), start=1):
        facts = person_facts(said, f"{where}: people.{name}")
        people[str(name)] = Person(str(name), number, region, at.date(), facts)
    relations = [k for p in people.values() if (k := _recorded(p, where))]
    relations += [_relation(r, people, f"{where}: relations") for r in tree.get("relations") or ()]
    bound = [
        _standing(b, people, at, f"{where}: bound") for one in tree.get("bound") or () for b in _each(one)
    ]
    return Facts(region, at, people, tuple(relations), tuple(bound))


def _each(name: Any) -> list[Any]:
    """儿子1..3 is three people: 儿子1, 儿子2, 儿子3."""
    if isinstance(name, Mapping) and "for" in name:
        return [{**name, "for": one} for one in _each(name["for"])]
    found = _RANGE.fullmatch(name) if isinstance(name, str) else None
    if found is None:
        return [name]
    return [f"{found[1]}{n}" for n in range(int(found[2]), int(found[3]) + 1)]


def who(people: Mapping[str, Person]) -> fields.Parser:
    """A person of the case by name."""

    def parse(value: Any) -> str:
        if value in people:
            return str(value)
        raise ValueError(f"somebody of this case: {', '.join(people)}")

    return parse


def _recorded(person: Person, where: str) -> Kinship | None:
    """What the registry says that the person is to the sponsor: what he or she is, unless the case says otherwise."""
    said = person.facts.get("recorded_as")
    kin_account = bool(person.facts.get("kin_account", False))
    relation = person.relation
    if relation is None or person.name == words.SELF:
        return None
    if said in NOT_RECORDED:
        return (
            Kinship(words.SELF, person.name, relation, proven=False, kin_account=True)
            if kin_account
            else None
        )
    if said is not None and said not in ENDED:
        relation = fields.parsed(said, words.relation, f"{where}: people.{person.name}: recorded_as")
    return Kinship(words.SELF, person.name, relation, ended=said in ENDED, kin_account=kin_account)


def _relation(tree: Any, people: Mapping[str, Person], where: str) -> Kinship:
    known = {"of": who(people), "who": who(people), "is": words.relation, "ended": fields.flag,
             "proven": fields.flag, "kin_account": fields.flag}  # fmt: skip
    found = fields.read(tree, known, where, need=("of", "who", "is"))
    one, other, relation = found.pop("of"), found.pop("who"), found.pop("is")
    return Kinship(one, other, relation, **found)


def _standing(tree: Any, people: Mapping[str, Person], at: datetime, where: str) -> Standing:
    known = {"sponsor": who(people), "for": who(people), "as": words.relation, "since": fields.moment,
             "ended": fields.moment, "by": fields.one_of({"sponsor": "sponsor", "beneficiary": "beneficiary"})}  # fmt: skip
    found = fields.read({"for": tree} if isinstance(tree, str) else tree, known, where, need=("for",))
    relation = found.get("as") or people[found["for"]].relation
    if relation is None:
        raise fields.CaseError(f"{where}: {found['for']}: expected `as`, what he or she is to the sponsor")
    since = found.get("since", at - timedelta(days=30))
    sponsor = found.get("sponsor", words.SELF)
    return Standing(sponsor, found["for"], relation, since, found.get("ended"), found.get("by", "sponsor"))
