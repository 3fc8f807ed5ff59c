"""The consumer's own decisions, with fakes instead of clients."""

import asyncio
import logging
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError
from faststream.security import BaseSecurity, SASLScram512
from pydantic import SecretStr

from shared.health import Health
from shared.messaging import consumer as module
from shared.messaging import lenient, watch
from shared.messaging.brake import Brake, Braked, Controls
from shared.messaging.consumer import Consumer, Retry
from shared.messaging.due import BATCH
from shared.messaging.records import PlainRecord
from shared.messaging.tables import LostRace
from shared.metrics import Metrics
from shared.settings import ServiceSettings

PLACE = ("t", 0)
TP = TopicPartition(*PLACE)


class FakeKafka:
    """aiokafka's consumer as far as ours touches it."""

    def __init__(self) -> None:
        self.sought: list[tuple[TopicPartition, int]] = []
        self.paused_now: set[TopicPartition] = set()
        self.error: Exception | None = None
        self.ends = {TP: 10}
        self.polls: list[Any] = []
        self.partitions: dict[str, set[int]] = {"t": {0}}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.sought.append((partition, offset))

    def assignment(self) -> set[TopicPartition]:
        return {TP}

    def paused(self) -> set[TopicPartition]:
        return self.paused_now

    def pause(self, partition: TopicPartition) -> None:
        self.paused_now.add(partition)

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return self.partitions.get(topic)

    async def end_offsets(self, _: Any) -> dict[TopicPartition, int]:
        if self.error:
            raise self.error
        return self.ends

    beginning_offsets = end_offsets

    async def getmany(self, *_: Any, **__: Any) -> Any:
        found = self.polls.pop(0)
        if isinstance(found, BaseException):
            raise found
        return found


class FakeConn:
    """A connection that knows one consumed offset."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    async def __aenter__(self) -> "FakeConn":
        return self

    async def __aexit__(self, *_: Any) -> None:
        return None

    def transaction(self) -> "FakeConn":
        return self

    acquire = transaction

    async def fetch(self, *_: Any) -> list[tuple[str, int, int]]:
        if self.error:
            raise self.error
        return [("t", 0, 4)]


class FakeStep:
    """Raises what it is told to."""

    def __init__(self) -> None:
        self.handler = SimpleNamespace(name="toy", topics=("t",))
        self.metrics, self.controls, self.pool = Metrics(), Controls(), FakeConn()
        self.paused: dict[tuple[str, int], int] = {}
        self.errors: list[Exception] = []
        self.sizes: list[int] = []

    async def run(self, records: Sequence[Any]) -> None:
        self.sizes.append(len(records))
        if self.errors:
            raise self.errors.pop(0)


def settings(**options: Any) -> ServiceSettings:
    told: dict[str, Any] = {"bootstrap_servers": "x:1", "database_url": SecretStr("postgresql://x")}
    return ServiceSettings(**(told | options))


class OurConsumer(Consumer):
    """A consumer with a fake client."""

    fake: FakeKafka

    @property
    def kafka(self) -> Any:
        return self.fake


def make(**options: Any) -> tuple[OurConsumer, FakeStep, FakeKafka]:
    step: Any = FakeStep()
    one = OurConsumer(settings(**options), step, Health(step.metrics))
    one.fake = FakeKafka()
    one.drain.positions[PLACE] = 0
    one._delay = 0.001
    return one, step, one.fake


def records(*offsets: int) -> list[PlainRecord]:
    return [PlainRecord("t", 0, offset, 0, b"k", b"v") for offset in offsets]


async def test_a_failed_batch_raises_retry_after_a_backoff_and_says_so() -> None:
    one, step, _ = make()
    step.errors = [ConnectionError(), ConnectionError()]
    for _ in range(2):
        with pytest.raises(Retry):
            await one.handle(records(0, 1))
    assert "ConnectionError" in one.health.red["batch"]
    assert one._delay == pytest.approx(0.004)
    await one.handle(records(0, 1))
    assert "batch" not in one.health.red
    assert one._delay == 0.05
    assert one.drain.positions[PLACE] == 2


async def test_a_rebalance_cuts_the_backoff_short() -> None:
    one, step, _ = make()
    step.errors = [ConnectionError()]
    one._delay = 5.0
    one.drain.give_up.set()
    async with asyncio.timeout(1):
        with pytest.raises(Retry):
            await one.handle(records(0))
    assert one._delay == 5.0


async def test_a_lost_race_does_not_wait_and_the_brake_waits_a_second_at_most() -> None:
    one, step, _ = make()
    step.errors = [LostRace(), Braked()]
    one._delay = 3.0
    with pytest.raises(Retry):
        async with asyncio.timeout(1):
            await one.handle(records(0))
    one.drain.give_up.set()
    with pytest.raises(Retry):
        await one.handle(records(0))
    assert one.health.red["brake"] == "pulled"


async def test_a_batch_that_takes_too_long_comes_again_in_parts() -> None:
    one, step, _ = make(max_records=4)
    step.errors = [TimeoutError()]
    with pytest.raises(Retry):
        await one.handle(records(0, 1, 2, 3))
    await one.handle(records(0, 1, 2, 3))
    await one.handle(records(4, 5, 6, 7))
    assert step.sizes == [4, 2, 2, 4]


async def test_a_seek_back_that_failed_is_done_again() -> None:
    """The library swallows a failed seek, and the batch after the failed one would be committed past it."""
    one, step, kafka = make()
    step.errors = [ConnectionError()]
    with pytest.raises(Retry):
        await one.handle(records(3, 4))
    await one.handle(records(5, 6))
    assert step.sizes == [2]
    assert kafka.sought == [(TP, 3)]
    await one.handle(records(3, 4, 5, 6))
    assert step.sizes == [2, 4]


async def test_records_of_a_partition_that_is_not_in_place_are_read_again_from_there() -> None:
    one, step, kafka = make()
    one.drain.positions.clear()
    await one.handle(records(9))
    assert step.sizes == []
    assert kafka.sought == [(TP, 4)]
    assert one.drain.positions == {PLACE: 4}


async def test_while_the_database_is_away_nothing_is_handled_or_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, step, kafka = make()
    one.drain.positions.clear()
    step.pool = FakeConn(asyncpg.CannotConnectNowError(""))

    async def at_once(_: float) -> None:
        return None

    monkeypatch.setattr("shared.messaging.drain.asyncio.sleep", at_once)
    await one.handle(records(9, 10))
    assert kafka.sought[-1] == (TP, 9)
    assert not one.fatal.done()
    assert step.sizes == []


async def test_a_shorter_topic_and_unknown_faults_end_the_process() -> None:
    one, _, kafka = make()
    kafka.ends = {TP: 3}
    await one.drain.on_partitions_assigned([TP])
    assert "shorter than what was read" in one.fatal.result()
    one, step, _ = make()
    step.pool = FakeConn(KeyError())
    await one.drain.on_partitions_assigned([TP])
    await one.drain.on_partitions_assigned([TP])
    assert "cannot take partitions: KeyError" in one.fatal.result()
    await one.drain.place([])


async def test_partitions_before_a_newer_version_stand_still() -> None:
    one, step, kafka = make()
    step.paused = {PLACE: 7, ("other", 1): 3}
    await one.handle(records(5, 6))
    await one.handle(records(6))
    assert kafka.paused_now == {TP}
    assert kafka.sought == [(TP, 7)]
    assert "deploy this service" in one.health.red["version"]


async def test_polls_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    one, _, kafka = make()
    kafka.polls = [GroupAuthorizationFailedError(), {}, {TP: records(1)}]
    one._watch_polls()
    with pytest.raises(KafkaError):
        await kafka.getmany()
    assert one.health.red["kafka"] == "GroupAuthorizationFailedError"
    assert await kafka.getmany() == {}
    assert "kafka" not in one.health.red
    assert len((await kafka.getmany())[TP]) == 1


async def test_a_consumer_that_failed_for_a_minute_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Losing the group's permission leaves a client that never heals."""
    one, _, _ = make()
    one._kafka_trouble(GroupAuthorizationFailedError())
    assert not one.fatal.done()
    assert one._broken_since is not None
    one._broken_since -= module.STUCK_SECONDS + 1
    one._kafka_trouble(GroupAuthorizationFailedError())
    one._kafka_trouble(GroupAuthorizationFailedError())
    assert "failed for a minute" in one.fatal.result()
    one.end("again")


