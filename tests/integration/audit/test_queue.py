"""The queue at size and under many hands, on real PostgreSQL through the real step."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.audit import desk
from services.audit.handlers import AuditHandler
from shared.contracts import review_verdicts as said
from shared.contracts.operators import Operator, Role
from shared.contracts.registry import PersonRecorded
from shared.ids import SystemIds
from shared.messaging.registry import default
from shared.messaging.step import BatchStep
from shared.policies.values import Review
from shared.testing.identities import adult
from shared.testing.messages import MONDAY, uid
from tests.integration.audit.replica import Replica, about
from tests.unit.audit.line import Everywhere, passed, policy

OPEN_CASES = 100_000
PAGE_MS = 50.0
REVIEWERS = 64
FILL = """
insert into binding (binding_id, version, state, at, round, admdvs, channel, sponsor_psn_no, beneficiary_psn_no, relation, requested_at,
                     due_at, body, counter, first, since, claimed_by, claimed_until)
select gen_random_uuid(), 2, case when n <= $1 then 'under-review' else 'approved' end, $2, 1,
       lpad((11 + n % 50)::text, 2, '0') || lpad((n % 7)::text, 2, '0') || '00', 'app', 'S' || n, 'B' || n, 'child', $2,
       $2::timestamptz + make_interval(secs => n % 90000), '{}', n % 20 = 0, n % 20 = 0, $2,
       case when n % 10 = 0 then 'op-' || n % 64 end, case when n % 10 = 0 then $2::timestamptz + interval '30 minutes' end
