"""notify's yardstick: the real sender beside the per-message handler, but one notice a claim and one outcome a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from services.notify import outcomes
from services.notify.app import sender
from services.notify.providers.switch import Switch
from services.notify.settings import Settings
from shared import clock, db
from shared.ids import SystemIds
from shared.messaging.service import Running
from shared.messaging.step import BatchStep
from shared.metrics import Metrics


async def sending(
    handler: Any,
    settings: Settings,
    pool: db.Pool,
    wake: Callable[[], object],
    stopping: asyncio.Event,
) -> None:
    """Runs until `stopping`. `handler`: notify's; `wake` is called when there is something to publish."""
    vars(outcomes)["_AT_ONCE"] = 1
    many = Switch.room

    def room(self: Switch, running: Mapping[str, int], now: datetime) -> int:
        return min(1, many(self, running, now))

    setattr(Switch, "room", room)  # noqa: B010 - mypy lets nobody assign to a method
    now, ids = clock.from_setting(settings.clock), SystemIds()
    step = BatchStep(handler, pool, now, ids, committed=wake)
    await sender(settings, handler)(Running(pool, now, ids, Metrics(), stopping, step.apply))
