"""The relation: allowed at the date, not an in-law, not against the registry or the certificates."""

from __future__ import annotations

from collections.abc import Iterator

from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.person import Person
from shared.contracts.binding_requests import Relation
from shared.contracts.reasons import Reason
from shared.contracts.registry import RelationRecorded

NAMES = {
    Relation.SPOUSE: "配偶",
    Relation.PARENT: "父母",
    Relation.CHILD: "子女",
    Relation.SIBLING: "兄弟姐妹",
    Relation.GRANDPARENT: "祖父母",
    Relation.MATERNAL_GRANDPARENT: "外祖父母",
    Relation.GRANDCHILD: "孙子女",
    Relation.MATERNAL_GRANDCHILD: "外孙子女",
    Relation.PARENT_IN_LAW: "公婆、岳父母",
    Relation.CHILD_IN_LAW: "儿媳、女婿",
}
_INVERSE = {
    Relation.SPOUSE: Relation.SPOUSE,
    Relation.SIBLING: Relation.SIBLING,
    Relation.PARENT: Relation.CHILD,
    Relation.CHILD: Relation.PARENT,
    Relation.GRANDPARENT: Relation.GRANDCHILD,
    Relation.GRANDCHILD: Relation.GRANDPARENT,
    Relation.MATERNAL_GRANDPARENT: Relation.MATERNAL_GRANDCHILD,
    Relation.MATERNAL_GRANDCHILD: Relation.MATERNAL_GRANDPARENT,
    Relation.PARENT_IN_LAW: Relation.CHILD_IN_LAW,
    Relation.CHILD_IN_LAW: Relation.PARENT_IN_LAW,
}


def allowed(q: Inquiry) -> Iterator[Reason]:
    """The region shares with this kind of relative on the request's date."""
    relation, binding = q.request.relation, q.policy.binding
    if relation.in_law:
        if not binding.in_laws:
            yield q.why("in-law-not-allowed", "relation.in-laws", cites="binding.in_laws", field="relation")
    elif relation not in binding.relations:
        since = q.policy.cite("binding.relations").from_
        names = "、".join(f"{zh}({r})" for r, zh in NAMES.items() if r in binding.relations) or "—"
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
    return _INVERSE[record.other_is]


def _numbers(person: Person) -> frozenset[str]:
    return frozenset(r.psn_no for r in person.records)


RULES = (allowed, registered, sexes)
