"""Audit on real servers: published records in, decisions, answers, rows and the desk's commands out."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from shared.contracts import binding_screenings as found
from shared.contracts import review_verdicts as said
from shared.contracts.base import Message
from shared.contracts.binding_decisions import BindingState
from shared.contracts.binding_requests import MaterialKind, Side, Terms
from shared.contracts.reasons import reason
from shared.testing.identities import adult
from shared.testing.messages import MONDAY, related, uid
from tests.integration.audit.conftest import RUN, Desk, shifted
from tests.unit.audit.line import ORIGIN, consent_needed, passed, refused

MINE = MONDAY + timedelta(milliseconds=RUN, seconds=6)
"""Part of the ids of this run's bindings: topics are shared with other tests, and with other runs on the same servers."""


def about(number: int, screening: Message) -> Message:
    return screening.model_copy(update={"binding_id": uid(number, MINE)})


def lacking() -> found.Refused:
    """Refused for a document that is missing: the case waits for it."""
    return refused("materials-missing").model_copy(update={"supplement": (MaterialKind.HOUSEHOLD_REGISTER,)})


def ids(count: int, start: int) -> list[UUID]:
    return [uid(number, MINE) for number in range(start, start + count)]


def test_the_whole_life_on_real_servers(desk: Desk) -> None:
    proven, queue, no, consent, papers = ids(5, 100)
    desk.publish("binding.screenings.passed", about(100, passed()), id=f"twice-{RUN}")
    desk.publish("binding.screenings.passed", about(101, passed(proven=())))
    desk.publish("binding.screenings.refused", about(102, refused("account-frozen")))
    desk.publish("binding.screenings.consent-needed", about(103, consent_needed()))
    desk.publish("binding.screenings.refused", about(104, lacking()))
    assert desk.decisions(proven, 2) == ["received", "approved"]
    assert desk.decisions(queue, 2) == ["received", "under-review"]
    assert desk.decisions(no, 2) == ["received", "refused"]
    assert desk.decisions(consent, 2) == ["received", "consent-requested"]
    assert desk.decisions(papers, 2) == ["received", "supplement-requested"]
    answer = desk.until("answers.zheliban", proven, 1)[0]
    assert answer.request == (ORIGIN.source, ORIGIN.id)

    approve = said.VerdictGiven(binding_id=queue, operator_id="op-1", decision=said.Decision.APPROVE)
    verdict = desk.publish("review.verdicts.verdict-given", approve)
    assert desk.decisions(queue, 3)[-1] == "approved"
    assert desk.until("answers.desk", queue, 1)[0].request == ("desk", verdict)
    desk.publish("review.verdicts.verdict-given", approve)
    told = desk.until("answers.desk", queue, 2)[1].raw
    assert (told["accepted"], told["reasons"][0]["code"]) == (False, "already-decided")

    desk.publish("binding.screenings.passed", about(100, passed()), id=f"twice-{RUN}")
    ended = found.UnbindChecked(
        binding_id=proven,
        at=MONDAY,
        by=Side.BENEFICIARY,
        reasons=(reason("ended-by-beneficiary"),),
        effective_at=MONDAY,
    )
    desk.publish("binding.screenings.unbind-checked", ended)
    assert desk.decisions(proven, 3) == ["received", "approved", "ended"]
    desk.until("answers.zheliban", proven, 2)
    held = {row["binding_id"]: row["body"] for row in desk.rows("select binding_id, body::text from binding")}
    for binding_id in (proven, queue, no, consent, papers):
        last = desk.seen("binding.decisions", binding_id)[-1]
        kept = BindingState.model_validate_json(held[binding_id])
        assert last.body == kept, "decisions alone rebuild every row"
    assert desk.rows("select from dead_letters where id like $1", f"{desk.folder.name}-{RUN}-%") == []


