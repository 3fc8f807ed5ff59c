"""Marks across batches, replicas and restarts, on real PostgreSQL; and the desk of a real service with a counter case."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy import demo
from services.audit.domain import risk
from shared.contracts import binding_screenings as found
from shared.contracts.binding_requests import ChannelKind, Material, MaterialKind
from shared.contracts.registry import RelationRecorded
from shared.messaging.records import PlainRecord
from shared.policies.types import Often
from shared.policies.values import Review
from shared.testing.documents import referred
from shared.testing.identities import adult
from shared.testing.messages import MONDAY, to_kafka, uid
from shared.testing.proofs import counter
from tests.integration.audit.conftest import RUN, Desk
from tests.integration.audit.replica import Replica
from tests.unit.audit.line import ORIGIN, passed, refused

RULES = Review(requests_per_day=3, bindings_in_days=Often(3, 180), reused_documents=True)


def about(number: int, sponsor: str, beneficiary: str, *papers: Material, body: Any = None) -> Any:
    told = body or passed()
    sides = {"sponsor": sponsor, "beneficiary": beneficiary}
    parties = {side: found.Party(psn_no=who, insuplc_admdvs="330100") for side, who in sides.items()}
    case = told.case.model_copy(update=parties | {"materials": papers})
    return told.model_copy(update={"binding_id": uid(number), "case": case})


def paper(name: str, kind: MaterialKind = MaterialKind.HOUSEHOLD_REGISTER) -> Material:
    return referred(name, kind)


@pytest.fixture
async def replicas(database_urls: dict[str, str]) -> AsyncIterator[list[Replica]]:
    """Four replicas on the same tables."""
    some = [await Replica.open(database_urls["audit"], review=RULES) for _ in range(4)]
    yield some
    for one in some:
        await one.pool.close()


async def marks(replica: Replica) -> dict[int, str]:
    """The marks of each case, by the number of its id."""
    rows = await replica.pool.fetch("select binding_id, marks from binding")
    numbers = {uid(n): n for n in range(1, 200)}
    return {numbers[row["binding_id"]]: row["marks"] for row in rows}


@pytest.mark.asyncio
async def test_of_requests_that_replicas_handle_at_the_same_moment_those_beyond_the_number_are_marked(
    replicas: list[Replica],
) -> None:
    """Each replica has its own partition. Whoever comes first, three of a sponsor's eight pass, and three bindings of a beneficiary."""
    for first in (1, 9, 17, 25):
        bodies = [about(first + n, f"S{first}", f"B{first}x{n}") for n in range(8)]
        shares = [bodies[n::4] for n in range(4)]
        await asyncio.gather(*(r.take(*share, partition=n) for n, (r, share) in enumerate(zip(replicas, shares, strict=True))))  # fmt: skip
        told = await marks(replicas[0])
        assert Counter(told[n] for n in range(first, first + 8)) == {"": 3, risk.MANY_REQUESTS: 5}
    bodies = [about(100 + n, f"T{n}", "C") for n in range(8)]
    await asyncio.gather(*(r.take(*bodies[n::4], partition=n) for n, r in enumerate(replicas)))
    told = await marks(replicas[0])
    assert Counter(told[100 + n] for n in range(8)) == {"": 3, risk.OFTEN_BOUND: 5}


@pytest.mark.asyncio
async def test_of_two_strangers_with_one_document_at_the_same_moment_one_is_marked(replicas: list[Replica]) -> None:  # fmt: skip
    one, other = replicas[:2]
    for n in range(1, 20, 2):
        shared_paper = paper(f"page-{n}")
        mine, theirs = about(n, f"S{n}", f"B{n}", shared_paper), about(n + 1, f"T{n}", f"C{n}", shared_paper)
        await asyncio.gather(one.take(mine, partition=0), other.take(theirs, partition=1))
        told = await marks(one)
        assert sorted((told[n], told[n + 1])) == ["", risk.REUSED]


@pytest.mark.asyncio
async def test_marks_are_the_same_in_one_batch_and_over_many_and_a_repeat_changes_none(replicas: list[Replica]) -> None:  # fmt: skip
    def story(first: int, tag: str) -> list[Any]:
        page, card = paper(f"page-{tag}"), paper(f"card-{tag}", MaterialKind.ID_CARD)
        return [
            about(first, f"S{tag}", f"B{tag}", page),
            about(first + 1, f"S{tag}", f"C{tag}", page),
            about(first + 2, f"T{tag}", f"D{tag}", page),
            about(first + 3, f"S{tag}", f"D{tag}", card, body=refused("account-frozen")),
            about(first + 4, f"U{tag}", f"D{tag}", card),
            about(first + 5, f"S{tag}", f"E{tag}"),
            about(first + 6, f"S{tag}", f"F{tag}"),
        ]

    one, other = replicas[:2]
    await one.take(*story(1, "x"))
    for n, body in enumerate(story(11, "y")):
        await replicas[n % 2].take(body, partition=n % 2)
    told = await marks(one)
    wanted = ["", "", risk.REUSED, "", risk.REUSED, "", risk.MANY_REQUESTS]
    assert [told[n] for n in range(1, 8)] == [told[n] for n in range(11, 18)] == wanted
    before = await one.pool.fetch("select * from binding order by 1"), await held(one)
    await other.take(*story(1, "x"), *story(11, "y"), partition=2)
    assert (await one.pool.fetch("select * from binding order by 1"), await held(one)) == before


