"""The relation: allowed at the date, not an in-law, not against the registry or the certificates."""

from __future__ import annotations

from collections.abc import Iterator

from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.person import Person
from shared.contracts.reasons import Reason
from shared.contracts.registry import RelationRecorded
from shared.contracts.relations import OPPOSITE, RELATIONS_ZH, Relation


def allowed(q: Inquiry) -> Iterator[Reason]:
    """The region shares with this kind of relative on the request's date."""
    relation, binding = q.request.relation, q.policy.binding
    if relation in binding.relations:
        return
    if relation.in_law:
        yield q.why("in-law-not-allowed", "relation.in-laws", cites="binding.relations", field="relation")
    else:
        since = q.policy.cite("binding.relations").from_
        names = "、".join(f"{zh}({r})" for r, zh in RELATIONS_ZH.items() if r in binding.relations) or "—"
        yield q.why(
            "relation-not-allowed",
            "relation.allowed",
            cites="binding.relations",
            field="relation",
            since=since or "—",
            allowed=names,
        )


def registered(q: Inquiry) -> Iterator[Reason]:
    """What is declared is not against what the registry of relations says."""
    if q.relation is None or not (sponsor := q.known_sponsor) or not q.confirmed:
        return
    if q.relation.ended or q.request.relation is not beneficiary_is(q.relation, _numbers(sponsor)):
        yield q.why("relation-disagrees", "relation.registered", field="relation")


def sexes(q: Inquiry) -> Iterator[Reason]:
    """Spouses are of different sex where the region asks that."""
    if not q.policy.binding.spouse_other_sex or q.request.relation is not Relation.SPOUSE:
        return
    if (sponsor := q.known_sponsor) and (person := q.confirmed) and sponsor.sex and sponsor.sex == person.sex:
        yield q.why("relation-sex", "relation.sexes", cites="binding.spouse_other_sex", field="relation")


def proven(q: Inquiry) -> bool:
    """Whether the registry of relations proves the declared relation. A channel's own claim counts for nothing."""
    sponsor = q.known_sponsor
    if q.relation is None or q.relation.ended or sponsor is None or q.confirmed is None:
        return False
    return q.request.relation is beneficiary_is(q.relation, _numbers(sponsor))


def beneficiary_is(record: RelationRecorded, sponsor_numbers: frozenset[str]) -> Relation:
    """What the beneficiary is to the sponsor by a record that is sorted by number, not by role."""
    if record.psn_no in sponsor_numbers:
        return record.other_is
    return OPPOSITE[record.other_is]


def _numbers(person: Person) -> frozenset[str]:
    return frozenset(r.psn_no for r in person.records)


RULES = (allowed, registered, sexes)
