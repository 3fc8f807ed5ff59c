"""An inquiry with everything in order, from which a test takes one thing away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.eligibility.domain.binding import Binding, Stage
from services.eligibility.domain.days import day_of
from services.eligibility.domain.inquiry import Family, Inquiry, Tie
from services.eligibility.domain.person import Person, person_key
from services.eligibility.domain.screening import Finding, screen
from shared.contracts.base import Origin
from shared.contracts.binding_requests import Relation
from shared.policies.values import RegionPolicy
from shared.testing.identities import MadeUp, adult, child
from shared.testing.messages import MONDAY, related, submitted
from tests.unit.eligibility.demo import demo_policies, provider_keys

SPONSOR, CHILD = adult(1), child(2)
BOUND = Binding(
    binding_id=submitted(SPONSOR, CHILD).binding_id,
    stage=Stage.BOUND,
    request=submitted(SPONSOR, CHILD, relation="child"),
    origin=Origin(source="zheliban", id="m1"),
    at=MONDAY,
    admdvs=SPONSOR.admdvs,
    bound_at=MONDAY,
)


def person(who: MadeUp, **facts: Any) -> Person:
    """A person with one registry record."""
    return Person(person_key(who.certificate()), (who.recorded(),), **facts)


def policy(region: str = "330100", at: datetime = MONDAY, **binding: Any) -> RegionPolicy:
    """The demo's policy, with some values of its binding section replaced."""
    found = demo_policies().at(region, at)
    return replace(found, binding=replace(found.binding, **binding))


def tie(sponsor: MadeUp, beneficiary: MadeUp, relation: str = "child") -> Tie:
    """An edge of the family graph."""
    ends = person_key(sponsor.certificate()), person_key(beneficiary.certificate())
    return Tie(*ends, Relation(relation), beneficiary.gend)


def inquiry(
    sponsor: MadeUp = SPONSOR,
    beneficiary: MadeUp = CHILD,
    /,
    *,
    relation: str = "child",
    region: str = "330100",
    at: datetime = MONDAY,
    ties: Iterable[Tie] = (),
    request: dict[str, Any] | None = None,
    **facts: Any,
) -> Inquiry:
    """A request that passes: proven by the registry, letter signed, face checked. `facts` replace fields of the inquiry."""
    fields: dict[str, Any] = {
        "request": submitted(sponsor, beneficiary, relation=relation, at=at, **(request or {})),
        "at": at,
        "day": day_of(at),
        "region": region,
        "policy": policy(region, at),
        "sponsor": person(sponsor),
        "beneficiary": person(beneficiary),
        "relation": related(sponsor, beneficiary, relation),
        "family": Family(tuple(ties)),
        "keys": provider_keys(),
    } | facts
    fields.setdefault("letter", fields["policy"].binding.commitment)
    fields.setdefault("materials", fields["request"].materials)
    return Inquiry(**fields)


def with_side(q: Inquiry, side: str, who: Person) -> Inquiry:
    """The inquiry with another person as "sponsor" or "beneficiary"."""
    changes: Any = {side: who}
    return replace(q, **changes)


def codes(q: Inquiry) -> list[str]:
    """Codes of all reasons."""
    return [r.code for r in found(q).reasons]


def found(q: Inquiry) -> Finding:
    """The finding of a first round."""
    return screen(q)
