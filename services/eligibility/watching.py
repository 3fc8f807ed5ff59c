"""What eligibility watches by itself: standing bindings whose policy has changed, and sponsors who ask for strangers.

The policy by which a binding was judged stands in a table, so that a change is found whether a dated value came into force or files were
replaced, and whatever was restarted meanwhile; what was judged leaves the page, so that nothing is told twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from uuid import UUID

from prometheus_client import Gauge

from services.eligibility.domain.days import day_of
from services.eligibility.domain.rule_change import KIND, version
from services.eligibility.work import Work
from shared import log
from shared.db import Conn, is_infrastructure, load_queries
from shared.messaging.handler import Due
from shared.messaging.service import Background, Running
from shared.policies import Policies

Q = load_queries(__file__, "watching.sql")
EVERY_SECONDS = 60.0
PAGE = 500
KEPT = timedelta(days=7)
"""Days of unconfirmed relatives that are kept: a request may wait for a person over midnight, and people ask what happened yesterday."""
_FIRST = UUID(int=0)


def watch(policies: Policies) -> Background:
    """The background work of one replica, until the service stops. Several replicas do no harm: each judges under the binding's lock."""

    async def work(running: Running) -> None:
        stopped = Gauge(
            "gongji_eligibility_sponsors_stopped",
            "Sponsors stopped today after too many relatives who could not be confirmed",
            registry=running.metrics.registry,
        )
        while not running.stopping.is_set():
            try:
                await judge_again(running, policies)
                today = day_of(running.clock.now())
                stopped.set(await running.pool.fetchval(Q.count_stopped, today))
                await running.pool.execute(Q.prune_unconfirmed, today - KEPT)
                await running.pool.execute(Q.prune_stopped, today - KEPT)
            except Exception as error:
                if not is_infrastructure(error):
                    raise
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(running.stopping.wait(), EVERY_SECONDS)

    return work


async def judge_again(running: Running, policies: Policies) -> None:
    """Folds every standing binding that was judged by other rules than those of now, a page at a time."""
    for region, judged_by in await running.pool.fetch(Q.policies_in_use):
        after = _FIRST
        while version(policies.at(region, now := running.clock.now())) != judged_by:
            page = [row[0] for row in await running.pool.fetch(Q.judged_by, region, judged_by, after, PAGE)]
            if not page or running.stopping.is_set():
                break
            await _apply(running, [Due(KIND, str(binding_id), now) for binding_id in page])
            after = page[-1]


async def _apply(running: Running, items: list[Due]) -> None:
    """A page at once, or one by one if our own code fails at one of them: that one is tried again with the next round."""
    try:
        await running.apply(items)
    except Exception as error:
        if is_infrastructure(error):
            raise
        log.get().error(
            "a changed rule could not be judged", rows=len(items), entity=items[0].entity, **log.fault(error)
        )
        if len(items) > 1:
            for item in items:
                await _apply(running, [item])


async def load(conn: Conn, persons: list[bytes], work: Work) -> None:
    """Reads whom these sponsors named lately without being confirmed. To be called after the locks."""
    for row in await conn.fetch(Q.unconfirmed, persons):
        work.unconfirmed[row["sponsor"], row["day"]].add(row["beneficiary"])


async def save(conn: Conn, work: Work) -> None:
    """Writes what the batch changed."""
    if new := sorted(work.new_unconfirmed):
        await conn.execute(Q.save_unconfirmed, *map(list, zip(*new, strict=True)))
    if stopped := sorted((day, sponsor) for sponsor, day in work.stopped):
        await conn.execute(Q.save_stopped, *map(list, zip(*stopped, strict=True)))
    touched = [work.bindings[i] for i in sorted(work.stamped)]
    if stands := [b for b in touched if b.stage.stands]:
        columns = [b.binding_id for b in stands], [b.admdvs for b in stands], [b.judged_by for b in stands]
        await conn.execute(Q.stand, *columns)
    if fallen := [b.binding_id for b in touched if not b.stage.stands]:
        await conn.execute(Q.fall, fallen)
