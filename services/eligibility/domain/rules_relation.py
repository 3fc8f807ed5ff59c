"""The relation: allowed at the date, not an in-law, not against the registry or the certificates, no mere kin account."""

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
    if (record := recorded(q)) is not None and not _agrees(q, record):
        yield q.why("relation-disagrees", "relation.registered", field="relation")


def sexes(q: Inquiry) -> Iterator[Reason]:
    """Spouses are of different sex where the region asks that."""
    if not q.policy.binding.spouse_other_sex or q.request.relation is not Relation.SPOUSE:
        return
    if (sponsor := q.known_sponsor) and (person := q.confirmed) and sponsor.sex and sponsor.sex == person.sex:
        yield q.why("relation-sex", "relation.sexes", cites="binding.spouse_other_sex", field="relation")


def kin_account(q: Inquiry) -> Iterator[Reason]:
    """Where the region requires a kin account (亲情账户) first, the two have one."""
    if q.policy.binding.kin_account_first and q.known_sponsor and q.confirmed and not has_kin_account(q):
        cites = "binding.kin_account_first"
        yield q.why("kin-account-missing", "relation.kin-account", cites=cites, field="relation")


def has_kin_account(q: Inquiry) -> bool:
    """Whether a kin account links the two. It shares no money and proves nothing."""
    return q.relation is not None and q.relation.kin_account and not q.relation.ended


def recorded(q: Inquiry) -> RelationRecorded | None:
    """What the registry has verified about the two; what was only declared for a kin account speaks neither for nor against."""
    known = q.relation is not None and q.relation.proven and q.known_sponsor and q.confirmed
    return q.relation if known else None


def proven(q: Inquiry) -> bool:
    """Whether the registry of relations proves the declared relation. A channel's own claim counts for nothing."""
    record = recorded(q)
    return record is not None and _agrees(q, record)


def _agrees(q: Inquiry, record: RelationRecorded) -> bool:
    assert q.known_sponsor
    return not record.ended and q.request.relation is beneficiary_is(record, _numbers(q.known_sponsor))


def beneficiary_is(record: RelationRecorded, sponsor_numbers: frozenset[str]) -> Relation:
    """What the beneficiary is to the sponsor by a record that is sorted by number, not by role."""
    if record.psn_no in sponsor_numbers:
        return record.other_is
    return OPPOSITE[record.other_is]


def _numbers(person: Person) -> frozenset[str]:
    return frozenset(r.psn_no for r in person.records)


RULES = (allowed, registered, sexes, kin_account)
