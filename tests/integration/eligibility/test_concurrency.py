"""Requests at the same moment on real PostgreSQL: whatever the interleaving, the result is that of some order, one after the other."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import asyncpg
import pytest

from services.eligibility.domain.person import person_key
from services.eligibility.trial import Trial
from shared.contracts.binding_requests import Submitted
from shared.messaging.handler import Event
from shared.messaging.tables import LostRace
from shared.testing.identities import MadeUp, adult, child
from shared.testing.messages import MONDAY, KafkaMessage, related, submitted, to_kafka
from shared.testing.proofs import face_check
from tests.integration.eligibility.replica import PARTITIONS, Replica
from tests.integration.eligibility.test_slots import registry, relation, request
from tests.unit.eligibility.line import demo_policies, provider_keys

TAIAN = "370900"  # one sponsor of a beneficiary, eight beneficiaries of a sponsor


async def take(replica: Replica, *messages: KafkaMessage, partition: int) -> int:
    """As the consumer does: what is infrastructure's fault is tried again. How many deadlocks there were."""
    records = replica.records(*messages, partition=partition)
    deadlocks = 0
    while True:
        try:
            await replica.step.run(records)
        except (asyncpg.DeadlockDetectedError, LostRace) as error:
            deadlocks += isinstance(error, asyncpg.DeadlockDetectedError)
            await asyncio.sleep(0.05)
        else:
            return deadlocks


async def dead_letters(replica: Replica) -> list[Any]:
    return [body for topic, _, body in await replica.said() if topic.endswith("dead-letters")]


@pytest.mark.parametrize("sponsor_first", [True, False])
async def test_who_comes_to_the_lock_first_wins_and_the_other_reads_a_refusal(
    replicas: list[Replica], database_urls: dict[str, str], sponsor_first: bool
) -> None:
    """The child's row is held until both requests wait for it, in the one order and in the other."""
    numbers = range(8)
    fathers = [adult(2 * n + 1, admdvs=TAIAN) for n in numbers]
    mothers = [adult(2 * n + 2, admdvs=TAIAN) for n in numbers]
    kids = [child(200 + n, admdvs=TAIAN) for n in numbers]
    await replicas[0].take(*registry(*fathers, *mothers, *kids))
    await replicas[0].take(*(relation(p, kid, "child") for p, kid in zip(fathers + mothers, kids * 2, strict=True)))  # fmt: skip
    for n in numbers:
        father = replicas[0].take(request(2 * n, fathers[n], kids[n], "child"), partition=1)
        mother = replicas[1].take(request(2 * n + 1, mothers[n], kids[n], "child"), partition=2)
        pair = (father, mother) if (n % 2 == 0) is sponsor_first else (mother, father)
        async with replicas[2].pool.acquire() as conn, conn.transaction():
            key = person_key(kids[n].certificate())
            assert await conn.fetch("select person from people where person = $1 for update", key)
            tasks = []
            for waiting, work in enumerate(pair, start=1):
                tasks.append(asyncio.ensure_future(work))
                await _waiting(database_urls["admin"], waiting)
        await asyncio.gather(*tasks)
    said = await replicas[0].said()
    passed = [b["case"]["beneficiary"]["psn_no"] for _, kind, b in said if kind.endswith("screenings.passed")]
    refused = [[r["code"] for r in b["reasons"]] for _, kind, b in said if kind.endswith("screenings.refused")]  # fmt: skip
    assert sorted(passed) == sorted(k.psn_no for k in kids)
    assert refused == [["already-bound-elsewhere"]] * len(numbers)
    assert await dead_letters(replicas[0]) == []


async def _waiting(url: str, count: int) -> None:
    """Until so many sessions of this database wait for a lock."""
    conn = await asyncpg.connect(url)
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    try:
        async with asyncio.timeout(60):
            while await conn.fetchval(waiting) < count:
                await asyncio.sleep(0.005)
    finally:
        await conn.close()


