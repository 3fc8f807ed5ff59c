"""A household with one telephone, told by the whole service as a process over real SIP, with a clock thirty times as fast."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest_asyncio

from deploy.local.testing import TestStack
from shared import clock
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import ChannelKind
from shared.testing.messages import MONDAY, uid
from tests.integration.notify.line import Line
from tests.integration.notify.records import decision, reachable

HOUSEHOLD = 3
PHONE = "13953837701"


@pytest_asyncio.fixture
async def line(
    stack: TestStack,
    database_urls: dict[str, str],
    smsc: tuple[int, Path],
    phone: tuple[int, Path],
    tmp_path: Path,
) -> AsyncIterator[Line]:
    fast = clock.with_anchor(f"{MONDAY.isoformat()}*30")
    group = f"notify-{time.time_ns()}"
    one = Line(stack.kafka, database_urls["notify"], smsc, phone, tmp_path, fast, group)
    await one.open()
    await one.start()
    yield one
    await one.close()


async def test_everybody_of_a_household_is_called_one_after_another(line: Line) -> None:
    now = clock.from_setting(line.clock)
    bindings = [uid(time.time_ns() % 10**9 * 10 + n) for n in range(HOUSEHOLD)]
    for n, binding_id in enumerate(bindings):
        spelling = (PHONE, f"+86{PHONE}", f"0086{PHONE}")[n % 3]
        who = reachable(60 + n).but(tel=spelling)
        await line.publish("registry.persons.recorded", who.recorded(), f"p-{n}-{line.group}", "authority")
        body = decision(
            60 + n, who, binding_id=binding_id, state=State.REFUSED, channel=ChannelKind.COUNTER, at=now.now()
        )
        await line.publish("binding.decisions.refused", body, f"d-{n}-{line.group}")
    for binding_id in bindings:
        told = await line.until(binding_id, "delivered", seconds=300)
        assert [one[:2] for one in told] == [("sent", "call"), ("delivered", "call")]
    assert len(line.calls(f"+86{PHONE}")) == HOUSEHOLD
    assert line.texts(f"+86{PHONE}") == []
    connection = await asyncpg.connect(line.database_url)
    rows = await connection.fetch("select started_at, ended_at from notify.attempts order by started_at")
    await connection.close()
    assert len(rows) == HOUSEHOLD
    for before, after in pairwise(rows):
        assert after["started_at"] >= before["started_at"] + timedelta(minutes=1)
        assert after["started_at"] >= before["ended_at"]