async def held(replica: Replica) -> list[tuple[Any, ...]]:
    rows = await replica.pool.fetch("select * from document_use order by binding_id, sha256")
    return [tuple(row) for row in rows]


@pytest.mark.asyncio
async def test_relatives_by_the_registry_share_their_papers(replicas: list[Replica]) -> None:
    one = replicas[0]
    page = paper("page")
    tie = RelationRecorded(psn_no="S1", other_psn_no="S2", other_is="spouse", since=MONDAY.date(), version=1)
    await take_relation(one, tie)
    await one.take(about(1, "S1", "B1", page), about(2, "S2", "B2", page))
    await one.take(about(3, "S2", "B3", page))
    await take_relation(one, tie.model_copy(update={"version": 2, "ended": True}))
    await one.take(about(4, "S2", "B4", page))
    assert await marks(one) == {1: "", 2: "", 3: "", 4: risk.REUSED}


async def take_relation(replica: Replica, body: RelationRecorded) -> None:
    sent = to_kafka("registry.relations.recorded", body, "authority", f"tie-{body.version}", MONDAY)
    record = PlainRecord("registry.relations", 0, body.version, int(MONDAY.timestamp() * 1000), sent.key, sent.value, sent.headers)  # fmt: skip
    await replica.step.run([record])


@pytest.mark.asyncio
async def test_an_erased_person_leaves_no_document_behind_and_the_table_can_be_filled_anew(replicas: list[Replica]) -> None:  # fmt: skip
    one = replicas[0]
    both = paper("sheet", MaterialKind.ID_CARD)
    await one.take(
        about(1, "S1", "B1", paper("page"), both, paper("sheet")),
        about(2, "S2", "B2", paper("other"), paper("card", MaterialKind.ID_CARD)),
    )
    full = await held(one)
    assert len(full) == 4
    await one.pool.execute("delete from document_use where binding_id = $1", uid(1))
    assert await one.pool.fetchval("select refill_document_use()") == 2
    assert await held(one) == full
    await one.step.run([tombstone(one, "B1")])
    assert [row[0] for row in await held(one)] == [uid(2)] * 2
    keys = {row[0] for row in await one.pool.fetch("select key from risk_lock")}
    assert keys == {"S1", "S2", "B2", paper("other").sha256, paper("card").sha256}


def tombstone(replica: Replica, psn_no: str) -> PlainRecord:
    """The authority erases a person."""
    body = adult(1).recorded().model_copy(update={"psn_no": psn_no})
    record = replica.record(body, 0)
    return replace(record, value=None)


@pytest.fixture
def national(monkeypatch: pytest.MonkeyPatch) -> None:
    """The national rules of marks, which other tests do without; the demo's overlay says nothing of them."""
    monkeypatch.setenv("GONGJI_REGIONS_DIR", str(Path(demo.__file__).with_name("policies")))


@pytest.mark.usefixtures("national")
def test_a_counter_case_shows_the_first_check_and_its_marks_and_another_person_decides(desk: Desk) -> None:
    """With the national policy and the demo's operators: `reviewer-01` is no clerk."""

    def case(number: int, clerk: str) -> found.Passed:
        sides = {"sponsor": f"S{RUN}", "beneficiary": f"B{RUN}x{number}"}
        parties: dict[str, Any] = {
            side: found.Party(psn_no=who, insuplc_admdvs="330100") for side, who in sides.items()
        }
        told = passed(**parties, channel=ChannelKind.COUNTER, counter=counter(clerk))
        return told.model_copy(update={"binding_id": ids[number], "origin": ORIGIN})

    ids = [uid(RUN * 100 + n) for n in range(8)]
    for n in range(6):
        desk.publish("binding.screenings.passed", case(n, "clerk-0001"))
    assert [desk.decisions(one, 2) for one in ids[:6]] == [["received", "approved"]] * 6
    desk.publish("binding.screenings.passed", case(6, "reviewer-01"))
    assert desk.decisions(ids[6], 2) == ["received", "under-review"]
    told = f"{risk.MANY_REQUESTS} clerk-role-missing"
    assert [row["marks"] for row in desk.rows("select marks from binding where binding_id = $1", ids[6])] == [
        told
    ]
    for command in (("list",), ("show", ids[6])):
        status, printed = desk.run(*command)
        assert status == 0, printed
        assert risk.MANY_REQUESTS in printed
        assert "clerk-role-missing" in printed
    assert '"operator_id": "reviewer-01"' in printed
    assert '"originals_seen": true' in printed
    status, printed = desk.run("approve", ids[6], "--operator", "reviewer-01")
    assert (status, "operator-was-clerk" in printed) == (1, True), printed
    status, printed = desk.run("approve", ids[6], "--operator", "reviewer-02")
    assert status == 0, printed