async def test_reading_leniently_starts_from_what_was_handled_and_ends_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, _, kafka = make()
    monkeypatch.setattr(module, "LENIENT_POLLS", 1)
    one.drain.positions[PLACE] = 3
    bad = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")
    kafka.polls = [bad, {TP: records(3)}, {}, {TP: records(4)}, bad]
    one._watch_polls()
    assert await kafka.getmany() == {}
    assert lenient.is_lenient()
    assert kafka.sought == [(TP, 3)]
    for _ in range(3):
        await kafka.getmany()
    assert not lenient.is_lenient()
    one.drain.positions.clear()
    await kafka.getmany()
    assert one.drain.positions == {PLACE: 4}
    lenient.read_leniently(False)


def test_the_lenient_parser_leaves_what_is_no_batch_to_the_other() -> None:
    assert lenient._Records(b"").next_batch() is None


async def test_a_start_that_fails_leaves_no_client_behind() -> None:
    one, _, _ = make()
    calls: list[str] = []

    class Broker:
        async def start(self) -> None:
            raise ConnectionError

        async def stop(self) -> None:
            calls.append("stop")

    one._broker = Broker()  # type: ignore[assignment]
    with pytest.raises(ConnectionError):
        await one.start()
    assert calls == ["stop"]


async def test_liveness_is_the_life_of_each_task_and_progress() -> None:
    one, _, kafka = make()
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    coordinator: Any = SimpleNamespace(_coordination_task=done)
    kafka._coordinator = coordinator  # type: ignore[attr-defined]
    assert one._complaint() is None
    done.set_result(None)
    assert one._complaint() == "the coordination task has ended"
    del kafka._coordinator  # type: ignore[attr-defined]
    one.polled.limit = -1
    assert "no progress" in (one._complaint() or "")


def test_security() -> None:
    assert module._security(settings()) is None
    tls = module._security(settings(security_protocol="SSL"))
    assert isinstance(tls, BaseSecurity)
    assert tls.use_ssl
    scram = module._security(
        settings(security_protocol="SASL_PLAINTEXT", kafka_username="u", kafka_password=SecretStr("p"))
    )
    assert isinstance(scram, SASLScram512)
    assert (scram.username, scram.password, scram.use_ssl) == ("u", "p", False)
    assert isinstance(module._security(settings(security_protocol="SASL_SSL")), SASLScram512)


def test_a_swallowed_commit_failure_is_counted() -> None:
    metrics = Metrics()
    logger = module._library_logger(metrics)
    logger.log(logging.CRITICAL, "commit failed")
    logger.error("something else")
    assert metrics.commit_failures._value.get() == 1


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
