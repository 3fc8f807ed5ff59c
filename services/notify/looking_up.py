"""Asks providers what became of attempts that nothing was heard of, before anybody decides what to do about the silence."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from services.notify.domain.caps import hashed
from services.notify.domain.contact import contact
from services.notify.domain.course import Outcome, State
from services.notify.links import reference
from services.notify.providers.interface import LooksUp, Result, Sent
from services.notify.providers.switch import Switch
from services.notify.queueing import Q as QUEUEING
from services.notify.sealing import Seal
from services.notify.storage import Q, persons
from shared import log
from shared.db import Pool
from shared.messaging.handler import Due

_LONGEST: Final = 10.0
"""Seconds that a provider may take to say what it knows; then it has not said anything."""

_NEVER_SENT: Final = (Outcome.TECHNICAL, Outcome.THROTTLED)
"""What a look-up may say of an attempt without an answer. Of one that the provider has taken it means that it has lost sight of it."""


class LookingUp:
    """Turns silent attempts into what their providers know of them, all at once and without a database connection."""

    def __init__(self, pool: Pool, media: Sequence[Switch], seal: Seal) -> None:
        self._pool, self._media, self._seal = pool, media, seal
        self._log = log.get()

    async def ask(self, rows: Sequence[Record], now: datetime) -> list[Due]:
        """One outcome a row: `looked-up` with the provider's word, else `silence`. Rows of statement `silent`."""
        asked = [row for row in rows if self._who(row["provider"])]
        told: dict[UUID, Result | None] = {}
        if asked:
            sent = await self._sent(asked, now)
            results = await asyncio.gather(*(self._one(row["provider"], sent[row["id"]]) for row in asked))
            told = {row["id"]: result for row, result in zip(asked, results, strict=True)}
        return [_due(row, told.get(row["id"]), now) for row in rows]

    def _who(self, provider: str | None) -> LooksUp | None:
        for medium in self._media:
            found = medium.provider(provider or "")
            if isinstance(found, LooksUp):
                return found
        return None

    async def _sent(self, rows: Sequence[Record], now: datetime) -> dict[UUID, Sent]:
        async with self._pool.acquire() as conn:
            people = await persons(conn, (row["psn_no"] for row in rows), self._seal)
            attempts = [row["id"] for row in rows], [row["number"] for row in rows]
            named = await conn.fetch(Q["provider_ids"], *attempts)
            used = {row[0]: row[1] for row in await conn.fetch(QUEUEING["used"], *attempts)}
        ids: dict[UUID, list[str]] = {}
        for notice_id, provider_id in named:
            ids.setdefault(notice_id, []).append(provider_id.partition("/")[2])
        found = {}
        for row in rows:
            number = contact(people.get(row["psn_no"]), now)
            same = isinstance(number, str) and used.get(row["id"]) == hashed(number, self._seal.number_key)
            found[row["id"]] = Sent(
                reference(row["id"], row["number"]),
                str(number) if same else "",  # the person may have another number by now
                row["started_at"],
                now - row["started_at"],
                tuple(ids.get(row["id"], ())),
                row["code"] or "",
            )
        return found

    async def _one(self, provider: str, sent: Sent) -> Result | None:
        who = self._who(provider)
        if who is None or not sent.number:
            return None
        try:
            async with asyncio.timeout(_LONGEST):
                return await who.look_up(sent)
        except Exception as error:  # not to know is an answer too
            self._log.warning("look-up failed", provider=provider, **log.fault(error))
            return None


def _due(row: Record, result: Result | None, now: datetime) -> Due:
    body: dict[str, object] = {"number": row["number"]}
    taken = State(row["state"]) is State.PENDING
    if result is None or (taken and result.outcome in _NEVER_SENT):
        return Due("silence", str(row["id"]), now, body)
    body |= {"outcome": str(result.outcome), "reason": result.reason, "code": result.code}
    return Due("looked-up", str(row["id"]), now, body)