async def test_one_of_32_sponsors_gets_a_child_that_all_ask_for_at_once(replicas: list[Replica]) -> None:
    kid, sponsors = child(2, admdvs=TAIAN), [adult(101 + n, admdvs=TAIAN) for n in range(32)]
    await replicas[0].take(*registry(kid, *sponsors))
    await replicas[0].take(*(relation(s, kid, "child") for s in sponsors))
    asked = [request(n, s, kid, "child") for n, s in enumerate(sponsors)]
    await asyncio.gather(*(take(replicas[n % 4], message, partition=n) for n, message in enumerate(asked)))
    kinds = Counter(kind for _, kind, _ in await replicas[0].said())
    assert (kinds["binding.screenings.passed"], kinds["binding.screenings.refused"]) == (1, 31)
    assert await dead_letters(replicas[0]) == []


class Town:
    """Families that overlap: everybody asks for many, in batches by partition as the topic would have them."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.people = [adult(n + 1, admdvs=TAIAN) for n in range(30)]
        self.facts = registry(*self.people)
        self.pairs = [(one, other) for one in self.people for other in self.people if one.psn_no < other.psn_no]  # fmt: skip
        self.requests: dict[str, Submitted] = {}
        self.partitions: dict[int, list[KafkaMessage]] = {}
        for number in range(160):
            sponsor, relative = random.sample(self.people[20:], 2)
            if random.random() < 0.8:  # two come to their own cap, and ask for the same people
                sponsor, relative = self.people[number % 2], random.choice(self.people[2:])
            check = face_check(sponsor, MONDAY, transaction_no=f"T{number}")
            body = submitted(sponsor, relative, relation="sibling", number=number, face_check=check)
            self.requests[str(body.binding_id)] = body
            message = to_kafka("binding.requests.submitted", body, "taian-app", f"m-{number}")
            self.partitions.setdefault(self.people.index(sponsor) % PARTITIONS, []).append(message)

    def relations(self) -> Sequence[KafkaMessage]:
        return [relation(one, other, "sibling") for one, other in self.pairs]

    async def work_off(self, replica: Replica, partition: int) -> int:
        """The messages of one partition, in their order, in batches of any size."""
        left, deadlocks, random = list(self.partitions[partition]), 0, Random(partition)
        while left:
            size = random.randrange(1, 6)
            batch, left = left[:size], left[size:]
            deadlocks += await take(replica, *batch, partition=partition)
        return deadlocks

    def alone(self, order: Sequence[str]) -> list[tuple[str, str]]:
        """Outcome and codes of the same requests one after the other, in memory."""
        trial = Trial(demo_policies(), provider_keys())
        for person in self.people:
            trial.send("registry.persons.recorded", person.recorded(), at=MONDAY, source="authority")
        for one, other in self.pairs:
            trial.send("registry.relations.recorded", related(one, other, "sibling"), at=MONDAY, source="authority")  # fmt: skip
        for id in order:
            body = self.requests[id]
            trial.send("binding.requests.submitted", body, at=MONDAY, source="taian-app")
        return [(row.outcome, row.codes) for row in trial.work.screened]


@pytest.mark.parametrize("seed", range(3))
async def test_concurrent_batches_leave_what_some_serial_order_leaves(
    replicas: list[Replica], seed: int
) -> None:
    """Rows of the record are numbered while the locks are held: their order is a serial order of all requests."""
    town = Town(seed)
    await replicas[0].take(*town.facts)
    await replicas[0].take(*town.relations())
    places = sorted(town.partitions)
    found = await asyncio.gather(*(town.work_off(replicas[n % 4], p) for n, p in enumerate(places)))
    assert sum(found) == 0, "locks are taken in one order everywhere"
    assert await dead_letters(replicas[0]) == []
    rows = await replicas[0].pool.fetch("select binding_id, outcome, codes from screenings order by id")
    assert len(rows) == len(town.requests)
    said = [(row["outcome"], row["codes"]) for row in rows]
    assert said == town.alone([str(row["binding_id"]) for row in rows])
    held = await replicas[0].pool.fetch("select sponsor, beneficiary from bindings where stage = 'passed'")
    assert max(Counter(row["beneficiary"] for row in held).values()) == 1
    assert max(Counter(row["sponsor"] for row in held).values()) <= 8
    assert {"too-many-beneficiaries", "already-bound-elsewhere"} <= {c for _, codes in said for c in codes.split()}  # fmt: skip


async def test_new_people_and_requests_about_them_at_the_same_moment(replicas: list[Replica]) -> None:
    """Rows of persons are made while others wait for them: no deadlock, nobody twice, everybody answered."""
    for turn in range(6):
        base = 12 * turn
        parents = [adult(1 + base + n, admdvs=TAIAN) for n in range(12)]
        kids = [child(101 + base + n, admdvs=TAIAN) for n in range(12)]
        people = [*parents, *kids]
        again = [p.but(psn_no=f"{p.psn_no}9") for p in people]  # the same persons under a second number
        batches = [
            (registry(*people), 1),
            (registry(*reversed(again)), 2),
            (registry(*Random(turn).sample([p.but(psn_no=f"{p.psn_no}8") for p in people], 24)), 3),
            ([request(2 * base + n, p, k, "child") for n, (p, k) in enumerate(zip(parents, kids, strict=True))], 4),
            ([request(2 * base + 12 + n, p, k, "child") for n, (p, k) in enumerate(zip(parents, reversed(kids), strict=True))], 5),
        ]  # fmt: skip
        work = (take(replicas[n % 4], *batch, partition=p) for n, (batch, p) in enumerate(batches))
        assert sum(await asyncio.gather(*work)) == 0
    pool = replicas[0].pool
    assert await pool.fetchval("select count(*) from people") == 6 * 24
    assert await pool.fetchval("select count(*) from person_records") == 6 * 72
    assert await pool.fetchval("select count(*) from bindings") == 6 * 24
    assert await dead_letters(replicas[0]) == []


async def test_batches_that_go_record_by_record_may_meet_and_are_tried_again(
    replicas: list[Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that our code fails on makes its neighbours go one by one, each with locks of its own: then, and only then,
    two batches can wait for one another."""
    couples = [(adult(n, admdvs=TAIAN), child(100 + n, admdvs=TAIAN)) for n in range(1, 9)]
    await replicas[0].take(*registry(*(p for couple in couples for p in couple)))
    for replica in replicas[:2]:
        monkeypatch.setattr(replica.step.handler, "decide", _failing(replica.step.handler.decide))
    there = [request(n, *couple, "child") for n, couple in enumerate(couples)]
    back = [request(50 + n, *couple, "child") for n, couple in enumerate(couples)]
    poison = [request(90 + n, *couples[0], "child")._replace(headers=_named(f"poison-{n}", there[0])) for n in (0, 1)]  # fmt: skip
    await asyncio.gather(
        take(replicas[0], poison[0], *there, partition=1),
        take(replicas[1], poison[1], *reversed(back), partition=2),
    )
    assert len(await dead_letters(replicas[0])) == 2, "the poison and nothing else"
    outcomes = await replicas[0].pool.fetch("select outcome, codes from screenings")
    assert len(outcomes) == 16


