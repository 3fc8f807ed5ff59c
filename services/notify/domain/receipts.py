"""What a provider reports later about a text, whatever its protocol."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What a delivery receipt says. `HINTED`: a person who confirmed it was asked to ring the hotline, and not told more."""

    DELIVERED = "delivered"
    PERMANENT = "permanent"
    TEMPORARY = "temporary"
    PENDING = "pending"
    HINTED = "hinted"
    THROTTLED = "throttled"
    TECHNICAL = "technical"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One delivery receipt: the provider's id of one part, its fate, and the provider's own word for it."""

    provider_id: str
    fate: Fate
    code: str


def decisive(receipts: Iterable[Receipt]) -> dict[str, Receipt]:
    """One receipt for each id, of those that came together: a final fate never moves, and what came behind it, late, says nothing."""
    told: dict[str, Receipt] = {}
    for one in receipts:
        before = told.get(one.provider_id)
        if before is None or before.fate == Fate.PENDING:
            told[one.provider_id] = one
    return told
