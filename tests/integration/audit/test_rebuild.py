"""`binding.decisions` alone rebuilds every binding, and how it waits for people: read back from a topic that the broker has really compacted."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.testing import TestStack
from services.audit.domain import life
from services.audit.domain.model import CaseFile, Elapsed
from shared.contracts import binding_screenings as found
from shared.contracts import review_verdicts as said
from shared.contracts.base import Message
from shared.contracts.binding_decisions import BindingState, State
from shared.contracts.binding_requests import MaterialKind, Relation, Side, Terms
from shared.contracts.reasons import reason
from shared.policies.types import SecondEyes
from shared.policies.values import Review
from shared.testing.messages import MONDAY, uid
from tests.integration.audit.replica import Replica
from tests.unit.audit.line import consent_needed, passed, policy, refused

KINDS = 14
EACH = 12
DAY = timedelta(days=1)
PATIENCE = 240
CONFIG = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01", "min.compaction.lag.ms": "0", "delete.retention.ms": "0"}  # fmt: skip
PUBLIC = (
    "binding_id, version, state, at, round, admdvs, channel, sponsor_psn_no, beneficiary_psn_no, relation, requested_at, due_at, "
    "reviewer, body, since, second_eyes, reminded, overdue"
)
END = MONDAY + 30 * DAY
REVIEW = Review(second_eyes=(SecondEyes(relations=frozenset({Relation.SPOUSE})),), working_days=5)
BEGINS = {10: END - timedelta(hours=2), 11: END - 5 * DAY, 12: MONDAY, 13: END - 7 * DAY}
"""Kinds that wait for people in the end, and from when: not half, half, all and nine tenths of five working days ago."""


def first(n: int) -> Message:
    """The screening with which the n-th binding begins: so many kinds of lives."""
    kinds: dict[int, Message] = {
        1: passed(proven=()),
        2: refused("account-frozen"),
        3: consent_needed(),
        4: refused("materials-missing"),
        5: passed(terms=Terms(enddate=(MONDAY + 2 * DAY).date())),
        10: passed(proven=(), relation=Relation.SPOUSE),
    }
    kinds |= dict.fromkeys((11, 12, 13), passed(proven=()))
    one = kinds.get(n % KINDS, passed())
    papers = {"supplement": (MaterialKind.HOUSEHOLD_REGISTER,)} if n % KINDS == 4 else {}
    return one.model_copy(update={"binding_id": uid(n)} | papers)


def then(n: int) -> list[Message]:
    """What happens to it a day later."""
    about: dict[str, Any] = {"binding_id": uid(n), "at": MONDAY + DAY}
    paper: dict[str, Any] = {"binding_id": uid(n), "operator_id": "op-1", "document": "7号"}
    gone = (reason("ended-by-beneficiary"),)
    events: dict[int, list[Message]] = {
        1: [said.VerdictGiven(binding_id=uid(n), operator_id="op-2", decision=said.Decision.APPROVE)],
        3: [found.Withdrawn(**about)],
        6: [said.Suspended(**paper, effective_at=MONDAY + DAY)],
        7: [found.ChangeChecked(**about, order=2), found.ChangeChecked(**about, terms=Terms(enddate=(MONDAY + 90 * DAY).date()))],
        8: [found.UnbindChecked(**about, by=Side.BENEFICIARY, reasons=gone, effective_at=MONDAY + DAY)],
        9: [said.Suspended(**paper, effective_at=MONDAY + DAY), said.Resumed(**paper, effective_at=MONDAY + 2 * DAY)],
    }  # fmt: skip
    return events.get(n % KINDS, [])


async def lived(replica: Replica) -> None:
    """So many bindings of each kind live for a month; what waits for papers expires, what has an end date ends.

    Of those that wait for people in the end the terms are changed, so that their last decision is not the one with which they began to wait.
    """
    numbers = range(KINDS * EACH)
    await replica.take(*(first(n) for n in numbers if BEGINS.get(n % KINDS, MONDAY) == MONDAY))
    await replica.wait(MONDAY + DAY)
    await replica.take(*(event for n in numbers for event in then(n)))
    for kind in sorted({10, 11, 13}, key=lambda kind: BEGINS[kind]):
        await replica.wait(BEGINS[kind])
        await replica.take(*(first(n) for n in numbers if n % KINDS == kind))
    await replica.wait(END - DAY / 24)
    waiting = [uid(n) for n in numbers if n % KINDS in BEGINS]
    await replica.take(*(found.ChangeChecked(binding_id=one, at=END, order=3) for one in waiting))
    await replica.wait(END)


async def compacted(kafka: str, published: list[bytes], wanted: int) -> list[tuple[bytes, bytes]]:
    """Publishes the decisions, waits until the broker has thrown old versions away, and reads what is left. Fails if it never does."""
    topic = f"rebuild.{time.time_ns()}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=CONFIG)])
        async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
            for body in published:
                await producer.send(topic, body, key=_key(body))
            await producer.flush()
            deadline = time.monotonic() + PATIENCE
            while True:
                await asyncio.sleep(1)
                # The last segment is never compacted: one more record of a key of its own makes the broker begin another.
                await producer.send_and_wait(topic, b"", key=b"filler")
                left = [one for one in await _read(kafka, topic) if one[0] != b"filler"]
                if len(left) == wanted:
                    return left
                assert time.monotonic() < deadline, f"{len(left)} records of {len(published)} are left"
    finally:
        await admin.delete_topics([topic])
        await admin.close()


def _key(body: bytes) -> bytes:
    return str(BindingState.model_validate_json(body).binding_id).encode()


async def _read(kafka: str, topic: str) -> list[tuple[bytes, bytes]]:
    place = TopicPartition(topic, 0)
    async with AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest") as reader:
        reader.assign([place])
        end = (await reader.end_offsets([place]))[place]
        await reader.seek_to_beginning(place)
        found = []
        while await reader.position(place) < end:
            for records in (await reader.getmany(place, timeout_ms=1000)).values():
                found += [(record.key, record.value) for record in records]
        return found


def rebuilt(body: bytes) -> tuple[CaseFile, list[tuple[str, str, datetime]]]:
    """A binding from its last decision alone, once everything has fired that is due, and what it still waits for."""
    file = CaseFile(BindingState.model_validate_json(body))
    rows = [(kind, str(file.state.binding_id), at) for kind, at in life.dues(file).items()]
    for kind, _, at in sorted(rows, key=lambda one: one[2]):
        if at <= END:
            outcome = life.advance(file, Elapsed(kind), at, policy(review=REVIEW))
            assert outcome.file is not None
            assert not outcome.steps, "nothing is decided a second time"
            file = outcome.file
    return file, [one for one in rows if one[2] > END]


def row(body: bytes) -> tuple[Any, ...]:
    """The columns of a binding, from its last decision alone."""
    file, _ = rebuilt(body)
    state, case = file.state, file.state.case
    return (
        state.binding_id,
        state.version,
        state.state,
        state.at,
        state.round,
        case.admdvs,
        case.channel,
        case.sponsor.psn_no,
        case.beneficiary.psn_no if case.beneficiary else None,
        case.relation,
        case.requested_at,
        state.due_at,
        state.reviewer,
        body.decode(),
        state.since,
        state.second_eyes,
        file.reminded,
        file.overdue,
    )


@pytest.mark.timeout(600)
async def test_the_compacted_topic_rebuilds_every_row(
    stack: TestStack, database_urls: dict[str, str]
) -> None:
    replica = await Replica.open(database_urls["audit"], review=REVIEW)
    try:
        await lived(replica)
        published = [body for body, _ in await replica.published()]
        rows = await replica.pool.fetch(f"select {PUBLIC} from binding order by binding_id")
        dues = await replica.pool.fetch("select kind, entity, due_at from due order by 1, 2")
    finally:
        await replica.pool.close()
    assert {one["state"] for one in rows} >= {
        State.APPROVED, State.SUSPENDED, State.ENDED, State.REFUSED, State.WITHDRAWN, State.EXPIRED
    }  # fmt: skip
    assert len(published) > 2 * len(rows) > 0
    left = await compacted(stack.kafka, published, len(rows))
    assert sorted(row(body) for _, body in left) == [tuple(one) for one in rows]
    waiting = [one for one in rows if one["state"] == State.UNDER_REVIEW]
    assert {(one["reminded"], one["overdue"]) for one in waiting} == {
        (0, False), (50, False), (90, False), (90, True)
    }  # fmt: skip
    assert {one["second_eyes"] for one in waiting} == {True, False}
    waits = sorted(one for _, body in left for one in rebuilt(body)[1])
    assert waits == [tuple(one) for one in dues], (
        "what a rebuilt service waits for is what this one waits for"
    )
