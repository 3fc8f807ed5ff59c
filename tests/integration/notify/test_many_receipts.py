"""Ten thousand receipts, some twice, some early, some after the last word: through a real SMPP session into PostgreSQL, all end right."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
import smpp34

from deploy.local.ports import free_port
from services.notify.gauges import Gauges
from services.notify.links import receipts_into
from services.notify.outcomes import Outcomes
from services.notify.providers.interface import Around
from services.notify.providers.options import SmppSettings
from services.notify.providers.smpp import Smpp
from services.notify.providers.switch import Switch
from services.notify.sender import Sender
from shared import db
from shared.messaging.records import Outgoing, PlainRecord
from shared.metrics import Metrics
from tests.integration.notify.bench_line import SEAL, Bench, migrated
from tests.integration.notify.crowd import abouts, decisions, persons, who

PEOPLE = range(640_000, 645_000)  # two parts each
FINAL = {0: ("UNDELIV", "UNDELIV"), 1: ("EXPIRED", "EXPIRED"), 2: ("DELIVRD", "REJECTD")}
ATTEMPT = {0: "permanent-failure", 1: "temporary-failure", 2: "permanent-failure"}
KINDS = {0: "twice", 1: "before the answer", 2: "intermediate last"}
"""Of twenty receipts each."""
STATES = """select n.about, n.state, n.reason, a.state as attempt from notices n join attempts a on a.notice_id = n.id
    where n.about = any($1)"""
FATES = "select fate, count(*) from parts group by 1"


@dataclass
class Scrambler:
    """An SMS centre (server of `smpp34`) that keeps no order: by number of the person it says what becomes of each part."""

    port: int
    chance: random.Random
    kinds: Counter[str] = field(default_factory=Counter)
    sessions: dict[str, Any] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    taken: int = 0

    async def run(self) -> None:
        server = smpp34.Server("127.0.0.1", self.port, system_id="scrambler", inbound_capacity=4096)
        await server.start()
        while True:
            event = await server.next()
            if isinstance(event, smpp34.Esme):
                self.sessions[event.session_id] = event
            elif isinstance(event, smpp34.SubmitSmEvent):
                self._begin(self._submitted(event))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _submitted(self, event: Any) -> None:
        self.taken += 1
        name, part = f"r{self.taken:x}", event.short_message[5] - 1
        final = FINAL.get(who(event.destination_addr) % 10, ("DELIVRD", "DELIVRD"))[part]
        kind = KINDS.get(self.chance.randrange(20), "usual")
        self.kinds[kind] += 1
        told = {"twice": [final, final], "intermediate last": [final, "ENROUTE"]}.get(kind, [final])
        if kind == "before the answer":
            await self._receipt(event, name, told.pop())  # stored before anybody knows whose it is
        event.accept(name)
        for word in told:
            await self._receipt(event, name, word)

    async def _receipt(self, event: Any, name: str, word: str) -> None:
        self.kinds["receipts"] += 1
        text = f"id:{name} sub:001 dlvrd:001 submit date:2611231000 done date:2611231001 stat:{word} err:000 text:"
        reply = await self.sessions[event.session_id].deliver_sm(
            event.source_addr, text.encode(), source_addr=event.destination_addr, esm_class=4
        )
        assert reply.is_success


@pytest_asyncio.fixture
async def pool(database_urls: dict[str, str]) -> AsyncIterator[db.Pool]:
    one = await migrated(database_urls["notify"])
    yield one
    await one.close()


@pytest.mark.timeout(300)
async def test_ten_thousand_receipts_twice_early_and_out_of_order_end_right(pool: db.Pool) -> None:
    seed = random.getrandbits(32)
    print(f"\nseed {seed}")
    centre, bench = Scrambler(free_port(), random.Random(seed)), Bench(pool)
    outcomes = Outcomes(bench.step.apply)
    provider = smpp(centre.port, outcomes, bench)
    sender = Sender(
        pool,
        outcomes,
        bench.clock,
        bench.policies,
        [Switch("sms", [provider]), Switch("call", [])],
        Gauges(Metrics()),
        SEAL,
    )
    await handled(bench, persons(PEOPLE) + decisions(PEOPLE))
    async with asyncio.timeout(250):
        served = asyncio.create_task(centre.run())
        await asyncio.sleep(0)
        work = [asyncio.create_task(one) for one in (outcomes.run(), provider.run(), sender.run())]
        while await pool.fetchval("select count(*) from notices where next_at is not null") or centre.tasks:
            for one in (served, *work):
                assert not one.done(), one
            await asyncio.sleep(0.2)
        for one in (served, *work):
            one.cancel()
        await asyncio.gather(served, *work, return_exceptions=True)
    print(dict(centre.kinds))
    await judge(pool, centre)


def smpp(port: int, outcomes: Outcomes, bench: Bench) -> Smpp:
    settings = SmppSettings(host="127.0.0.1", port=port, window=50, timeout=60)
    store = partial(receipts_into, outcomes, bench.clock)
    return Smpp("smpp", settings, Around(store, lambda _, __: None))


async def handled(bench: Bench, records: list[Outgoing]) -> None:
    """In batches, as the consumer brings them."""
    stamp = int(bench.clock.now().timestamp() * 1000)
    plain = [
        PlainRecord(one.topic, 0, n, stamp, one.key, one.value, one.pairs())
        for n, one in enumerate(records, 1)
    ]
    for begin in range(0, len(plain), 500):
        await bench.step.run(plain[begin : begin + 500])


async def judge(pool: db.Pool, centre: Scrambler) -> None:
    """Each part and each notice ended as the centre meant it, after one text."""
    assert min(centre.kinds[kind] for kind in KINDS.values()) > 300, centre.kinds
    assert {row[0]: row[1] for row in await pool.fetch(FATES)} == {
        "delivered": len(PEOPLE) * 15 // 10, "permanent": len(PEOPLE) * 3 // 10, "temporary": len(PEOPLE) * 2 // 10,
    }  # fmt: skip
    rows = {row["about"]: row for row in await pool.fetch(STATES, abouts(PEOPLE))}
    assert len(rows) == len(PEOPLE)
    for n, about in zip(PEOPLE, abouts(PEOPLE), strict=True):
        row, meant = rows[about], ATTEMPT.get(n % 10)
        ended = (row["attempt"], row["state"])
        assert ended == ((meant, "handed-to-staff") if meant else ("delivered", "delivered")), (n, dict(row))
