"""Background work: what has been kept long enough goes, and reservations past their deadline are counted."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

from prometheus_client import Gauge

from services.eligibility import keeping
from services.eligibility.domain.binding import Binding
from shared.db import Conn, Pool, is_infrastructure, load_queries
from shared.messaging.service import Background, Running
from shared.policies import Policies

Q = load_queries(__file__, "upkeep.sql")
KEPT = timedelta(days=366)
"""How long the record of a screening is kept, and with it all that it refers to. See the README."""
SLACK = timedelta(days=30)
"""By how much the registry's records may be late: a version may go once the one after it is older than both together."""
EVERY_SECONDS = 60.0
PRUNE_SECONDS = 600.0
ROWS = 2_000


def upkeep(policies: Policies) -> Background:
    """The background work of one replica, until the service stops."""
    longest = timedelta(days=longest_consent(policies))

    async def work(running: Running) -> None:
        overdue = Gauge(
            "gongji_eligibility_reservations_overdue",
            "Slots held past the region's deadline without a decision",
            registry=running.metrics.registry,
        )
        pruned, cutoff = float("-inf"), datetime.min.replace(tzinfo=UTC)
        loop = asyncio.get_running_loop()
        while not running.stopping.is_set():
            now = running.clock.now()
            try:
                overdue.set(await running.pool.fetchval(Q.count_overdue, now))
                if loop.time() - pruned >= PRUNE_SECONDS:
                    await prune(running.pool, now, longest, cutoff)
                    pruned, cutoff = loop.time(), now - KEPT - SLACK
            except Exception as error:
                if not is_infrastructure(error):
                    raise
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(running.stopping.wait(), EVERY_SECONDS)

    return work


def longest_consent(policies: Policies) -> int:
    """Days for which a consent that came first may be wanted, in whichever region and on whichever day."""
    days = [
        entry.value
        for region in policies.files.values()
        for entry in region.entries.get("binding.consent_days", ())
        if isinstance(entry.value, int)
    ]
    return max(days, default=7)


async def prune(pool: Pool, now: datetime, longest_consent: timedelta, since: datetime) -> None:
    """Takes out what is older than it is kept, some rows at a time. `since`: up to where history was pruned before."""
    for statement, before in (
        (Q.prune_screenings, now - KEPT),
        (Q.prune_requests, now - KEPT),
        (Q.prune_consents, now - longest_consent - timedelta(days=1)),
        (Q.prune_face_checks, now - KEPT),
    ):
        while int((await pool.execute(statement, before, ROWS)).rpartition(" ")[2]) == ROWS:
            pass
    async with pool.acquire() as conn:
        while await _strip(conn, now - KEPT) == ROWS:
            pass
        for statement in (Q.prune_person_history, Q.prune_relation_history):
            await conn.execute(statement, since, now - KEPT - SLACK)


async def _strip(conn: Conn, before: datetime) -> int:
    """Takes the personal data out of bindings that ended so long ago; how many."""
    async with conn.transaction():
        rows = await conn.fetch(Q.over_for_long, before, ROWS)
        await keeping.strip(conn, [Binding.model_validate_json(row["body"]) for row in rows])
    return len(rows)
