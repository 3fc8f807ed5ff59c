"""Documents about persons on real servers: the desk's commands, messages, tables, and replicas that race."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from deploy.local.errors import StackError
from deploy.local.testing import TestStack
from shared.contracts import review_verdicts as said
from shared.contracts.binding_decisions import BindingState
from shared.contracts.binding_screenings import Party
from shared.testing.identities import adult
from shared.testing.messages import MONDAY, uid
from shared.testing.proofs import DEMO_OPERATORS
from tests.integration.audit.conftest import RUN, Desk, shifted, started
from tests.integration.audit.replica import Replica
from tests.unit.audit.line import passed

MINE = MONDAY + timedelta(milliseconds=RUN, seconds=5)
OPERATORS = """
  - {id: north, roles: [authority], regions: ["330000"]}
"""
WAITS = "select count(*) from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())"
WHY = "涉嫌冒用，核查期间暂停"


@pytest.fixture
def office(stack: TestStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A running audit that knows an operator of one province more."""
    operators = tmp_path / "operators.yaml"
    operators.write_text(DEMO_OPERATORS.read_text(encoding="utf-8") + OPERATORS, encoding="utf-8")
    monkeypatch.setenv("GONGJI_OPERATORS", str(operators))
    with started(stack, tmp_path, monkeypatch) as made:
        yield made


def bind(desk: Desk, number: int, sponsor: str, *, proven: bool = True, admdvs: str = "330100") -> UUID:
    """One more binding of a sponsor; waits for its decision."""
    one = uid(number, MINE)
    desk.publish("binding.screenings.passed", screening(one, sponsor, proven=proven, admdvs=admdvs))
    desk.decisions(one, 2)
    return one


def screening(one: UUID, sponsor: str, *, proven: bool = True, admdvs: str = "330100") -> Any:
    parties: dict[str, Any] = {
        "sponsor": Party(psn_no=sponsor, insuplc_admdvs=admdvs),
        "beneficiary": Party(psn_no=f"B{one.int % 10**9}", insuplc_admdvs=admdvs),
    }
    body = passed(proven=("registry",) if proven else (), admdvs=admdvs, **parties)
    return body.model_copy(update={"binding_id": one})


def paper(kind: type, psn_no: str, **fields: Any) -> Any:
    values = {
        "psn_no": psn_no,
        "operator_id": "op-1",
        "document": "7号",
        "reason": WHY,
        "effective_at": MONDAY,
    }
    return kind(**(values | fields))


def person(desk: Desk, command: str, psn_no: str, *more: str, operator: str = "op-1") -> tuple[int, str]:
    return desk.run(
        f"{command}-person", psn_no, "--operator", operator, "--document", "7号", "--reason", WHY, *more
    )


def test_a_person_is_suspended_and_resumed_by_command(office: Desk) -> None:
    sponsor = f"S1{RUN}"
    first, second, own = (bind(office, number, sponsor) for number in (700, 701, 702))
    south = bind(office, 703, sponsor, admdvs="440100")
    assert (
        office.run("suspend", own, "--operator", "op-1", "--document", "3号", "--reason", "举报待查")[0] == 0
    )
    office.decisions(own, 3)

    code, text = person(office, "suspend", sponsor, "--from", MONDAY.isoformat(), operator="north")
    assert (code, "accepted: 3" in text, str(south) in text, "operator-region" in text) == (
        0,
        True,
        True,
        True,
    ), text
    for one in (first, second):
        assert office.decisions(one, 3)[-1] == "suspended"
    assert office.decisions(own, 4)[-1] == "changed"
    later = uid(704, MINE)
    office.publish("binding.screenings.passed", screening(later, sponsor))
    assert office.decisions(later, 3) == ["received", "approved", "suspended"]

    code, text = person(office, "suspend", sponsor, "--from", MONDAY.isoformat(), operator="north")
    assert (code, "person-unchanged" in text) == (1, True), text
    code, text = person(office, "resume", sponsor, "--from", MONDAY.isoformat(), operator="north")
    assert (code, "accepted: 4" in text) == (0, True), text
    assert [office.decisions(one, count)[-1] for one, count in ((first, 4), (later, 4), (own, 5))] == [
        "resumed",
        "resumed",
        "changed",
    ]
    last = office.seen("binding.decisions", own)[-1].body
    assert isinstance(last, BindingState)
    assert (last.state, [p.by for p in last.suspended if p.end is None]) == ("suspended", ["authority"])
    assert bind(office, 705, sponsor)
    assert office.decisions(uid(705, MINE), 2) == ["received", "approved"]

    views = json.loads(office.run("views", "--binding", first, "--json", command="record")[1])
    assert [(one["said"], one["by"], one["why"]) for one in views] == [
        ("person-resumed", "north", WHY),
        ("person-suspended", "north", WHY),
    ]
    assert office.run("verify", command="record")[0] == 0
    code, text = person(office, "end", sponsor)
    assert (code, "accepted: 5" in text, str(south) in text) == (0, True, True), text
    assert office.decisions(own, 6)[-1] == "ended"
    assert len(office.decisions(south, 2)) == 2, "its region leaves it to people: a request, which goes on"


