"""What eligibility watches by itself, through the real tables: changed rules, sponsors who ask for strangers, queues."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.eligibility import watching
from services.eligibility.domain.rule_change import version
from shared.contracts import binding_requests as ours
from shared.contracts.binding_decisions import State
from shared.messaging.handler import Due
from shared.messaging.service import Running
from shared.metrics import Metrics
from shared.policies import Policies
from shared.testing.identities import adult, child
from shared.testing.messages import MONDAY, consented, related, submitted, to_kafka
from tests.integration.eligibility.replica import Replica
from tests.integration.eligibility.test_storage import Told, codes, decision
from tests.unit.eligibility.test_overlay import overlaid

SPONSOR, KID, SISTER = adult(1), child(2), adult(4, admdvs="650100")
ME = adult(1, admdvs="650100")
TODAY = MONDAY.date()
Open = Callable[[Policies | None], Any]


@pytest_asyncio.fixture
async def opened(database_urls: dict[str, str]) -> AsyncIterator[Open]:
    """Opens replicas of one service one after the other: a restart is another one over the same tables."""
    made: list[Replica] = []
    offsets: dict[tuple[str, int], int] = {}

    async def one(policies: Policies | None = None) -> Replica:
        made.append(await Replica.open(database_urls["eligibility"], offsets, policies))
        return made[-1]

    yield one
    for replica in made:
        await replica.pool.close()


def running(replica: Replica) -> Running:
    step: Any = replica.step
    return Running(replica.pool, step.clock, step.ids, Metrics(), asyncio.Event(), step.apply)


async def changes(replica: Replica) -> list[dict[str, Any]]:
    return [body for _, kind, body in await replica.said() if kind.endswith("condition-changed")]


async def bind(replica: Replica, children: int) -> list[str]:
    """Approved bindings of one sponsor with so many children."""
    tell, found = Told(replica), []
    await tell("registry.persons.recorded", SPONSOR.recorded(), "authority")
    for number in range(children):
        kid = child(20 + number, admdvs="330200")
        await tell("registry.persons.recorded", kid.recorded(), "authority")
        await tell("registry.relations.recorded", related(SPONSOR, kid, "child"), "authority")
        at = MONDAY + timedelta(seconds=number)
        body = submitted(SPONSOR, kid, relation="child", number=number + 1, at=at)
        said = await tell("binding.requests.submitted", body, "zheliban")
        passed = next(b for kind, b in said if kind == "binding.screenings.passed")
        await tell("binding.decisions.approved", decision(passed, State.APPROVED, 2), "gongji-audit")
        found.append(passed["binding_id"])
    return found


async def test_a_changed_rule_is_found_page_by_page_and_told_once_across_restarts(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "PAGE", 2)
    first = await opened(None)
    ids = await bind(first, 3)
    await watching.judge_again(running(first), first.step.handler.policies)
    assert await changes(first) == []
    rules = {"reach": "pooling-region", "on_rule_changed": "end"}
    policies = overlaid(tmp_path, "330000", "binding", rules, date(2026, 1, 2))
    for _ in range(2):
        again = await opened(policies)
        for _ in range(2):
            await watching.judge_again(running(again), policies)
    told = await changes(again)
    assert sorted(body["binding_id"] for body in told) == sorted(ids)
    assert {tuple(r["code"] for r in body["reasons"]) for body in told} == {
        ("ended-by-rule", "region-too-far")
    }
    now = version(policies.at("330100", MONDAY))
    assert await again.pool.fetch("select distinct policy_version from standing") == [(now,)]


async def test_what_is_over_is_not_looked_at_any_more(opened: Open) -> None:
    replica = await opened(None)
    await bind(replica, 1)
    assert await replica.pool.fetchval("select count(*) from standing") == 1
    passed = next(b for _, kind, b in await replica.said() if kind == "binding.screenings.passed")
    await Told(replica)("binding.decisions.ended", decision(passed, State.ENDED, 3), "gongji-audit")
    assert await replica.pool.fetchval("select count(*) from standing") == 0


async def test_one_binding_that_cannot_be_judged_does_not_stop_the_others(
    opened: Open, tmp_path: Path
) -> None:
    replica = await opened(None)
    ids = sorted(await bind(replica, 3))
    policies = overlaid(tmp_path, "330000", "binding", {"reach": "pooling-region", "on_rule_changed": "list"})
    restarted = await opened(policies)
    real = restarted.step.apply

    async def failing(items: Sequence[Due]) -> None:
        if any(item.entity == ids[1] for item in items):
            raise ValueError("a binding that our code cannot judge")
        await real(items)

    whole = running(restarted)
    await watching.judge_again(replace(whole, apply=failing), policies)
    assert sorted(body["binding_id"] for body in await changes(restarted)) == [ids[0], ids[2]]


async def test_who_asks_for_strangers_is_stopped_and_counted(opened: Open) -> None:
    first = await opened(None)
    tell = Told(first)
    await tell("registry.persons.recorded", SPONSOR.recorded(), "authority")
    for number in range(5):
        body = submitted(SPONSOR, adult(30 + number), number=number + 1, face_check=None)
        assert "beneficiary-not-confirmed" in codes(
            await tell("binding.requests.submitted", body, "zheliban")
        )
    second = await opened(None)
    await second.take(
        *[to_kafka("binding.requests.submitted", submitted(SPONSOR, adult(40), number=9), "zheliban", "last")]
    )
    refused = [b for _, kind, b in await second.said() if kind == "binding.screenings.refused"][-1]
    assert [r["code"] for r in refused["reasons"]] == ["too-many-unconfirmed"]
    own = running(second)
    work = asyncio.ensure_future(watching.watch(second.step.handler.policies)(own))
    async with asyncio.timeout(60):
        while b"sponsors_stopped 1.0" not in own.metrics.exposition():
            await asyncio.sleep(0.05)
    own.stopping.set()
    await work
    assert b"gongji_eligibility_sponsors_stopped 1.0" in own.metrics.exposition()
    await second.pool.execute("update unconfirmed set day = $1", TODAY - timedelta(days=8))
    await second.pool.execute(watching.Q.prune_unconfirmed, TODAY - watching.KEPT)
    assert await second.pool.fetchval("select count(*) from unconfirmed") == 0


async def test_a_queue_survives_a_restart_and_a_repeat_gets_its_answer_again(opened: Open) -> None:
    first = await opened(None)
    tell = Told(first)
    await tell("registry.persons.recorded", ME.recorded(), "authority")
    body = submitted(ME, SISTER, relation="sibling")
    await tell("binding.requests.submitted", body)
    agree = to_kafka(
        "beneficiary.requests.consented", consented(SISTER, body.binding_id), "xinjiang-mini", "yes"
    )
    less = ours.QuotaChanged(binding_id=body.binding_id, sponsor_psn_no=ME.psn_no)
    await first.take(agree, to_kafka("binding.requests.quota-changed", less, "xinjiang-mini", "no"))
    second = await opened(None)
    for type, fact in (
        ("registry.relations.recorded", related(ME, SISTER, "sibling")),
        ("registry.persons.recorded", SISTER.recorded()),
    ):
        await second.take(to_kafka(type, fact, "authority", type))
    row = await second.pool.fetchrow("select entity, due_at, trace from due where kind = 'queue'")
    assert row is not None
    await second.step.apply([Due("queue", row["entity"], row["due_at"], {}, row["trace"], True)])
    everything = await second.said()
    found = [kind for _, kind, _ in everything if kind.startswith("binding.screenings")]
    assert found == ["binding.screenings.consent-needed", "binding.screenings.passed"]
    waits_for_decision = await second.pool.fetch("select entity from due where kind = 'again'")
    assert [row["entity"] for row in waits_for_decision] == ["xinjiang-mini/no"]
    before = len(everything)
    await second.take(agree)
    repeated = (await second.said())[before:]
    assert [(kind, b["outcome"]) for _, kind, b in repeated][-1] == ("answers.screened", "accepted")
    assert await second.pool.fetchval("select count(*) from due where kind = 'queue'") == 0


async def test_a_decision_that_is_read_before_its_request_is_kept_in_a_table(opened: Open) -> None:
    first = await opened(None)
    tell = Told(first)
    for one in (SPONSOR, KID):
        await tell("registry.persons.recorded", one.recorded(), "authority")
    await tell("registry.relations.recorded", related(SPONSOR, KID, "child"), "authority")
    body = submitted(SPONSOR, KID, relation="child")
    said = await tell("binding.requests.submitted", body, "zheliban")
    passed = next(b for kind, b in said if kind == "binding.screenings.passed")
    for table in ("bindings", "screenings", "inbox"):
        await first.pool.execute(f"delete from {table}")
    for number, state in ((3, State.ENDED), (2, State.APPROVED)):
        await tell("binding.decisions.ended", decision(passed, state, number), "gongji-audit")
    assert await first.pool.fetchval("select version from early_decisions") == 3
    second = await opened(None)
    await Told(second)("binding.requests.submitted", body, "zheliban")
    assert await second.pool.fetchval("select stage from bindings") == "closed"
    assert await second.pool.fetchval("select count(*) from early_decisions") == 0
