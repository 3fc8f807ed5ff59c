"""The family graph: not bound already, caps of either side, one father, one mother, one spouse, who may sponsor."""

from __future__ import annotations

from collections.abc import Iterator

from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.person import Person
from shared.contracts.binding_requests import Relation
from shared.contracts.reasons import Reason

_MALE = "1"


def bound_already(q: Inquiry) -> Iterator[Reason]:
    """Not the same two again, and not more sponsors of one beneficiary than the region allows."""
    if not (person := q.confirmed) or not (sponsor := q.known_sponsor):
        return
    holders = {t.sponsor for t in q.family.ties if t.beneficiary == person.key}
    if sponsor.key in holders:
        yield q.why("already-bound-here", "family.bound-here", field="beneficiary")
    limit = q.policy.binding.max_sponsors
    if limit is not None and len(holders - {sponsor.key}) >= limit:
        yield q.why(
            "already-bound-elsewhere",
            "family.max-sponsors",
            cites="binding.max_sponsors",
            field="beneficiary",
            limit=limit,
        )


def beneficiaries(q: Inquiry) -> Iterator[Reason]:
    """Not more beneficiaries of one sponsor than the region allows: at once, and distinct persons over the years."""
    if not (sponsor := q.known_sponsor):
        return
    binding, person = q.policy.binding, q.confirmed
    mine = {t.beneficiary for t in q.family.ties if t.sponsor == sponsor.key}
    others = mine - {person.key} if person else mine
    if binding.max_beneficiaries is not None and len(others) >= binding.max_beneficiaries:
        yield _too_many(q, "binding.max_beneficiaries", binding.max_beneficiaries)
    ever = (q.family.ever | mine) - ({person.key} if person else set())
    if binding.max_lifetime_beneficiaries is not None and len(ever) >= binding.max_lifetime_beneficiaries:
        yield _too_many(q, "binding.max_lifetime_beneficiaries", binding.max_lifetime_beneficiaries)


def _too_many(q: Inquiry, path: str, limit: int) -> Reason:
    rule = "family." + path.removeprefix("binding.").replace("_", "-")
    return q.why("too-many-beneficiaries", rule, cites=path, field="beneficiary", limit=limit)


def one_of_a_kind(q: Inquiry) -> Iterator[Reason]:
    """Where the region says so: one spouse, one father, one mother."""
    if not (sponsor := q.known_sponsor) or not (person := q.confirmed) or not (path := _kind(q, person)):
        return
    limit = getattr(q.policy.binding, path)
    same = [
        t
        for t in q.family.ties
        if t.sponsor == sponsor.key
        and t.beneficiary != person.key
        and t.relation is q.request.relation
        and (t.relation is Relation.SPOUSE or t.beneficiary_sex == person.sex)
    ]
    if limit is not None and len(same) >= limit:
        yield q.why(
            "relation-duplicate",
            f"family.{path.replace('_', '-')}",
            cites=f"binding.{path}",
            field="relation",
        )


def _kind(q: Inquiry, person: Person) -> str | None:
    if q.request.relation is Relation.SPOUSE:
        return "max_spouses"
    if q.request.relation is Relation.PARENT and person.sex:
        return "max_fathers" if person.sex == _MALE else "max_mothers"
    return None


def roles(q: Inquiry) -> Iterator[Reason]:
    """Where families are exclusive: a member may not sponsor, a sponsor with members may not be one."""
    binding, ties = q.policy.binding, q.family.ties
    sponsor, person = q.known_sponsor, q.confirmed
    if sponsor and not binding.member_may_sponsor and any(t.beneficiary == sponsor.key for t in ties):
        cites = "binding.member_may_sponsor"
        yield q.why("sponsor-is-member", "family.member-may-sponsor", cites=cites, field="sponsor")
    if person and not binding.sponsor_may_be_member and any(t.sponsor == person.key for t in ties):
        cites = "binding.sponsor_may_be_member"
        yield q.why(
            "beneficiary-is-sponsor", "family.sponsor-may-be-member", cites=cites, field="beneficiary"
        )


RULES = (bound_already, beneficiaries, one_of_a_kind, roles)
