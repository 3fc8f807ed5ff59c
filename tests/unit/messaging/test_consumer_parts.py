"""The consumer's own decisions, with fakes instead of clients."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError
from faststream.security import BaseSecurity, SASLScram512
from pydantic import SecretStr

from shared.messaging import broker, lenient
from shared.messaging import consumer as module
from shared.messaging.brake import Braked
from shared.messaging.consumer import Retry
from shared.messaging.tables import LostRace
from shared.metrics import Metrics
from tests.unit.messaging.fakes import PLACE, TP, FakeConn, make, records, settings


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
    one._delay = 600.0
    one.drain.give_up.set()
    async with asyncio.timeout(60):
        with pytest.raises(Retry):
            await one.handle(records(0))
    assert one._delay == 5.0


async def test_a_lost_race_does_not_wait_and_the_brake_waits_a_second_at_most() -> None:
    one, step, _ = make()
    step.errors = [LostRace(), Braked()]
    one._delay = 600.0
    with pytest.raises(Retry):
        async with asyncio.timeout(60):
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


async def test_a_partition_that_comes_late_does_not_hide_one_that_stands_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def idle(_: float) -> None:
        return None

    one, step, _ = make()
    monkeypatch.setattr(one, "idle", idle)
    step.paused = {("other", 1): 3}
    one.drain.positions.clear()
    await one.handle(records(4))  # not in place yet: it is put there
    await one.handle(records(4))
    assert "deploy this service" in one.health.red["version"]
    await one.drain.on_partitions_revoked([TP])
    assert step.paused == {}


async def test_only_what_was_handled_is_no_longer_behind_its_place() -> None:
    one, _, _ = make()
    one.failed = {PLACE: 5, ("other", 1): 3}
    await one.handle(records(5))
    assert one.failed == {("other", 1): 3}


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
    assert broker.security(settings()) is None
    tls = broker.security(settings(security_protocol="SSL"))
    assert isinstance(tls, BaseSecurity)
    assert tls.use_ssl
    scram = broker.security(
        settings(security_protocol="SASL_PLAINTEXT", kafka_username="u", kafka_password=SecretStr("p"))
    )
    assert isinstance(scram, SASLScram512)
    assert (scram.username, scram.password, scram.use_ssl) == ("u", "p", False)
    assert isinstance(broker.security(settings(security_protocol="SASL_SSL")), SASLScram512)


def test_a_swallowed_commit_failure_is_counted() -> None:
    metrics = Metrics()
    logger = broker.library_logger(metrics)
    logger.log(logging.CRITICAL, "commit failed")
    logger.error("something else")
    assert metrics.commit_failures._value.get() == 1
