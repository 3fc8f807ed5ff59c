"""Thirty kinds of poison among 10,000 bills: each in the dead letters with its reason and its bytes; the neighbours do not notice."""

import asyncio
import time
from collections import Counter
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from aiokafka import AIOKafkaProducer

from deploy import topics
from shared.contracts.settlement_requests import Settle
from shared.messaging.reasons import Reason
from shared.testing.messages import bill, to_kafka
from tests.faults import checker, poison
from tests.faults.families import Family, families
from tests.faults.history import Heard, History, Sent, Tail
from tests.faults.load import HOSPITAL_SYSTEM, Load
from tests.faults.plan import Plan
from tests.faults.poison import Raw
from tests.pipeline.running import Line

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]
TOPIC = "settlement.requests"
REUSED = "id reused with another body"


class Placed(NamedTuple):
    """Where a record of the run came to stand. `kind` is none for a good one."""

    kind: str | None
    raw: Raw
    id: str
    partition: int
    offset: int
    at: float


async def test_poison(running: Line) -> None:
    """Each kind as often as the plan says, at places drawn by the seed."""
    plan, history, people = Plan("poison"), History(), families(6000, 150)
    names = {topic.name: topic.partitions for topic in topics.declared()}
    async with (
        Tail(running.kafka, names, history) as tail,
        Load(running.kafka, running.clock, history, people, plan.random) as load,
    ):
        await load.register(people)
        await running.quiet(notices=False)
        placed = await _publish(running, plan, people, history)
        good = [p for p in placed if p.kind is None]
        answered = history.answers
        await tail.until(
            lambda: all((HOSPITAL_SYSTEM, p.id) in answered for p in good), "the answers", plan["patience"]
        )
        await running.quiet(notices=False)
        bad = [p for p in placed if p.kind is not None]
        await tail.until(
            lambda: len(history.topics["settlement.dead-letters"]) >= len(bad),
            "the dead letters",
            plan["patience"],
        )
    delays, others = _delays(placed, history, plan["near"])
    print(f"  {len(placed)} records, {len(bad)} of them poison of {len(poison.KINDS) + 1} kinds")
    print(f"  neighbours answered within {max(delays):.2f} s, on average {sum(delays) / len(delays):.3f} s")
    print(f"  all others within {max(others):.2f} s, on average {sum(others) / len(others):.3f} s")
    assert _wrong_letters(bad, history) == []
    assert checker.doubled(history) + checker.lost(history) + checker.same_id_other_bytes(history) == []
    assert await checker.money(running.database_url, history) == []
    # A machine that stalls delays everybody; poison must delay its neighbours by no more than that.
    assert max(delays) < min(2 * max(others) + plan["within"], plan["patience"])
    assert await running.wrong() == {}


async def _publish(running: Line, plan: Plan, people: list[Family], history: History) -> list[Placed]:
    """Publishes everything in order, at the plan's rate; where each record came to stand."""
    kinds = [*poison.KINDS, REUSED] * plan["each"]
    places = dict(zip(plan.random.sample(range(100, plan["messages"]), len(kinds)), kinds, strict=True))
    producer = AIOKafkaProducer(
        bootstrap_servers=running.kafka,
        acks="all",
        enable_idempotence=True,
        linger_ms=5,
        max_request_size=2 << 20,
    )
    await producer.start()
    try:
        sent: list[tuple[str | None, Raw, str, asyncio.Future[Any]]] = []
        began, last, patient = time.monotonic(), "", people[0].wife
        for number in range(plan["messages"]):
            kind = places.get(number)
            if kind != REUSED:  # the same patient: on the same partition, behind the good record
                patient = plan.random.choice(people).wife
            at = running.clock.now() - timedelta(seconds=1)
            request = Settle(
                **bill(patient, plan.random.randrange(100, 2_000), number=number % 10_000, at=at)
            )
            id = last if kind == REUSED else f"bill-{number}"
            message = to_kafka(
                "settlement.requests.settle", request, HOSPITAL_SYSTEM, id, running.clock.now()
            )
            raw = Raw(message.topic, message.key, list(message.headers), message.value)
            if kind is None:
                last = id
                history.sent.append(
                    Sent("settlement.requests.settle", HOSPITAL_SYSTEM, id, request.msgid, acknowledged=1)
                )
            elif kind != REUSED:
                raw = poison.spoilt(kind, raw)
            future = await producer.send(raw.topic, raw.value, key=raw.key, headers=raw.headers)
            sent.append((kind, raw, id, future))
            if (ahead := number / plan["rate"] - (time.monotonic() - began)) > 0.02:
                await asyncio.sleep(ahead)
        placed = []
        for kind, raw, id, future in sent:
            where = await future
            placed.append(Placed(kind, raw, id, where.partition, where.offset, where.timestamp / 1000))
        return placed
    finally:
        await producer.stop()


def _wrong_letters(bad: list[Placed], history: History) -> list[str]:
    """Poison that is not, exactly once, in the dead letters with its reason, key, headers and bytes; and letters too many."""
    letters: dict[tuple[int, int], list[Heard]] = {}
    for letter in history.topics["settlement.dead-letters"]:
        told = dict(letter.headers)
        place = int(told["x-original-partition"] or b"-1"), int(told["x-original-offset"] or b"-1")
        letters.setdefault(place, []).append(letter)
    found = []
    for one in bad:
        mine = letters.pop((one.partition, one.offset), [])
        if len(mine) != 1:
            found.append(f"{one.kind}: {len(mine)} dead letters")
            continue
        reason = (dict(mine[0].headers)["x-reason"] or b"").decode()
        wanted = Reason.ID_REUSED if one.kind == REUSED else poison.KINDS[str(one.kind)][0]
        if reason != wanted:
            found.append(f"{one.kind}: {reason} instead of {wanted.value}")
        if mine[0].value != one.raw.value or not poison.same_headers(one.raw.headers, mine[0].headers):
            found.append(f"{one.kind}: value or headers are not the original's")
    reasons = Counter((dict(mine[0].headers)["x-reason"] or b"").decode() for mine in letters.values())
    return found + [f"{n} good records in the dead letters: {reason}" for reason, n in reasons.items()]


def _delays(placed: list[Placed], history: History, near: int) -> tuple[list[float], list[float]]:
    """Seconds from record to answer: of the good records near which a poison stands on the same partition, and of the others."""
    rows: dict[int, list[Placed]] = {}
    for one in placed:
        rows.setdefault(one.partition, []).append(one)
    delays: tuple[list[float], list[float]] = [], []
    for row in rows.values():
        row.sort(key=lambda one: one.offset)
        bad = [n for n, one in enumerate(row) if one.kind]
        close = {n for b in bad for n in range(b - near, b + near + 1) if 0 <= n < len(row)}
        for n, one in enumerate(row):
            if one.kind is None:
                first = min(answer.at for answer in history.answers[HOSPITAL_SYSTEM, one.id])
                delays[n not in close].append(first - one.at)
    return delays
