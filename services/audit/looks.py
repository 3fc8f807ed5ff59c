"""How often the second person disagrees with an approval that was drawn, told as figures beside the batches."""

from __future__ import annotations

import asyncio
import contextlib

from prometheus_client import Gauge

from services.audit import desk
from shared import log
from shared.db import is_infrastructure
from shared.messaging.service import Running

EVERY = 5.0
"""Real seconds between two counts."""
OUTCOMES = ("waiting", "agreed", "disagreed")


async def count(running: Running) -> None:
    """Background work of the service: counts at start and then now and again, by province (the first two digits of `admdvs`)."""
    looks = Gauge(
        "gongji_audit_looks", "Approvals drawn for a second person: waiting, or looked at in the last 30 days",
        ["region", "outcome"], registry=running.metrics.registry,
    )  # fmt: skip
    share = Gauge(
        "gongji_audit_disagreement_ratio", "Share of the second looks of the last 30 days that disagreed",
        ["region"], registry=running.metrics.registry,
    )  # fmt: skip
    while not running.stopping.is_set():
        try:
            await _tell(running, looks, share)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            log.get().warning("second looks not counted, trying again", **log.fault(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running.stopping.wait(), EVERY)


async def _tell(running: Running, looks: Gauge, share: Gauge) -> None:
    async with running.pool.acquire() as conn:
        rows = await desk.rates(conn, "", running.clock.now())
    looks.clear()
    share.clear()
    for row in rows:
        for outcome in OUTCOMES:
            looks.labels(row["region"], outcome).set(row[outcome])
        if found := row["agreed"] + row["disagreed"]:
            share.labels(row["region"]).set(row["disagreed"] / found)
