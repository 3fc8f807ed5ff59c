"""The desk's commands against the real service: looks at persons, the next case, takeovers, and second looks."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from typing import Any
from urllib.request import urlopen
from uuid import UUID
from zlib import crc32

import asyncpg
import pytest

from deploy.local.testing import TestStack
from deploy.reading import desk as commands
from deploy.reading.figures import figures
from shared.contracts.binding_requests import MaterialKind
from shared.contracts.binding_screenings import Party
from shared.testing import documents
from shared.testing.documents import referred
from shared.testing.identities import adult
from shared.testing.messages import MONDAY, related, uid
from shared.testing.proofs import DEMO_OPERATORS
from tests.integration.audit.conftest import PATIENCE, POLICIES, RUN, Desk, started
from tests.unit.audit.line import passed

MINE = MONDAY + timedelta(milliseconds=RUN, seconds=3)
SPONSOR, BENEFICIARY, COUSIN = (f"{name}{RUN}" for name in ("SPONSOR", "BENEFICIARY", "COUSIN"))
WHY = "电话核实亲属关系"
OPERATORS = f"""
  - {{id: party, roles: [reviewer], regions: ["100000"], persons: ["{BENEFICIARY}"]}}
  - {{id: cousin, roles: [reviewer], regions: ["100000"], persons: ["{COUSIN}"]}}
  - {{id: north, roles: [reviewer], regions: ["110000"]}}
"""
ALL_OF_THEM = """
region: "650000"
review:
  sample_per_mille:
    - {from: 2021-04-22, value: 1000, reference: 测试, grade: P}
"""


@pytest.fixture
def office(stack: TestStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A running audit with a store of documents, more operators, and a region where every approval is looked at again."""
    operators, regions, store = (tmp_path / name for name in ("operators.yaml", "regions", "documents"))
    operators.write_text(DEMO_OPERATORS.read_text(encoding="utf-8") + OPERATORS, encoding="utf-8")
    copytree(POLICIES, regions)
    store.mkdir()
    (regions / "650000-xinjiang.yaml").write_text(ALL_OF_THEM, encoding="utf-8")
    monkeypatch.setenv("GONGJI_OPERATORS", str(operators))
    monkeypatch.setenv("GONGJI_REGIONS_DIR", str(regions))
    monkeypatch.setenv("GONGJI_AUDIT_STORE", str(store))
    with started(stack, tmp_path, monkeypatch) as made:
        yield made


def region(desk: Desk) -> str:
    """A region of this test and run alone: the queue holds the cases of other tests, too."""
    return f"65{1000 + (RUN + crc32(desk.folder.name.encode())) % 9000}"


def case(
    desk: Desk, number: int, *, proven: tuple[str, ...] = (), ours: bool = False, **changes: Any
) -> UUID:
    """A case of this run's region; `ours`: of the two persons to whom operators are related."""
    fields: dict[str, Any] = {"admdvs": region(desk)} | changes
    if ours:
        for side, psn_no in (("sponsor", SPONSOR), ("beneficiary", BENEFICIARY)):
            fields[side] = Party(psn_no=psn_no, insuplc_admdvs=region(desk))
    one = passed(proven=proven, **fields).model_copy(update={"binding_id": uid(number, MINE)})
    desk.publish("binding.screenings.passed", one)
    desk.decisions(one.binding_id, 2)
    return one.binding_id