from generate_series(1, $1 * 2) n
"""
PAGES = {
    "everything": desk.Wanted(),
    "a province": desk.Wanted(region="33"),
    "a city": desk.Wanted(region="330100"),
    "a region without cases": desk.Wanted(region="99"),
    "nobody's": desk.Wanted(free=True),
    "one operator's": desk.Wanted(claimed_by="op-20"),
    "the longest page": desk.Wanted(rows=1000),
    "what one may take": desk.Wanted(
        free=True, regions=("33", "3401"), for_operator="op-1", without=(uid(1), uid(2))
    ),
    "a window's, marked": desk.Wanted(counter=True, marked=True),
}


@pytest.fixture
async def filled(database_urls: dict[str, str]) -> Any:
    """As many open cases, and as many decided ones."""
    replica = await Replica.open(database_urls["audit"])
    await replica.pool.execute(FILL, OPEN_CASES, MONDAY)
    await replica.pool.execute("analyze binding")
    yield replica.pool
    await replica.pool.close()


async def page_ms(conn: Any, wanted: desk.Wanted) -> tuple[float, dict[str, Any]]:
    """Execution time of one page as PostgreSQL measures it, the best of five; and its plan."""
    values = (*wanted.values[:4], MONDAY, *wanted.values[4:])
    best = (1e9, dict[str, Any]())
    for _ in range(5):
        told = await conn.fetchval(f"explain (analyze, format json) {desk.Q['queue']}", *values)
        plan = json.loads(told)[0]
        best = min(
            best, (plan["Execution Time"] + plan["Planning Time"], plan["Plan"]), key=lambda one: one[0]
        )
    return best


@pytest.mark.asyncio
async def test_a_page_of_a_hundred_thousand_open_cases_is_quick(
    filled: asyncpg.Pool, record_property: Any
) -> None:
    async with filled.acquire() as conn:
        took = {name: await page_ms(conn, wanted) for name, wanted in PAGES.items()}
    told = {name: round(ms, 2) for name, (ms, _) in took.items()}
    record_property("page_ms", told)
    print(told)
    assert {name: ms for name, ms in told.items() if ms >= PAGE_MS} == {}
    assert "binding_queue" in json.dumps(took["everything"][1]), "read in the order of the index, not sorted"
    assert "Sort" not in json.dumps(took["everything"][1])


@pytest.mark.asyncio
async def test_a_page_holds_what_goes_first_and_the_counts_hold_everything(filled: asyncpg.Pool) -> None:
    async with filled.acquire() as conn:
        page = await desk.queue(conn, desk.Wanted(rows=1000), MONDAY)
        order = [(not row["first"], row["due_at"], row["binding_id"]) for row in page]
        assert order == sorted(order)
        assert all(row["first"] for row in page)
        free = await desk.queue(conn, desk.Wanted(free=True, rows=1000), MONDAY)
        assert {row["claimed_by"] for row in free} == {None}
        later = await desk.queue(conn, desk.Wanted(free=True, rows=1000), MONDAY + timedelta(minutes=30))
        assert [r["binding_id"] for r in later] == [r["binding_id"] for r in page], (
            "leases that ran out count for nothing"
        )
        counted = await desk.counts(conn, "", MONDAY)
        assert sum(row["cases"] for row in counted) == OPEN_CASES
        assert sum(row["cases"] for row in counted if row["desk"] == "assigned") == OPEN_CASES // 10
        assert sum(row["first"] for row in counted) == OPEN_CASES // 20
        city = await desk.counts(conn, "3301", MONDAY)
        assert {row["admdvs"] for row in city} <= {"330100"}


def reviewers() -> dict[str, Operator]:
    return {
        f"r-{n:02}": Operator(f"r-{n:02}", frozenset({Role.REVIEWER}), ("100000",)) for n in range(REVIEWERS)
    }


def desk_step(replica: Replica, names: dict[str, Operator]) -> BatchStep:
    """A step of its own on the same tables: another replica of the service."""
    handler: Any = AuditHandler(Everywhere(policy()), replica.clock.now, operators=names)
    registry = replace(default(), registered=names.__contains__)
    return BatchStep(handler, replica.pool, replica.clock, SystemIds(), registry=registry)


@pytest.mark.asyncio
async def test_64_reviewers_claim_at_once_and_no_case_goes_twice_and_nobody_goes_without(
    database_urls: dict[str, str],
) -> None:
    replica = await Replica.open(database_urls["audit"])
    cases = [uid(number) for number in range(1, REVIEWERS + 1)]
    await replica.take(*(about(one, passed(proven=())) for one in cases))
    names = reviewers()
    steps = [desk_step(replica, names) for _ in range(4)]
    try:
        waiting, rounds = set(names), 0
        while waiting:
            rounds += 1
            assert rounds <= REVIEWERS, "somebody is starved"
            await claim_at_once(replica, steps, sorted(waiting))
            rows = await replica.pool.fetch("select claimed_by from binding where claimed_by is not null")
            hands = Counter(row[0] for row in rows)
            assert len(rows) == sum(hands.values())
            waiting = set(names) - set(hands)
        rows = await replica.pool.fetch("select binding_id, claimed_by from binding")
        assert len({row["binding_id"] for row in rows}) == REVIEWERS
        assert {row["claimed_by"] for row in rows} == set(names), (
            "each case in one hand, each hand with a case"
        )
        accepted = await answers(replica)
        assert Counter(told["binding_id"] for told in accepted) == Counter(map(str, cases)), (
            "one yes for each case"
        )
    finally:
        await replica.pool.close()


async def claim_at_once(replica: Replica, steps: list[BatchStep], names: list[str]) -> None:
    """Everybody who has no case looks at the same page and takes the case at his or her own place in it, all at the same moment;
    half of them fall on the same cases."""
    async with replica.pool.acquire() as conn:
        page = await desk.queue(conn, desk.Wanted(free=True, rows=REVIEWERS), replica.clock.now())
    free = [UUID(int=row["binding_id"].int) for row in page]
    crowd = max(1, len(free) // 2)
    claims = [said.Claimed(binding_id=free[n % crowd], operator_id=name) for n, name in enumerate(names)]
    shares = [claims[n :: len(steps)] for n in range(len(steps))]
    records = [[replica.record(body, partition=n) for body in share] for n, share in enumerate(shares)]
    await asyncio.gather(*(step.run(share) for step, share in zip(steps, records, strict=True) if share))


async def answers(replica: Replica) -> list[dict[str, Any]]:
    """Every claim that was accepted."""
    rows = await replica.pool.fetch("select bodies from outbox where topic = 'answers.desk' order by id")
    told = [json.loads(body) for row in rows for body in row["bodies"]]
    return [one for one in told if one["accepted"]]


@pytest.mark.asyncio
async def test_a_person_of_whom_the_registry_tells_later_moves_the_case_up(
    database_urls: dict[str, str],
) -> None:
    replica = await Replica.open(database_urls["audit"], review=Review(first_from_age=80))
    try:
        await replica.take(*(about(uid(n), passed(proven=())) for n in (1, 2)))
        first = "select first from binding where binding_id = $1"
        assert not await replica.pool.fetchval(first, uid(1))

        def born(year: int, version: int) -> PersonRecorded:
            body = (
                adult(1)
                .recorded()
                .model_copy(update={"psn_no": "B1", "brdy": date(year, 11, 23), "version": version})
            )
            return PersonRecorded.model_validate(body.model_dump())

        await replica.take(born(1946, 1))
        assert await replica.pool.fetchval(first, uid(1)), "80 today"
        await replica.take(born(1947, 2))
        assert not await replica.pool.fetchval(first, uid(1)), "the registry corrected itself"
    finally:
        await replica.pool.close()


@pytest.mark.asyncio
async def test_a_verdict_of_an_unknown_operator_is_a_dead_letter_and_its_neighbours_go_on(
    database_urls: dict[str, str],
) -> None:
    replica = await Replica.open(database_urls["audit"])
    try:
        await replica.take(about(uid(1), passed(proven=())))
        ghost, known = (said.Claimed(binding_id=uid(1), operator_id=name) for name in ("ghost", "op-2"))
        await replica.take(ghost, known)
        assert [row[0] for row in await replica.pool.fetch("select reason from dead_letters")] == [
            "unknown-operator"
        ]
        assert await replica.pool.fetchval("select claimed_by from binding") == "op-2"
    finally:
        await replica.pool.close()
