"""What a case shows only beside others: many requests of one sponsor, a beneficiary bound again and again, a document used under
another name. Each is a mark: it refuses nothing, a person looks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from services.audit.domain.permissions import pair, parties
from shared.clock import BEIJING
from shared.contracts.binding_decisions import BindingState, State
from shared.contracts.binding_requests import MaterialKind, Side
from shared.contracts.binding_screenings import Case
from shared.policies.moments import midnight
from shared.policies.values import Review

MANY_REQUESTS, OFTEN_BOUND, REUSED = "sponsor-many-requests", "beneficiary-often-bound", "document-reused"
PERSONAL = frozenset({MaterialKind.ID_CARD, MaterialKind.INSURANCE_CARD})
"""Documents of one person; all others speak of a family."""
NO_REQUEST = frozenset({State.REFUSED})
"""A request that the rules refused counts for nothing: whoever mends a mistake is not asking for more."""
NO_BINDING = NO_REQUEST | {State.REJECTED, State.WITHDRAWN, State.EXPIRED}
"""What never became a binding and never will."""
HANDS = 20
"""How many different uses of one document the registry is asked about: a paper in more hands than that is no family's."""
Related = Callable[[str], bool]
"""Whether the registry holds the two of a pair as relatives now."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the region wants to know of a case: other requests of the sponsor within [begin, end), other bindings of the beneficiary that
    were asked for since a time. `None`: no such rule, or nobody to ask about."""

    day: tuple[datetime, datetime] | None
    since: datetime | None
    documents: bool


@dataclass(frozen=True, slots=True)
class Use:
    """One document in one case. `named`: the numbers of those in whose name it was handed in, empty while that is unknown."""

    personal: bool
    named: frozenset[str]


@dataclass(frozen=True, slots=True)
class Others:
    """What other cases show: requests of the sponsor on that day, bindings of the beneficiary in that time, and each document of this case
    with the other cases' uses of it."""

    requests: int = 0
    bindings: int = 0
    documents: tuple[tuple[Use, Collection[Use]], ...] = ()


def asked(case: Case, review: Review) -> Asked:
    """What to look for beside a case. The day is the calendar day of the request, in Beijing as everywhere in the country."""
    often = review.bindings_in_days if case.beneficiary else None
    return Asked(
        day_of(case.requested_at) if review.requests_per_day is not None else None,
        case.requested_at - timedelta(days=often.days) if often else None,
        review.reused_documents and bool(case.materials),
    )


def day_of(moment: datetime) -> tuple[datetime, datetime]:
    """Begin and end of the Beijing day of a moment."""
    return _edges(moment.astimezone(BEIJING).date())


@lru_cache(maxsize=32)
def _edges(day: date) -> tuple[datetime, datetime]:
    return midnight(day), midnight(day + timedelta(days=1))


def marks(review: Review, others: Others, related: Related) -> Iterator[str]:
    """The codes of everything that a person should look at."""
    if review.requests_per_day is not None and others.requests + 1 > review.requests_per_day:
        yield MANY_REQUESTS
    often = review.bindings_in_days
    if often is not None and others.bindings + 1 > often.bindings:
        yield OFTEN_BOUND
    if any(foreign(mine, theirs, related) for mine, uses in others.documents for theirs in uses):
        yield REUSED


def is_request(state: BindingState, sponsor: str, day: tuple[datetime, datetime]) -> bool:
    """Whether a case counts among a sponsor's requests of a day."""
    begin, end = day
    own = state.case.sponsor.psn_no == sponsor and state.state not in NO_REQUEST
    return own and begin <= state.case.requested_at < end


def is_binding(state: BindingState, beneficiary: str, since: datetime) -> bool:
    """Whether a case counts among a beneficiary's bindings since a time: those that stand, stood, or still may come to stand."""
    held = state.case.beneficiary
    own = held is not None and held.psn_no == beneficiary and state.state not in NO_BINDING
    return own and state.case.requested_at >= since


def uses(case: Case) -> Mapping[str, Use]:
    """The documents of a case by the digest of their content."""
    found: dict[str, Use] = {}
    for one in case.materials:
        personal = one.kind in PERSONAL
        now = Use(personal, frozenset(_holder(case, one.holder) if personal else parties(case)))
        had = found.get(one.sha256)
        found[one.sha256] = Use(had.personal and personal, had.named | now.named) if had else now
    return found


def _holder(case: Case, side: Side) -> tuple[str, ...]:
    party = case.sponsor if side is Side.SPONSOR else case.beneficiary
    return (party.psn_no,) if party else ()


def foreign(mine: Use, theirs: Use, related: Related) -> bool:
    """Whether a document stands in two cases that have nothing to do with one another.

    One's own card is one person's. A family's paper may serve everybody of the family: cases that share a person, or of whom two are
    relatives by the registry.
    """
    if not (mine.named and theirs.named) or mine.named & theirs.named:
        return False
    return mine.personal or theirs.personal or not any(related(one) for one in between(mine, theirs))


def between(mine: Use, theirs: Use) -> Iterator[str]:
    """The pairs of `registry.relations` that would make two uses those of one family."""
    return (pair(one, other) for one in mine.named for other in theirs.named)


def pairs(used: Iterable[Use]) -> Iterator[str]:
    """The pairs to ask the registry about, for one document: none where somebody is shared or it is a card."""
    kept = list(dict.fromkeys(used))[:HANDS]
    for place, one in enumerate(kept):
        for other in kept[place + 1 :]:
            if not (one.personal or other.personal or one.named & other.named):
                yield from between(one, other)
