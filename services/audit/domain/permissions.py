"""Whether an operator may say what he or she says of a case: role, region, and no interest of his or her own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.contracts.binding_decisions import State
from shared.contracts.binding_screenings import Case
from shared.contracts.operators import Operator, Role
from shared.contracts.reasons import Reason, reason
from shared.contracts.review_verdicts import (
    Claimed,
    EndedByAuthority,
    PersonEnded,
    PersonResumed,
    PersonSuspended,
    Released,
    Resumed,
    Revealed,
    Suspended,
    TakenOver,
    VerdictGiven,
)

_DESK = frozenset({Role.REVIEWER, Role.SUPERVISOR})
_AUTHORITY = frozenset({Role.AUTHORITY})
_DECIDING = frozenset({Claimed, TakenOver, VerdictGiven})
"""What an operator says who decides the case, or is about to."""
MAY: Mapping[type, frozenset[Role]] = {
    Claimed: _DESK,
    Released: _DESK,
    TakenOver: frozenset({Role.SUPERVISOR}),
    VerdictGiven: _DESK,
    Revealed: _DESK | _AUTHORITY,
    Suspended: _AUTHORITY,
    Resumed: _AUTHORITY,
    EndedByAuthority: _AUTHORITY,
    PersonSuspended: _AUTHORITY,
    PersonResumed: _AUTHORITY,
    PersonEnded: _AUTHORITY,
}
"""Which roles may say what. A clerk says nothing here: what he or she vouches for comes with the request."""


@dataclass(frozen=True, slots=True)
class Interests:
    """What could bind an operator to a case. `related`: pairs that the registry holds as relatives now; `earlier`: who decided the request
    that this one mends, and how; `clerk`: who checked it first, at the counter; `approvers`: who approved it where another person is needed."""

    related: frozenset[str] = frozenset()
    earlier: tuple[Operator, State] | None = None
    clerk: Operator | None = None
    approvers: tuple[Operator, ...] = ()


def objections(operator: Operator, said: type, case: Case, interests: Interests) -> tuple[Reason, ...]:
    """Everything that keeps the operator from saying this of the case; empty if nothing does."""
    return tuple(_objections(operator, said, case, interests))


def _objections(operator: Operator, said: type, case: Case, interests: Interests) -> Iterator[Reason]:
    if MAY[said].isdisjoint(operator.roles):
        yield reason("operator-role-missing")
    if not operator.works_for(case.admdvs):
        yield reason("operator-region")
    if not operator.persons.isdisjoint(parties(case)):
        yield reason("operator-is-party")
    elif not interests.related.isdisjoint(pairs(operator, case)):
        yield reason("operator-related")
    by, how = interests.earlier or (None, None)
    if said in _DECIDING and by and how is State.REJECTED and is_same(operator, by):
        yield reason("operator-decided-before")
    if said in _DECIDING and interests.clerk and is_same(operator, interests.clerk):
        yield reason("operator-was-clerk")
    # Of the same id the case itself says so, in its turn among the other answers.
    if said in _DECIDING and any(
        one.id != operator.id and is_same(operator, one) for one in interests.approvers
    ):
        yield reason("second-eyes-needed")


def is_same(one: Operator, other: Operator) -> bool:
    """Whether two ids are one person: the same id, or ids of which the same own number is registered."""
    return one.id == other.id or not one.persons.isdisjoint(other.persons)


def parties(case: Case) -> tuple[str, ...]:
    """The numbers of those whom the case is about."""
    return tuple(side.psn_no for side in (case.sponsor, case.beneficiary) if side)


def pairs(operator: Operator, case: Case) -> frozenset[str]:
    """Keys of `registry.relations` under which the operator would be related to a party."""
    return frozenset(pair(own, other) for own in operator.persons for other in parties(case) if own != other)


def pair(one: str, other: str) -> str:
    """The record key of two persons in `registry.relations`."""
    return "|".join(sorted((one, other)))
