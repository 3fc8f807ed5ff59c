"""Once a night, by whichever replica is first: quotes and lines of statements that were kept long enough go.

What is held for a quote goes back by its due row long before; a quote for which something is held stays. Stored answers, breaks and the
ledger are kept. Rows go in batches, each a transaction of its own: whoever is killed in the middle has done what it has done.
"""

import asyncio
import contextlib
from datetime import datetime, time, timedelta

from services.settlement.domain.book import Regions
from services.settlement.nightly.when import next_at
from services.settlement.storing.holds import Q
from shared import log
from shared.db import Pool, is_infrastructure
from shared.messaging.service import Background, Running

NIGHT = time(3)
EVERY_SECONDS = 60.0
ROWS = 5_000


def upkeep(regions: Regions) -> Background:
    """The background work of one replica, until the service stops."""

    async def work(running: Running) -> None:
        while not running.stopping.is_set():
            try:
                await night(running.pool, running.clock.now(), regions)
            except Exception as error:
                if not is_infrastructure(error):
                    raise
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(running.stopping.wait(), EVERY_SECONDS)

    return work


async def night(pool: Pool, now: datetime, regions: Regions, *, rows: int = ROWS) -> int | None:
    """Forgets what is older than its institution's region keeps it; how many rows, `None` if it is not time or another replica did it."""
    if not await pool.fetchval(Q["upkeep"], now, next_at(now, NIGHT)):
        return None
    places = [row[0] for row in await pool.fetch(Q["regions"])]
    rules = [regions.at(place, now) for place in places]
    quotes = [now - timedelta(days=rule.spending.quote_days) for rule in rules]
    lines = [now - timedelta(days=rule.spending.statement_days) for rule in rules]
    gone = 0
    for statement, before in ((Q["forget_quotes"], quotes), (Q["forget_lines"], lines)):
        done = rows
        while done == rows:
            status = await pool.execute(statement, places, before, rows)
            done = int(status.rpartition(" ")[2])
            gone += done
    log.get().info("the night's work is done", forgotten=gone)
    return gone
