"""What the staff of the ledger are shown of themselves: how many breaks are open, past their deadline, and how old the oldest is."""

import asyncio
import contextlib

from prometheus_client import Gauge

from services.settlement.reconciling.storage import Q
from shared.db import is_infrastructure
from shared.messaging.service import Running

EVERY_SECONDS = 15.0


async def watch(running: Running) -> None:
    """The background work of one replica, until the service stops. Ages are seconds of the service's clock."""
    registry = running.metrics.registry
    count = Gauge("gongji_settlement_breaks_open", "Breaks of the reconciliation that are open", registry=registry)  # fmt: skip
    late = Gauge("gongji_settlement_breaks_overdue", "Open breaks past their deadline", registry=registry)
    oldest = Gauge(
        "gongji_settlement_break_oldest_seconds", "Age of the oldest open break", registry=registry
    )
    while not running.stopping.is_set():
        try:
            now = running.clock.now()
            row = await running.pool.fetchrow(Q["figures"], now)
            assert row is not None  # an aggregate
            count.set(row[0])
            late.set(row[1])
            oldest.set((now - row[2]).total_seconds() if row[2] is not None else 0)
        except Exception as error:
            if not is_infrastructure(error):
                raise
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running.stopping.wait(), EVERY_SECONDS)
