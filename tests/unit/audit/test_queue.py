"""How a case waits: reminders, escalation, who goes first, and the same reviewer again."""

from datetime import date, datetime, timedelta

import pytest

from services.audit.domain import queue
from services.audit.domain.deadlines import after_working_days
from services.audit.domain.model import AUTO, CaseFile, Claim, Elapsed
from shared.clock import BEIJING
from shared.contracts import binding_screenings as found
from shared.contracts import review_verdicts as said
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import Material, MaterialKind, Side
from shared.policies.values import Review
from shared.testing.messages import MONDAY
from tests.unit.audit.line import ID, Line, passed, policy, refused, verdict

PAPER = Material(
    kind=MaterialKind.HOUSEHOLD_REGISTER,
    holder=Side.SPONSOR,
    reference="doc-1",
    media_type="image/jpeg",
    size=1000,
    sha256="0" * 64,
)
DAY = timedelta(days=1)


def queued(review: Review | None = None) -> Line:
    line = Line(policy(review=review or Review()))
    line.send(passed(proven=()))
    return line


def held(line: Line) -> CaseFile:
    return line.batch.files[ID]


def test_people_are_reminded_at_half_and_at_nine_tenths_and_then_it_is_escalated() -> None:
    line = queued()
    span = held(line).state.due_at - MONDAY  # type: ignore[operator]
    just = timedelta(microseconds=1)
    seen = []
    for moment in (span / 2 - just, span / 2, span * 0.9 - just, span * 0.9, span - just, span):
        line.wait(MONDAY + moment)
        seen.append((held(line).reminded, held(line).overdue))
    assert seen == [(0, False), (50, False), (50, False), (90, False), (90, False), (90, True)]
    assert [kind for _, kind in line.batch.waited] == ["review-half", "review-nearly", "review-overdue"]
    assert line.state.version == 2, "reminders are the desk's business, no decision"
    assert line.dues == {}
    assert line.send(verdict("approve")) == ["approved"], "an escalated case can still be decided"
    assert (held(line).reminded, held(line).overdue) == (0, False)


def test_a_case_that_left_the_queue_reminds_nobody() -> None:
    line = queued()
    line.send(verdict("approve"))
    before = held(line)
    for kind in queue.KINDS:
        assert queue.waited(before, kind).file == before
    assert line.dues == {}
    assert queue.reminders(None) == {}
    assert queue.reminders(before) == {}
    line.wait(30 * DAY)
    assert line.batch.waited == []


def test_an_unknown_wait_changes_nothing() -> None:
    line = queued()
    assert queue.waited(held(line), "turn").file == held(line)
    assert Elapsed("turn").kind not in queue.KINDS


def test_a_change_while_it_waits_does_not_start_the_time_anew() -> None:
    line = queued()
    line.wait(DAY)
    before = dict(line.dues)
    line.send(found.ChangeChecked(binding_id=ID, at=line.now, rank=2))
    assert line.state.version == 3
    assert line.dues == before


@pytest.mark.parametrize(
    ("today", "age", "last"),
    [
        (date(2026, 11, 23), 80, date(1946, 11, 23)),
        (date(2028, 2, 29), 80, date(1948, 2, 28)),
        (date(2028, 2, 28), 80, date(1948, 2, 28)),
        (date(2026, 11, 23), 0, date(2026, 11, 23)),
        (date(2026, 11, 23), None, None),
    ],
)
def test_who_is_old_enough_on_a_day(today: date, age: int | None, last: date | None) -> None:
    assert queue.born_by(datetime(today.year, today.month, today.day, 0, 0, tzinfo=BEIJING), age) == last


def test_a_queued_case_knows_who_goes_first_in_its_region() -> None:
    assert held(queued(Review(first_from_age=75))).first_born_by == date(1951, 11, 23)
    assert held(queued()).first_born_by is None
    approved = Line()
    approved.send(passed())
    assert held(approved).state.since is None


def supplemented(line: Line, **changes: object) -> Line:
    line.send(verdict("supplement", "op-2", materials=(MaterialKind.HOUSEHOLD_REGISTER,)))
    line.send(passed(2, ("materials",), materials=(PAPER,), **changes), time=line.now + DAY)
    return line


def test_a_case_that_comes_back_with_its_documents_is_kept_for_its_reviewer() -> None:
    line = supplemented(queued())
    until = after_working_days(MONDAY + DAY, 1).at
    assert held(line).claim == Claim("op-2", until)
    line.send(said.Claimed(binding_id=ID, operator_id="op-1"))
    assert line.told.reasons[0].code == "case-claimed"
    line.send(said.Claimed(binding_id=ID, operator_id="op-1"), time=until)
    assert line.told.accepted, "nobody waits longer than that for one reviewer"


def test_it_is_kept_no_longer_than_it_is_due() -> None:
    line = supplemented(queued(Review(working_days=0)))
    assert held(line).claim == Claim("op-2", line.state.due_at)  # type: ignore[arg-type]


def test_where_anything_else_changed_anybody_takes_it() -> None:
    assert held(supplemented(queued(), admdvs="330200")).claim is None


def test_documents_that_no_reviewer_asked_for_keep_it_for_nobody() -> None:
    line = Line()
    missing = refused("materials-missing").model_copy(
        update={"supplement": (MaterialKind.HOUSEHOLD_REGISTER,)}
    )
    line.send(missing)
    line.send(passed(2, ("materials",), materials=(PAPER,)))
    assert (line.state.state, held(line).claim) == (State.UNDER_REVIEW, None)
    before = held(queued()).state.model_copy(update={"state": State.SUPPLEMENT_REQUESTED, "reviewer": AUTO})
    assert queue.kept_for(before, line.state, MONDAY) is None
    assert queue.kept_for(line.state, line.state, MONDAY) is None
    endless = line.state.model_copy(update={"due_at": None})
    assert queue.kept_for(before, endless, MONDAY) is None
    assert queue.reminders(CaseFile(endless)) == {}
