"""The family graph: not bound already, caps of either side, who may sponsor whom. Each rule by itself; kind and total together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from services.eligibility.domain.inquiry import Inquiry, Tie
from services.eligibility.domain.person import Person
from shared.contracts.binding_requests import Relation
from shared.contracts.reasons import Reason
from shared.policies.values import pooling_region

_MALE = "1"


def bound_here(q: Inquiry) -> Iterator[Reason]:
    """Not the same two again."""
    if (person := q.confirmed) and (sponsor := q.known_sponsor) and _edge(q, sponsor, person):
        yield q.why("already-bound-here", "family.bound-here", field="beneficiary")


def sponsors(q: Inquiry) -> Iterator[Reason]:
    """Not more sponsors of one beneficiary than the region allows."""
    limit = q.policy.binding.max_sponsors
    if limit is None or not (person := q.confirmed) or not (sponsor := q.known_sponsor):
        return
    holders = {t.sponsor for t in q.family.ties if t.beneficiary == person.key} - {sponsor.key}
    if len(holders) >= limit:
        yield _full(q, "already-bound-elsewhere", "max_sponsors", limit)


def total(q: Inquiry) -> Iterator[Reason]:
    """Not more beneficiaries of one sponsor at once than the region allows; some regions count the sponsor as one of them."""
    limit = q.policy.binding.max_beneficiaries
    if limit is None or not q.known_sponsor:
        return
    if q.policy.binding.counts_sponsor:
        limit = max(limit - 1, 0)
    if len({t.beneficiary for t in _others(q)}) >= limit:
        yield _full(q, "too-many-beneficiaries", "max_beneficiaries", limit)


def lifetime(q: Inquiry) -> Iterator[Reason]:
    """Not more distinct persons over the years than the region allows; the same person again counts once."""
    limit = q.policy.binding.max_lifetime_beneficiaries
    if limit is None or not q.known_sponsor:
        return
    ever = q.family.ever - {q.confirmed.key if q.confirmed else b""}
    if len(ever | {t.beneficiary for t in _others(q)}) >= limit:
        yield _full(q, "too-many-beneficiaries", "max_lifetime_beneficiaries", limit)


def elsewhere(q: Inquiry) -> Iterator[Reason]:
    """Not more beneficiaries insured in other pooling regions than the region allows."""
    limit = q.policy.binding.max_beneficiaries_elsewhere
    if limit is None or not (mine := q.sponsor_row) or not (theirs := q.beneficiary_row):
        return
    home = pooling_region(mine.insuplc_admdvs)
    if pooling_region(theirs.insuplc_admdvs) == home:
        return
    away = {t.beneficiary for t in _others(q) if pooling_region(t.beneficiary_admdvs or home) != home}
    if len(away) >= limit:
        yield _full(q, "too-many-elsewhere", "max_beneficiaries_elsewhere", limit)


def of_relation(q: Inquiry) -> Iterator[Reason]:
    """Not more beneficiaries of one kind of relation than the region allows."""
    limit = q.policy.binding.max_per_relation.get(q.request.relation)
    if limit is None or not q.known_sponsor:
        return
    if len({t.beneficiary for t in _others(q) if t.relation is q.request.relation}) >= limit:
        yield _full(q, "too-many-of-relation", "max_per_relation", limit, field="relation")


def one_of_a_kind(q: Inquiry) -> Iterator[Reason]:
    """Where the region says so: one spouse, one father, one mother."""
    if not q.known_sponsor or not (person := q.confirmed) or not (path := _kind(q, person)):
        return
    limit = getattr(q.policy.binding, path)
    if limit is None:
        return
    relation = q.request.relation
    same = [
        t
        for t in _others(q)
        if t.relation is relation and (relation is Relation.SPOUSE or t.beneficiary_sex == person.sex)
    ]
    if len(same) >= limit:
        rule = f"family.{path.replace('_', '-')}"
        yield q.why("relation-duplicate", rule, cites=f"binding.{path}", field="relation")


def _kind(q: Inquiry, person: Person) -> str | None:
    if q.request.relation is Relation.SPOUSE:
        return "max_spouses"
    if q.request.relation is Relation.PARENT and person.sex:
        return "max_fathers" if person.sex == _MALE else "max_mothers"
    return None


def reverse(q: Inquiry) -> Iterator[Reason]:
    """Two persons do not sponsor one another where the region forbids it."""
    if q.policy.binding.reverse_edge or not (sponsor := q.known_sponsor) or not (person := q.confirmed):
        return
    if _edge(q, person, sponsor):
        yield q.why("reverse-edge", "family.reverse-edge", cites="binding.reverse_edge", field="beneficiary")


def member_sponsors(q: Inquiry) -> Iterator[Reason]:
    """A member of somebody's family does not sponsor where the region forbids it."""
    if not q.policy.binding.member_may_sponsor and (sponsor := q.known_sponsor) and _member(q, sponsor):
        cites = "binding.member_may_sponsor"
        yield q.why("sponsor-is-member", "family.member-may-sponsor", cites=cites, field="sponsor")