def _failing(decide: Any) -> Any:
    def fail(state: Any, item: Any, out: Any) -> None:
        if isinstance(item, Event) and item.id.startswith("poison"):
            raise RuntimeError
        decide(state, item, out)

    return fail


def _named(id: str, like: KafkaMessage) -> list[tuple[str, bytes]]:
    return [(name, id.encode() if name == "ce_id" else value) for name, value in like.headers]


async def test_one_id_used_by_two_sponsors_at_once_is_one_binding(replicas: list[Replica]) -> None:
    couples = [(adult(n, admdvs=TAIAN), child(100 + n, admdvs=TAIAN)) for n in range(1, 25)]
    await replicas[0].take(*registry(*(p for couple in couples for p in couple)))
    await replicas[0].take(*(relation(*couple, "child") for couple in couples))
    for n in range(0, 24, 2):
        await asyncio.gather(*(take(replicas[k], _as(n, couples[n + k], k), partition=1 + k) for k in (0, 1)))
    said = await replicas[0].said()
    kinds = Counter(kind for _, kind, _ in said)
    assert kinds["binding.screenings.passed"] == 12
    told = [[r["code"] for r in b["reasons"]] for _, kind, b in said if kind == "answers.refused"]
    assert told == [["binding-id-taken"]] * 12
    assert await dead_letters(replicas[0]) == []
    bodies = await replicas[0].pool.fetch("select sponsor, body from bindings")
    assert len(bodies) == 12


def _as(number: int, couple: tuple[MadeUp, MadeUp], k: int) -> KafkaMessage:
    check = face_check(couple[0], MONDAY, transaction_no=f"T{number}-{k}")
    body = submitted(*couple, relation="child", number=number, face_check=check)
    return to_kafka("binding.requests.submitted", body, "taian-app", f"m-{number}-{k}")