def until(desk: Desk, true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, desk.log()
        time.sleep(0.2)


def entries(desk: Desk, about: UUID) -> list[dict[str, Any]]:
    """What `gongji record views` says of a case, the first entry first."""
    code, text = desk.run("views", "--binding", about, "--json", command="record")
    assert code == 0
    return list(reversed(json.loads(text)))


def test_who_a_case_is_about_is_shown_once_the_look_is_on_the_record(office: Desk) -> None:
    people = {psn_no: adult(n).recorded().model_copy(update={"psn_no": psn_no}) for n, psn_no in enumerate((SPONSOR, BENEFICIARY, COUSIN), 1)}  # fmt: skip
    for person in people.values():
        office.publish("registry.persons.recorded", person)
    near, far = (adult(n).but(psn_no=psn_no) for n, psn_no in ((1, SPONSOR), (3, COUSIN)))
    office.publish("registry.relations.recorded", related(near, far, "sibling"))
    about = case(office, 1, ours=True)
    until(office, lambda: bool(office.rows("select from relation where pair like $1", f"%{COUSIN}%")))

    shown = office.run("show", about, "--json")[1] + office.run("list", "--region", region(office))[1]
    assert not [number for number in people if number in shown]
    for operator, why, code in (
        ("party", WHY, "operator-is-party"),
        ("cousin", WHY, "operator-related"),
        ("north", WHY, "operator-region"),
        ("clerk-0001", WHY, "operator-role-missing"),
        ("op-2", "查", "field-invalid"),
        ("op-2", "  ", "field-invalid"),
    ):
        status, text = office.run("reveal", about, "--operator", operator, "--why", why)
        assert (status, code in text) == (1, True), text
        assert not [number for number in people if number in text]
    assert entries(office, about) == []
    assert office.run("reveal", uid(9, MINE), "--operator", "op-2", "--why", WHY)[0] == 1, "no such case"

    status, text = office.run("reveal", about, "--operator", "op-2", "--why", WHY, "--json")
    told = json.loads(text)
    assert (status, told["sponsor"]["psn_no"], told["beneficiary"]["psn_no"]) == (0, SPONSOR, BENEFICIARY)
    assert told["sponsor"]["brdy"] == str(people[SPONSOR].brdy)
    assert told["beneficiary"]["insuplc_admdvs"] == region(office)
    (entry,) = entries(office, about)
    assert (entry["kind"], entry["by"], entry["why"]) == ("view", "op-2", WHY)
    status, text = office.run("reveal", about, "--operator", "op-2", "--why", WHY)
    assert (status, SPONSOR in text, "已载入记录" in text) == (0, True, True)
    assert len(entries(office, about)) == 2, "each look is one entry"
    assert office.run("views", "--operator", "op-2", command="record")[1].count(str(about)) == 2
    status, text = office.run("verify", "--json", command="record")
    assert (status, json.loads(text)["whole"]) == (0, True)


def test_nobody_is_shown_while_the_record_cannot_be_written(
    office: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = case(office, 20, ours=True)
    as_admin(office, "revoke insert on audit_record.record_entry from gongji_audit")
    with monkeypatch.context() as patch:
        patch.setattr(commands, "PATIENCE", 3.0)
        status, text = office.run("reveal", about, "--operator", "op-2", "--why", WHY)
    assert (status, SPONSOR in text, BENEFICIARY in text) == (3, False, False)
    assert entries(office, about) == []
    as_admin(office, "grant insert on audit_record.record_entry to gongji_audit")
    until(office, lambda: len(entries(office, about)) == 1)


def as_admin(desk: Desk, statement: str) -> None:
    async def one() -> None:
        conn = await asyncpg.connect(desk.urls["admin"])
        await conn.execute(statement)
        await conn.close()

    asyncio.run(one())


def test_the_next_case_is_the_first_that_one_may_take(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    own, second, third = case(office, 40, ours=True), case(office, 41), case(office, 42)
    listed = json.loads(office.run("list", "--region", region(office), "--free", "--json")[1])
    assert [row["binding_id"] for row in listed] == [str(own), str(second), str(third)]
    say, raced = commands.say, list[UUID]()

    async def overtaken(stack: Any, type: str, body: Any, **more: Any) -> Any:
        """Somebody else takes the case first, at the very moment."""
        if body.binding_id == second and not raced:
            raced.append(second)
            await say(stack, type, body.model_copy(update={"operator_id": "op-1"}))
        return await say(stack, type, body, **more)

    monkeypatch.setattr(commands, "say", overtaken)
    status, text = office.run("claim", "--next", "--region", region(office), "--operator", "party")
    assert (status, text) == (0, f"accepted: under-review, version 2\n{third}\n")
    assert raced == [second], "party's own case was passed over, and so was the one that another took"
    status, text = office.run("claim", "--next", "--region", region(office), "--operator", "party")
    assert (status, "没有可领取的案件" in text) == (1, True)
    status, text = office.run("claim", "--next", "--region", region(office), "--operator", "clerk-0001")
    assert (status, "operator-role-missing" in text) == (1, True)
    assert office.run("claim", "--next", "--region", region(office), "--operator", "north")[0] == 1
    assert office.run("claim", "--next", "--region", region(office), "--operator", "op-2")[1].endswith(
        f"{own}\n"
    )
    for words in ((), (own, "--next"), (own, "--region", "33")):
        assert office.run("claim", *words, "--operator", "op-2")[0] == 2


def test_a_supervisor_takes_a_case_out_of_another_s_hands(office: Desk) -> None:
    about = case(office, 60)
    assert office.run("claim", about, "--operator", "op-2")[0] == 0
    take = ("take-over", about, "--why", "原经办人请假，案件将逾期")
    status, text = office.run(*take, "--operator", "reviewer-01")
    assert (status, "operator-role-missing" in text) == (1, True)
    assert office.run("take-over", about, "--why", "急", "--operator", "supervisor-01")[0] == 1
    assert office.run(*take, "--operator", "supervisor-01")[0] == 0
    for words in (("approve", about), ("claim", about), ("release", about)):
        status, text = office.run(*words, "--operator", "op-2")
        assert (status, "case-taken-over" in text) == (1, True), words
    status, text = office.run("approve", about, "--operator", "op-1")
    assert (status, "case-claimed" in text) == (1, True), "to everybody else it is in somebody's hands"
    assert json.loads(office.run("show", about, "--json")[1])["taken_from"] == "op-2"
    (entry,) = entries(office, about)
    assert (entry["kind"], entry["by"], entry["before"]) == ("takeover", "supervisor-01", "op-2")
    assert "督导接管" in office.run("views", "--binding", about, command="record")[1]
    assert office.run("approve", about, "--operator", "supervisor-01")[0] == 0
    assert office.run(*take, "--operator", "supervisor-01")[0] == 1, "it is decided"


def test_second_looks_wait_for_documents_and_are_counted(office: Desk, tmp_path: Path) -> None:
    good, lost = referred(f"look-{RUN}", MaterialKind.ID_CARD), referred(f"gone-{RUN}", MaterialKind.ID_CARD)
    documents.upload(tmp_path / "documents", (good,))
    sound, faulty, plain = (case(office, 80 + n, proven=("registry",), materials=papers) for n, papers in enumerate(((good,), (lost,), ())))  # fmt: skip
    assert office.decisions(sound, 2)[-1] == "approved", (
        "the policy approved it and nobody read its documents"
    )
    until(office, lambda: waiting(office).get(str(sound)) == "verified" and waiting(office).get(str(faulty)) == "faulty")  # fmt: skip
    assert waiting(office)[str(plain)] is None
    assert office.decisions(faulty, 2) == ["received", "approved"], "an approved binding is asked for nothing"
    assert office.run("approve", sound, "--operator", "op-2")[0] == 0
    assert office.run("reject", faulty, "--operator", "op-2", "--note", "材料缺失")[0] == 0
    assert office.run("approve", faulty, "--operator", "op-1")[0] == 1, "one look is enough"
    assert set(waiting(office)) == {str(plain)}
    assert [entry["said"] for one in (sound, faulty) for entry in entries(office, one)] == [
        "agreed",
        "disagreed",
    ]

    found = json.loads(office.run("looks", "--region", region(office), "--disagreed", "--json")[1])
    assert [(row["binding_id"], row["looked_by"], row["agreed"]) for row in found["cases"]] == [(str(faulty), "op-2", False)]  # fmt: skip
    rates = {row["region"]: row for row in found["rates"]}
    assert (rates["65"]["waiting"], rates["65"]["agreed"], rates["65"]["disagreement"]) == (1, 1, 0.5)
    _, text = office.run("looks", "--region", region(office), "--done")
    assert "不一致 1 (50.0%)" in text
    running = office.running
    running = type(running)(running.kafka, http={"audit": f"http://127.0.0.1:{office.port}"})
    # Gauges are taken at intervals: one of before the second look is still there, with 0.
    until(office, lambda: asyncio.run(figures(running))["audit"].looks.get("65", {}).get("disagreed", 0) >= 1)
    until(office, lambda: 'disagreement_ratio{region="65"}' in metrics(office))


def waiting(desk: Desk) -> dict[str, Any]:
    """Approvals that wait for a second person, with the check of their documents."""
    code, text = desk.run("looks", "--region", region(desk), "--json")
    assert code == 0, text
    return {row["binding_id"]: row["documents"] for row in json.loads(text)["cases"]}


def metrics(desk: Desk) -> str:
    with urlopen(f"http://127.0.0.1:{desk.port}/metrics") as answer:
        return str(answer.read().decode())


def test_a_case_whose_documents_are_still_read_is_counted_apart(office: Desk, tmp_path: Path) -> None:
    store = tmp_path / "documents"
    store.rename(tmp_path / "away")
    office.stop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GONGJI_AUDIT_STORE_PATIENCE", "3600")
        office.start()
    case(office, 100, materials=(referred(f"wait-{RUN}", MaterialKind.ID_CARD),))
    case(office, 101)
    counted = json.loads(office.run("list", "--counts", "--region", region(office), "--json")[1])
    assert {row["desk"]: row["cases"] for row in counted} == {"verifying": 1, "received": 1}


def test_options_that_would_be_passed_over_are_refused(office: Desk) -> None:
    status, text = office.run("list", "--state", "approved", "--overdue")
    assert (status, "审核中" in text) == (2, True)
