"""The background work: overdue reservations are counted, old rows go, and a database that is away stops nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from services.eligibility import upkeep as module
from services.eligibility.upkeep import KEPT, longest_consent, upkeep
from shared.clock import SystemClock
from shared.ids import SystemIds
from shared.messaging.service import Running
from shared.metrics import Metrics
from shared.policies import Policies
from shared.testing.identities import adult, child
from shared.testing.messages import MONDAY
from tests.integration.eligibility.replica import Replica
from tests.integration.eligibility.test_slots import registry, relation, request
from tests.unit.eligibility.line import demo_policies

OVERDUE = "gongji_eligibility_reservations_overdue"


@pytest_asyncio.fixture
async def replica(database_urls: dict[str, str]) -> AsyncIterator[Replica]:
    made = await Replica.open(database_urls["eligibility"], {})
    father, kid = adult(1, admdvs="370900"), child(2, admdvs="370900")
    await made.take(*registry(father, kid), relation(father, kid, "child"))
    await made.take(request(1, father, kid, "child"))
    yield made
    await made.pool.close()


def running(replica: Replica, days: int) -> Running:
    """As the core would run it, so many days later."""

    async def apply(_: Any) -> None:
        raise AssertionError("it decides nothing")

    later = SystemClock((MONDAY + timedelta(days=days)).timestamp(), datetime.now(UTC).timestamp())
    return Running(replica.pool, later, SystemIds(), Metrics(), asyncio.Event(), apply)


async def once(place: Running) -> float | None:
    """One round of the work, to its end, although the service stops meanwhile."""
    task = asyncio.create_task(_run(place))
    while place.metrics.registry.get_sample_value(OVERDUE) is None:
        await asyncio.sleep(0.01)
    place.stopping.set()
    await asyncio.wait_for(task, 60)
    return place.metrics.registry.get_sample_value(OVERDUE)


async def _run(place: Running) -> None:
    await upkeep(demo_policies())(place)


@pytest.mark.parametrize(("days", "overdue"), [(29, 0), (31, 1)])
async def test_a_slot_past_its_deadline_is_counted(replica: Replica, days: int, overdue: int) -> None:
    assert await once(running(replica, days)) == overdue
    assert await replica.pool.fetchval("select count(*) from screenings") == 1


async def test_the_record_goes_after_a_year(replica: Replica) -> None:
    await once(running(replica, KEPT.days + 2))
    assert await replica.pool.fetchval("select count(*) from screenings") == 0
    assert await replica.pool.fetchval("select count(*) from bindings") == 1, (
        "it still waits for its decision"
    )


async def test_a_database_that_is_away_is_asked_again(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.01)
    calls: list[int] = []

    class Away:
        def __getattr__(self, name: str) -> Any:
            if not calls:
                calls.append(1)
                raise asyncpg.ConnectionDoesNotExistError("")
            return getattr(replica.pool, name)

    away: Any = Away()
    place = replace(running(replica, 31), pool=away)
    assert await asyncio.wait_for(_until_counted(place), 60) == 1


async def _until_counted(place: Running) -> float | None:
    task = asyncio.create_task(_run(place))
    while not place.metrics.registry.get_sample_value(OVERDUE):
        await asyncio.sleep(0.01)
    place.stopping.set()
    await task
    return place.metrics.registry.get_sample_value(OVERDUE)


def test_the_longest_wait_for_a_consent_is_that_of_any_region_on_any_day() -> None:
    tree = demo_policies()
    assert longest_consent(tree) == max(
        entry.value for f in tree.files.values() for entry in f.entries.get("binding.consent_days", ())
    )
    assert longest_consent(Policies({})) == 7, "the default of the format"
