"""Wiring: settings become the handler that the core runs, and the sender beside it with its links to the outside."""

import asyncio
from datetime import UTC, datetime
from functools import partial

from services.notify import template_files
from services.notify.gauges import Gauges
from services.notify.handlers import NotifyHandler
from services.notify.keeping import Keeping
from services.notify.links import receipts_into
from services.notify.outcomes import Outcomes
from services.notify.providers import quiet
from services.notify.providers.balancing import Balancing
from services.notify.providers.interface import Around
from services.notify.providers.switch import Switch
from services.notify.reports import Reports
from services.notify.sender import Sender
from services.notify.settings import Settings
from services.notify.watching import Watching
from shared import clock, policies
from shared.contracts import sources
from shared.messaging.service import Background, Running


def build(settings: Settings) -> NotifyHandler:
    """The handler. Raises `PolicyError` or `TemplateError` with one line for each fault: it never runs with half of either."""
    centres = frozenset(one.id for one in sources.load().values() if one.message_centre)
    now = clock.from_setting(settings.clock)
    since = now.now() if settings.rebuilt else datetime.fromtimestamp(0, UTC)
    return NotifyHandler(
        now,
        policies.load(overlay=settings.regions_dir),
        centres,
        template_files.load(settings.templates_dir, sign=settings.sign),
        since,
        settings.seal(),
    )


def sender(settings: Settings, handler: NotifyHandler) -> Background:
    """The background work beside `handler`: providers, sender and outcomes, until the service stops. Raises `CatalogueError` for providers that cannot be."""
    entries = settings.catalogue()
    for entry in entries:
        entry.load()  # an SDK takes its time, in which no heartbeat and no receipt would be answered
    quiet.silence()

    async def work(running: Running) -> None:
        outcomes = Outcomes(running.apply)
        store = partial(receipts_into, outcomes, running.clock)
        around = Around(store, handler.templates.code)
        providers = [one.make(around) for one in entries]
        switches = [
            Switch(medium, [one for one in providers if one.medium == medium]) for medium in ("sms", "call")
        ]
        gauges = Gauges(running.metrics)
        handler.heard = lambda provider, seconds: gauges.delivery.labels(provider).observe(seconds)
        one = Sender(running.pool, outcomes, running.clock, handler.policies, switches, gauges, handler.seal)
        balancing = Balancing(running.pool, running.clock, switches, entries, gauges)
        await balancing.begin()
        keeping = Keeping(running.pool, running.clock, handler.policies, handler.seal, running.metrics)
        async with asyncio.TaskGroup() as group:
            watching = Watching(running.pool, running.clock, switches, gauges)
            beside = watching.run(), one.mind(), balancing.run(), keeping.run()
            links = [group.create_task(run) for run in (*beside, *(one.run() for one in providers))]
            storing, sending = group.create_task(outcomes.run()), group.create_task(one.run())
            if reports := Reports(providers, store, gauges):
                links.append(group.create_task(reports.run(settings.reports_host, settings.reports_port)))
            await running.stopping.wait()
            sending.cancel()
            await one.drain(3)
            for task in (*links, storing):
                task.cancel()

    return work