def sponsor_joins(q: Inquiry) -> Iterator[Reason]:
    """Who has beneficiaries does not become one where the region forbids it."""
    if not q.policy.binding.sponsor_may_be_member and (person := q.confirmed) and _sponsoring(q, person):
        cites, rule = "binding.sponsor_may_be_member", "family.sponsor-may-be-member"
        yield q.why("beneficiary-is-sponsor", rule, cites=cites, field="beneficiary")


def sponsors_family(q: Inquiry) -> Iterator[Reason]:
    """Where nobody belongs to two families, the sponsor is no member of another one."""
    if q.policy.binding.one_family and (sponsor := q.known_sponsor) and _member(q, sponsor):
        cites, rule = "binding.one_family", "family.one-family-sponsor"
        yield q.why("sponsor-in-other-family", rule, cites=cites, field="sponsor")


def beneficiarys_family(q: Inquiry) -> Iterator[Reason]:
    """Nor does the beneficiary belong to another family, as its sponsor or as a member."""
    if not q.policy.binding.one_family or not (person := q.confirmed) or not (sponsor := q.known_sponsor):
        return
    if _sponsoring(q, person) or _member(q, person, but=sponsor):
        cites, rule = "binding.one_family", "family.one-family-beneficiary"
        yield q.why("beneficiary-in-other-family", rule, cites=cites, field="beneficiary")


def rebound(q: Inquiry) -> Iterator[Reason]:
    """After one side ended a binding, the same two wait. The first day allowed is the end's day plus the days of the wait."""
    days, ended = q.policy.binding.rebind_wait_days, q.family.last_end
    if days is None or ended is None or not q.known_sponsor or not q.confirmed:
        return
    if (q.day - ended).days < days:
        until = (ended + timedelta(days=days)).isoformat()
        cites = "binding.rebind_wait_days"
        yield q.why(
            "rebind-too-early", "family.rebind", cites=cites, field="beneficiary", days=days, until=until
        )


def _full(q: Inquiry, code: str, path: str, limit: int, field: str = "beneficiary") -> Reason:
    """That the cap `binding.<path>` is reached; `limit` as it counts here."""
    rule = f"family.{path.replace('_', '-')}"
    return q.why(code, rule, cites=f"binding.{path}", field=field, limit=limit)


def _edge(q: Inquiry, sponsor: Person, beneficiary: Person) -> bool:
    return any(t.sponsor == sponsor.key and t.beneficiary == beneficiary.key for t in q.family.ties)


def _sponsoring(q: Inquiry, person: Person) -> bool:
    return any(t.sponsor == person.key for t in q.family.ties)


def _member(q: Inquiry, person: Person, but: Person | None = None) -> bool:
    """Whether somebody, other than `but`, sponsors the person."""
    other = but.key if but else None
    return any(t.beneficiary == person.key and t.sponsor != other for t in q.family.ties)


def _others(q: Inquiry) -> Iterator[Tie]:
    """The sponsor's bindings with other persons than the one asked for."""
    mine = q.known_sponsor.key if q.known_sponsor else None
    person = q.confirmed.key if q.confirmed else None
    return (t for t in q.family.ties if t.sponsor == mine and t.beneficiary != person)


RULES = (
    bound_here,
    sponsors,
    total,
    elsewhere,
    lifetime,
    of_relation,
    one_of_a_kind,
    reverse,
    member_sponsors,
    sponsor_joins,
    sponsors_family,
    beneficiarys_family,
    rebound,
)