def test_bad_documents_get_a_named_answer_at_once(office: Desk) -> None:
    code, text = person(office, "suspend", f"NOBODY{RUN}")
    assert (code, "person-without-bindings" in text) == (1, True), text
    code, text = person(office, "suspend", f"NOBODY{RUN}", operator="op-2")
    assert (code, "operator-role-missing" in text) == (1, True), text
    one = bind(office, 720, f"S2{RUN}", proven=False)
    with pytest.raises(StackError, match=r"unknown-operator.*GONGJI_OPERATORS"):
        office.run("approve", one, "--operator", "op-9")
    with pytest.raises(StackError, match="unknown-operator"):
        person(office, "suspend", f"S2{RUN}", operator="op-9")


def test_a_message_twice_counts_once_and_an_end_comes_by_itself(office: Desk) -> None:
    sponsor = f"S3{RUN}"
    first = bind(office, 730, sponsor)
    until = MONDAY + timedelta(days=3)
    body = paper(said.PersonSuspended, sponsor, until=until)
    name = office.publish("review.verdicts.person-suspended", body)
    assert office.decisions(first, 3)[-1] == "suspended"
    office.publish("review.verdicts.person-suspended", body, id=name)
    second = bind(office, 731, sponsor)
    assert office.decisions(second, 3)[-1] == "suspended"
    assert len(office.seen("binding.decisions", first)) == 3
    assert len(office.seen("answers.desk", name)) >= 1
    held = office.rows("select region, until_at from person_hold where psn_no = $1", sponsor)
    assert [tuple(row) for row in held] == [("", until)]
    office.stop()
    office.start(shifted(4))
    for one in (first, second):
        assert office.decisions(one, 4)[-1] == "resumed"


@pytest_asyncio.fixture
async def two(database_urls: dict[str, str]) -> AsyncIterator[tuple[Replica, Replica]]:
    """Two replicas on one database."""
    offsets: dict[tuple[str, int], int] = {}
    first = await Replica.open(database_urls["audit"], offsets)
    second = await Replica.open(database_urls["audit"], offsets)
    yield first, second
    await first.pool.close()
    await second.pool.close()


@pytest.mark.timeout(300)
async def test_documents_that_race_each_other_and_approvals_leave_nothing_approved(
    two: tuple[Replica, Replica],
) -> None:
    first, second = two
    for number in range(8):
        sponsor, other = f"S{number}", f"T{number}"
        ids = [uid(1000 + number * 10 + n) for n in range(6)]
        await first.take(
            *(screening(one, sponsor) for one in ids[:2]), screening(ids[2], sponsor, proven=False)
        )
        approve = said.VerdictGiven(binding_id=ids[2], operator_id="op-1", decision=said.Decision.APPROVE)
        hold = paper(said.PersonSuspended, sponsor, operator_id="op-1")
        again = paper(said.PersonSuspended, sponsor, operator_id="op-1", document="8号")
        alone = said.Suspended(binding_id=ids[1], operator_id="op-1", document="9号", effective_at=MONDAY)
        await asyncio.gather(
            first.take(hold, alone, screening(ids[3], sponsor), partition=0),
            second.take(approve, again, screening(ids[4], other), screening(ids[5], sponsor), partition=1),
        )
        rows = await first.pool.fetch("select state from binding where sponsor_psn_no = $1", sponsor)
        assert [row[0] for row in rows] == ["suspended"] * 5, f"round {number}"


async def test_a_document_waits_for_an_approval_that_is_being_saved(
    two: tuple[Replica, Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The binding does not exist yet for anybody else, so no row of it could be locked."""
    first, second = two
    before, during = uid(3000), uid(3001)
    await first.take(screening(before, "S1"))
    go, saving, handler = asyncio.Event(), asyncio.Event(), first.step.handler
    save = handler.save

    async def slowly(*values: Any) -> None:
        saving.set()
        await go.wait()
        await save(*values)

    monkeypatch.setattr(handler, "save", slowly)
    approving = asyncio.create_task(first.take(screening(during, "S1"), partition=0))
    await saving.wait()
    document = paper(said.PersonSuspended, "S1")
    suspending = asyncio.create_task(second.take(document, partition=1))
    while not suspending.done() and not await first.pool.fetchval(WAITS):
        await asyncio.sleep(0.05)
    go.set()
    await asyncio.gather(approving, suspending)
    rows = await first.pool.fetch("select binding_id, state from binding")
    assert {row["binding_id"]: row["state"] for row in rows} == {before: "suspended", during: "suspended"}


async def test_an_erased_person_is_on_no_hold(two: tuple[Replica, Replica]) -> None:
    first, _ = two
    await first.take(screening(uid(2000), "S1"))
    await first.take(paper(said.PersonSuspended, "S1"))
    assert await first.pool.fetchval("select count(*) from person_hold") == 1
    gone = first.record(adult(1).recorded().model_copy(update={"psn_no": "S1"}), 0)
    await first.step.run([replace(gone, value=None)])
    assert await first.pool.fetchval("select count(*) from person_hold") == 0