def test_a_wait_ends_while_the_service_was_away(desk: Desk) -> None:
    papers, dated, late = ids(3, 200)
    desk.publish("binding.screenings.refused", about(200, lacking()))
    desk.publish("binding.screenings.passed", about(201, passed(terms=Terms(enddate=date(2026, 11, 30)))))
    desk.publish("binding.screenings.passed", about(202, passed(proven=())))
    for binding_id in (papers, dated, late):
        desk.decisions(binding_id, 2)
    desk.stop()
    desk.start(shifted(30))
    assert desk.decisions(papers, 3)[-1] == "expired"
    assert desk.decisions(dated, 3)[-1] == "ended"
    overdue = "select overdue from binding where binding_id = $1"
    desk.until("binding.decisions", late, lambda _: bool(desk.rows(overdue, late)[0]["overdue"]))
    state = desk.seen("binding.decisions", papers)[-1].raw
    assert state["reasons"][0]["code"] == "supplement-expired"
    code, text = desk.run("list", "--overdue", "--json")
    assert code == 0
    listed = {row["binding_id"] for row in json.loads(text)}
    assert str(late) in listed
    assert not listed & {str(papers), str(dated)}


def test_the_desk_by_command(desk: Desk) -> None:
    first, second, third = ids(3, 300)
    old, sponsor = adult(1), adult(2)
    desk.publish("registry.persons.recorded", sponsor.recorded())
    desk.publish("registry.persons.recorded", old.recorded().model_copy(update={"brdy": date(1944, 5, 1)}))
    desk.publish("registry.relations.recorded", related(sponsor, old, "parent"))
    parties: dict[str, Any] = {
        "sponsor": found.Party(psn_no=sponsor.psn_no, insuplc_admdvs="330100"),
        "beneficiary": found.Party(psn_no=old.psn_no, insuplc_admdvs="330100"),
    }
    desk.publish("binding.screenings.passed", about(300, passed(proven=())))
    desk.publish("binding.screenings.passed", about(301, passed(proven=(), **parties)))
    desk.publish("binding.screenings.passed", about(302, passed(proven=())))
    for binding_id in (first, second, third):
        desk.decisions(binding_id, 2)
    code, text = desk.run("list", "--region", "33", "--json")
    listed = json.loads(text)
    mine = [row["binding_id"] for row in listed if row["binding_id"] in {str(first), str(second), str(third)}]
    assert mine == [str(second), str(first), str(third)], "an old person goes first"
    assert next(row["first"] for row in listed if row["binding_id"] == str(second))
    elsewhere = {row["binding_id"] for row in json.loads(desk.run("list", "--region", "44", "--json")[1])}
    assert not elsewhere & {str(first), str(second), str(third)}
    counted = json.loads(desk.run("list", "--counts", "--region", "3301", "--json")[1])
    assert sum(row["cases"] for row in counted if row["desk"] == "received") >= 3
    assert sum(row["first"] for row in counted) >= 1
    assert "received" in desk.run("list", "--counts")[1]

    code, text = desk.run("show", second, "--json")
    shown = json.loads(text)
    assert (shown["state"], shown["registry_says"]) == ("under-review", "sponsor is the beneficiary's child")
    assert old.certno not in text

    assert desk.run("claim", first, "--operator", "op-1") == (0, "accepted: under-review, version 2\n")
    code, text = desk.run("approve", first, "--operator", "op-2")
    assert (code, "case-claimed" in text) == (1, True)
    mine = json.loads(desk.run("list", "--claimed-by", "op-1", "--json")[1])  # claims of other tests, too
    assert [row["claimed_by"] for row in mine if row["binding_id"] == str(first)] == ["op-1"]
    assert desk.run("approve", first, "--operator", "op-1")[0] == 0
    code, text = desk.run("suspend", first, "--operator", "op-1", "--document", "7号")
    assert (code, text) == (0, "accepted: suspended, version 4\n")
    assert desk.run("supplement", second, "--operator", "op-1", "--material", "id-card")[0] == 0
    assert (
        desk.rows("select body::jsonb -> 'supplement' as asked from binding where binding_id = $1", second)[
            0
        ][0]
        == '["id-card"]'
    )
    assert desk.run("reject", third, "--operator", "op-1")[0] == 1
    assert desk.run("reject", third, "--operator", "op-1", "--reason", "relation-disagrees")[0] == 0
    assert desk.run("release", third, "--operator", "op-1")[0] == 1
    assert MaterialKind.ID_CARD.value in desk.run("show", second)[1]
    text = desk.run("list")[1]
    assert not [one for one in (first, second, third) if str(one) in text], (
        "nothing of these is left to decide"
    )
