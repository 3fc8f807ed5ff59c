"""Who names many strangers is stopped for the day, before anything about the relative is looked at."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from shared.clock import BEIJING
from shared.contracts.binding_requests import Withdrawn
from shared.testing.identities import MadeUp, adult, child
from shared.testing.messages import MONDAY, related, submitted
from shared.testing.proofs import counter, face_check
from tests.unit.eligibility.line import Line, Said
from tests.unit.eligibility.test_overlay import overlaid

SUBMITTED = "binding.requests.submitted"
SPONSOR, KID = adult(1), child(2)
STRANGERS = [adult(n) for n in range(10, 20)]
STOP = ["too-many-unconfirmed"]


def line(tmp_path: Path, limit: int = 2) -> Line:
    made = Line(overlaid(tmp_path, "330000", "binding", {"max_unconfirmed_per_day": limit}))
    made.know(SPONSOR, KID)
    made.send("registry.relations.recorded", related(SPONSOR, KID, "child"))
    return made


def ask(one: Line, relative: MadeUp, number: int, at: datetime = MONDAY, **changes: object) -> Said:
    """A request that is judged at once: something else is missing too."""
    values = {"relation": "child", "number": number, "at": at, "face_check": None} | changes
    return one.send(SUBMITTED, submitted(SPONSOR, relative, **values), at=at)  # type: ignore[arg-type]


def test_at_the_limit_there_is_one_reason_whoever_is_named(tmp_path: Path) -> None:
    one = line(tmp_path)
    for number, stranger in enumerate(STRANGERS[:2], 1):
        assert "beneficiary-not-confirmed" in ask(one, stranger, number).codes
    for number, relative in enumerate((STRANGERS[2], KID, STRANGERS[0]), 3):
        said = ask(one, relative, number)
        assert (said.codes, said.types) == (STOP, ["refused"])
        assert said.only.case.beneficiary is None
        assert [f.key for f in said.only.facts if f.key == KID.psn_no] == []
    (why,) = said.answers[0][1].reasons
    assert (why.citation.path, "窗口" in why.remedy_zh) == ("binding.max_unconfirmed_per_day", True)


def test_the_same_stranger_counts_once(tmp_path: Path) -> None:
    one = line(tmp_path)
    for number in range(1, 5):
        assert "beneficiary-not-confirmed" in ask(one, STRANGERS[0], number).codes
    assert ask(one, KID, 9).codes == ["face-check-missing"]


def test_a_limit_of_none_stops_at_the_first(tmp_path: Path) -> None:
    assert ask(line(tmp_path, 0), KID, 1).codes == STOP


def test_other_sponsors_are_not_stopped(tmp_path: Path) -> None:
    one = line(tmp_path, 1)
    ask(one, STRANGERS[0], 1)
    other = adult(5)
    one.know(other)
    body = submitted(other, STRANGERS[1], relation="child", number=2, face_check=None)
    assert "beneficiary-not-confirmed" in one.send(SUBMITTED, body).codes


def test_the_next_day_of_beijing_is_a_new_one(tmp_path: Path) -> None:
    one = line(tmp_path, 1)
    midnight = datetime(2026, 11, 24, tzinfo=BEIJING)
    ask(one, STRANGERS[0], 1, midnight - timedelta(seconds=2))
    assert ask(one, STRANGERS[1], 2, midnight - timedelta(seconds=1)).codes == STOP
    assert ask(one, STRANGERS[1], 3, midnight).codes != STOP


def test_a_clerk_who_sees_the_certificates_may_go_on(tmp_path: Path) -> None:
    one = line(tmp_path, 1)
    ask(one, STRANGERS[0], 1)
    said = ask(one, KID, 2, channel="counter", counter=counter())
    assert STOP[0] not in [r.code for _, body in said.answers for r in body.reasons]
    assert ask(one, KID, 3, channel="counter", counter=None).codes == STOP


def wait_for(one: Line, relative: MadeUp, number: int) -> Said:
    """A request that lacks nothing but what the registry knows of the relative."""
    face = face_check(SPONSOR, MONDAY, transaction_no=f"T{number}")
    return one.send(SUBMITTED, submitted(SPONSOR, relative, relation="child", number=number, face_check=face))


def test_nobody_asks_for_more_strangers_within_one_wait_than_in_a_day(tmp_path: Path) -> None:
    one = line(tmp_path, 2)
    for number, stranger in enumerate(STRANGERS[:2], 1):
        assert wait_for(one, stranger, number).answers[0][1].outcome == "accepted"
    assert [wait_for(one, relative, n).codes for n, relative in ((3, STRANGERS[2]), (4, KID))] == [STOP] * 2
    fired = [one.fire("person", entity) for kind, entity in sorted(one.dues) if kind == "person"]
    assert [[r.code for r in said.only.reasons] for said in fired] == [["beneficiary-not-confirmed"]] * 2
    assert len(one.work.stopped) == 1


def test_those_who_are_recorded_in_time_do_not_count(tmp_path: Path) -> None:
    one = line(tmp_path, 2)
    for number, relative in enumerate(STRANGERS[:2], 1):
        wait_for(one, relative, number)
        one.know(relative)
    assert wait_for(one, KID, 3).types == ["passed"]


def test_a_family_that_waits_for_its_sponsor_is_not_stopped(tmp_path: Path) -> None:
    one = Line(overlaid(tmp_path, "330000", "binding", {"max_unconfirmed_per_day": 1}))
    for number, relative in enumerate(STRANGERS[:3], 1):
        assert wait_for(one, relative, number).answers[0][1].outcome == "accepted"
    one.know(SPONSOR)
    one.know(*STRANGERS[:3])
    assert one.work.stopped == set()


def test_a_stranger_who_is_taken_back_while_waited_for_counts(tmp_path: Path) -> None:
    one = line(tmp_path, 2)
    for number, stranger in enumerate(STRANGERS[:2], 1):
        request = submitted(SPONSOR, stranger, relation="child", number=number)
        one.send(SUBMITTED, request)
        one.send(
            "binding.requests.withdrawn",
            Withdrawn(binding_id=request.binding_id, sponsor_psn_no=SPONSOR.psn_no),
        )
    assert wait_for(one, KID, 3).codes == STOP


def test_a_sender_cannot_choose_the_day_by_its_clock(tmp_path: Path) -> None:
    one = line(tmp_path, 1)
    ask(one, STRANGERS[0], 1)
    body = submitted(SPONSOR, KID, relation="child", number=2, at=MONDAY - timedelta(days=2), face_check=None)
    event = one.memory.event(SUBMITTED, body, at=MONDAY, source="zheliban")
    said = one.fold(event._replace(time=MONDAY - timedelta(days=2)), MONDAY - timedelta(days=2))
    assert said.codes == STOP
