"""How attempts are named towards providers, how their ids are kept, and how their receipts become outcomes."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notify.domain.receipts import Receipt, decisive
from services.notify.outcomes import Outcomes
from services.notify.providers.interface import NamesAhead, Provider, Result, StoreReceipts
from shared.clock import Clock
from shared.messaging.handler import Due

_LONGEST: Final = 100
"""Characters of a provider's id or word that are kept."""


def known_as(provider: str, provider_id: str) -> str:
    """A provider's id as it stands in our tables: ids are the provider's own, two providers may use one."""
    return f"{provider}/{provider_id}"


def reference(notice_id: UUID, number: int) -> str:
    """The name of an attempt towards providers: the same for ever, and no two attempts have one. At most 35 characters."""
    return f"{notice_id.hex}{number:03d}"


_REFERENCE: Final = re.compile(r"(?P<provider>[^/]+)/(?P<notice>[0-9a-f]{32})(?P<number>[0-9]{3,6})")


def referred(known: str) -> tuple[str, UUID, int] | None:
    """Provider, notice and number of the attempt that a receipt names by our own reference; None if it has a name of the provider's."""
    found = _REFERENCE.fullmatch(known)
    return (found["provider"], UUID(found["notice"]), int(found["number"])) if found else None


def named_ahead(provider: Provider | None, notice_id: UUID, number: int) -> list[str]:
    """What receipts will call an attempt of this provider, as far as that is known without its answer."""
    if not isinstance(provider, NamesAhead):
        return []
    return [known_as(provider.name, one) for one in provider.names(reference(notice_id, number))]


def attempt_ended(
    provider: str, notice_id: UUID, number: int, result: Result, now: datetime, *, excused: bool
) -> Due:
    """What an attempt came to, for the handler. `excused`: it says nothing about the provider."""
    body = {
        "number": number,
        "outcome": str(result.outcome),
        "reason": result.reason,
        "code": result.code,
        "provider_ids": [known_as(provider, one) for one in result.provider_ids],
        "whole": result.whole,
        "excused": excused,
    }
    return Due("attempt-ended", str(notice_id), now, body)


def receipts_into(outcomes: Outcomes, clock: Clock, provider: str) -> StoreReceipts:
    """Stores receipts; it returns when they are committed, and raises `Crowded` when they cannot be taken now.

    One id twice in a batch: the first final word counts.
    """

    async def store(receipts: Sequence[Receipt]) -> None:
        kept = (Receipt(known_as(provider, _kept(r.provider_id)), r.fate, _kept(r.code)) for r in receipts)
        now = clock.now()
        await outcomes.offer(
            [
                Due("receipt", one.provider_id, now, {"fate": str(one.fate), "code": one.code})
                for one in decisive(kept).values()
            ]
        )

    return store


def _kept(text: str) -> str:
    """What a column takes, for one receipt that cannot be stored would come again for ever: no NUL, no half of a pair, no novel."""
    return text.replace("\0", "").encode(errors="replace").decode()[:_LONGEST]
