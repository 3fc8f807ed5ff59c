"""The tasks beside the subscriber."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import GroupAuthorizationFailedError

from shared.health import Health
from shared.messaging import watch
from shared.messaging.brake import Brake, Braked, Controls
from shared.messaging.due import BATCH
from shared.metrics import Metrics
from tests.unit.messaging.fakes import PLACE, make


class Stop(Exception):
    """Ends an endless loop of a test."""


def sleeps(monkeypatch: pytest.MonkeyPatch, rounds: int) -> list[float]:
    """Lets `rounds` sleeps of the watch module pass at once, then stops."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > rounds:
            raise Stop

    monkeypatch.setattr("shared.messaging.watch.asyncio.sleep", sleep)
    return slept


async def test_a_silent_broker_turns_readiness_red_and_lag_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, step, kafka = make()
    kafka.error = GroupAuthorizationFailedError()
    sleeps(monkeypatch, 0)
    with pytest.raises(Stop):
        await watch.watch_kafka(one, one.health)
    assert one.health.red["broker"] == "GroupAuthorizationFailedError"
    kafka.error = None
    with pytest.raises(Stop):
        await watch.watch_kafka(one, one.health)
    assert "broker" not in one.health.red
    assert (
        step.metrics.registry.get_sample_value("gongji_lag_records", {"topic": "t", "partition": "0"}) == 10
    )


class FakeDues:
    """Due rows that fire or raise as told."""

    def __init__(self, step: Any, *results: Any) -> None:
        self.step, self.results = step, list(results)
        self.noted: list[Any] = []

    async def waiting(self) -> bool:
        return bool(self.results)

    async def note_read(self, ends: Any, before: Any) -> None:
        self.noted.append(ends)

    async def fire(self, places: Any) -> int:
        assert places == {PLACE}
        found = self.results.pop(0)
        if isinstance(found, Exception):
            raise found
        return int(found)


async def test_due_rows_are_fired_until_none_is_left_and_trouble_is_waited_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, step, kafka = make()
    step.clock = SimpleNamespace(now=lambda: 0)  # type: ignore[attr-defined]
    dues: Any = FakeDues(step, BATCH, 3, Braked(), ConnectionError())
    slept = sleeps(monkeypatch, 6)
    with pytest.raises(Stop):
        await watch.watch_due(one, dues)
    assert dues.results == []
    assert slept.count(1.0) == 2
    assert dues.noted[0] == {PLACE: 0}  # it begins where it ends: nothing is left to be read
    sleeps(monkeypatch, 6)
    with pytest.raises(KeyError):
        await watch.watch_due(one, FakeDues(step, KeyError()))  # type: ignore[arg-type]
    kafka.partitions = {}
    assert await watch.all_places(one) == set()
    one.drain.positions.clear()
    noted = len(dues.noted)
    await watch.note_read(one, dues)
    assert len(dues.noted) == noted


class FakePool:
    """Answers one statement after the other."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    async def _next(self, *_: Any, **__: Any) -> Any:
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    fetchval = fetchrow = execute = _next


async def test_the_state_of_the_database_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, controls, brake = Metrics(), Controls(), Brake(run=2)
    health = Health(metrics)
    brake.note([True])
    pool: Any = FakePool("off", ("why", ["app"]), "on", (None, []), ConnectionError())
    sleeps(monkeypatch, 0)
    seen = []
    for _ in range(3):
        with pytest.raises(Stop):
            await watch.watch_database(pool, controls, health, metrics, brake)
        seen.append((health.red.get("database"), health.red.get("brake"), len(controls.set_aside)))
    assert seen == [(None, "why", 1), ("read-only", None, 0), ("ConnectionError", None, 0)]
    assert not brake.trips([True])  # released: it starts to count anew


async def test_old_ids_are_forgotten_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    clock: Any = SimpleNamespace(now=lambda: __import__("datetime").datetime(2026, 1, 1))
    pool: Any = FakePool(f"DELETE {watch.PRUNE_ROWS}", "DELETE 3", "DELETE 0", ConnectionError(), KeyError())
    slept = sleeps(monkeypatch, 3)
    with pytest.raises(KeyError):
        await watch.prune(pool, clock, 10)
    assert len(slept) == 3
    assert pool.answers == []
