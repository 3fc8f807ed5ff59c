"""The first stage of a counter case: a clerk vouched for the form and the originals. Whether he or she may is judged here.

A clerk who may not is a mark and no refusal: the applicant came with the originals and did nothing wrong, so a person looks at the case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from services.audit.domain.permissions import pairs, parties
from shared.contracts.binding_screenings import Case
from shared.contracts.operators import Operator, Role


def clerk_of(case: Case) -> str | None:
    """The id of whoever checked the request first; `None` where nobody had to. The time of that check is `case.requested_at`: the
    clerk checks before the request is sent."""
    return case.counter.operator_id if case.counter else None


def marks(clerk: Operator | None, case: Case, related: Callable[[str], bool]) -> Iterator[str]:
    """Why this clerk's word is not enough. `clerk`: `None` if nobody of that id is registered; `related`: whether the two of
    a pair are relatives now."""
    if clerk is None:
        yield "clerk-unknown"
        return
    if Role.CLERK not in clerk.roles:
        yield "clerk-role-missing"
    if not clerk.works_for(case.admdvs):
        yield "clerk-region"
    if not clerk.persons.isdisjoint(parties(case)):
        yield "clerk-is-party"
    elif any(related(one) for one in pairs(clerk, case)):
        yield "clerk-related"
