"""Cross-checks of certificates, registry and relation: what is odd is not refused, a person looks at it.

Marks are reason codes. Of a relative who is not confirmed nothing is looked at.
"""

from __future__ import annotations

from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.person import Person
from shared.contracts.identity import age_on
from shared.contracts.relations import OPPOSITE, Relation

_OLDER = frozenset(
    {Relation.PARENT, Relation.GRANDPARENT, Relation.MATERNAL_GRANDPARENT, Relation.PARENT_IN_LAW}
)
"""Relations whose beneficiary is of an older generation than the sponsor."""
_YOUNGER = frozenset(OPPOSITE[relation] for relation in _OLDER)


def marks(q: Inquiry) -> tuple[str, ...]:
    """What a person should look at, in one order."""
    sponsor, person = q.known_sponsor, q.confirmed
    sides = [side for side in (sponsor, person) if side]
    found: tuple[str, ...] = ()
    if True in [side.other_sex for side in sides]:
        found += ("sex-differs",)
    if True in [side.other_birth for side in sides]:
        found += ("birth-differs",)
    if sponsor and person and (_close_in_age(q, sponsor, person) or _young_spouse(q, sponsor, person)):
        found += ("odd-age",)
    return found


def _close_in_age(q: Inquiry, sponsor: Person, person: Person) -> bool:
    """Whether fewer years lie between the two than the region finds usual. A child older than the parent is far below."""
    relation = q.request.relation
    if (years := q.policy.binding.min_age_gap.get(relation)) is None:
        return False
    if relation in _OLDER:
        return age_on(person.born, sponsor.born) < years
    if relation in _YOUNGER:
        return age_on(sponsor.born, person.born) < years
    first, last = sorted((sponsor.born, person.born))
    return age_on(first, last) < years


def _young_spouse(q: Inquiry, sponsor: Person, person: Person) -> bool:
    """Whether one of two spouses is younger than the region finds usual, on the request's date."""
    least = q.policy.binding.min_spouse_age
    if least is None or q.request.relation is not Relation.SPOUSE:
        return False
    return age_on(max(sponsor.born, person.born), q.day) < least
