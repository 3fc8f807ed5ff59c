"""What comes at the wrong moment: leases that run out, two at one case, clocks that jump, documents and withdrawals that cross a review."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.audit.domain import queue
from services.audit.domain.model import Claim
from services.audit.domain.verdicts import LEASE
from shared.contracts import binding_screenings as found
from shared.contracts import review_verdicts as said
from shared.contracts.binding_decisions import Cause, State
from shared.contracts.binding_requests import MaterialKind
from shared.testing.messages import MONDAY
from tests.unit.audit.line import ID, Line, passed, refused, verdict

MOMENT, DAY = timedelta(microseconds=1), timedelta(days=1)
PAPERS = (MaterialKind.HOUSEHOLD_REGISTER,)


def queued() -> Line:
    line = Line()
    line.send(passed(proven=()))
    return line


def claim(operator: str) -> said.Claimed:
    return said.Claimed(binding_id=ID, operator_id=operator)


def codes(line: Line) -> list[str]:
    return [why.code for why in line.told.reasons]


def held(line: Line) -> Claim | None:
    return line.batch.files[ID].claim


def waiting() -> Line:
    """Documents are asked for, and the deadline for them runs."""
    line = Line()
    line.send(refused("materials-missing").model_copy(update={"supplement": PAPERS}))
    return line


def test_a_lease_keeps_others_away_to_its_last_moment_and_no_longer() -> None:
    line = queued()
    line.send(claim("op-1"))
    line.send(verdict("approve", "op-2"), time=MONDAY + LEASE - MOMENT)
    assert (codes(line), line.state.state) == (["case-claimed"], State.UNDER_REVIEW)
    assert line.send(verdict("approve", "op-2"), time=MONDAY + LEASE) == ["approved"]
    assert line.send(verdict("approve"), time=MONDAY + LEASE) == []
    assert (codes(line), line.state.reviewer) == (["already-decided"], "op-2")


def test_a_verdict_that_was_said_under_a_lease_but_comes_after_the_next_claim_does_not_count() -> None:
    line = queued()
    line.send(claim("op-1"))
    line.send(claim("op-2"), time=MONDAY + LEASE)
    assert line.send(verdict("approve"), time=MONDAY + LEASE - MOMENT) == []
    assert codes(line) == ["case-claimed"]
    assert held(line) == Claim("op-2", MONDAY + 2 * LEASE)
    assert line.send(verdict("reject", "op-2", note="关系不符"), time=MONDAY + LEASE) == ["rejected"]


def test_a_verdict_after_the_own_lease_counts_while_nobody_else_has_the_case() -> None:
    line = queued()
    line.send(claim("op-1"))
    assert line.send(verdict("approve"), time=MONDAY + 2 * LEASE) == ["approved"]


def test_of_two_supervisors_the_first_decides_and_the_other_is_told() -> None:
    line = queued()
    assert line.send(verdict("approve", "op-1")) == ["approved"]
    assert line.send(verdict("reject", "op-2", note="关系不符")) == []
    assert codes(line) == ["already-decided"]
    assert [type for type, _ in line.decisions] == ["received", "under-review", "approved"]


@pytest.mark.parametrize("late", [timedelta(0), MOMENT, 30 * DAY])
def test_documents_that_come_when_the_time_for_them_is_over_find_the_case_expired(late: timedelta) -> None:
    line = waiting()
    due = line.state.due_at
    assert due is not None
    assert line.send(passed(2, ("materials",)), time=due + late) == ["expired"]
    assert (line.state.at, [why.code for why in line.state.reasons]) == (due, ["supplement-expired"])
    assert codes(line) == ["wrong-state"], "who sent them hears what has become of the case"
    assert line.state.round == 1
    assert line.dues == {}


def test_documents_that_come_in_the_last_moment_count() -> None:
    line = waiting()
    assert line.state.due_at is not None
    assert line.send(passed(2, ()), time=line.state.due_at - MOMENT) == ["under-review"]
    assert line.wait(DAY) == []


def test_a_new_round_of_a_claimed_case_is_in_nobodys_hands() -> None:
    line = queued()
    line.send(claim("op-1"))
    assert line.send(passed(2, ()), time=MONDAY + MOMENT) == ["under-review"]
    assert (held(line), line.state.round, line.state.since) == (None, 2, MONDAY + MOMENT)
    line.send(claim("op-2"))
    assert line.told.accepted


def test_a_case_that_is_withdrawn_in_somebodys_hands_takes_no_verdict() -> None:
    line = queued()
    line.send(claim("op-1"))
    assert line.send(found.Withdrawn(binding_id=ID, at=MONDAY)) == ["withdrawn"]
    assert (held(line), line.dues) == (None, {})
    for body in (verdict("approve"), claim("op-1"), said.Released(binding_id=ID, operator_id="op-1")):
        assert line.send(body) == []
        assert codes(line) == ["already-decided"]


@pytest.mark.parametrize("kind", [said.Suspended, said.Resumed, said.EndedByAuthority])
@pytest.mark.parametrize("before", [queued, waiting])
def test_the_authority_meets_no_binding_before_it_is_approved(kind: Any, before: Any) -> None:
    line = before()
    line.send(claim("op-2"))
    files, dues = dict(line.batch.files), dict(line.dues)
    assert line.send(kind(binding_id=ID, operator_id="op-1", document="7号", effective_at=MONDAY)) == []
    assert codes(line) == ["wrong-state"]
    assert (line.batch.files, line.dues) == (files, dues)


def test_a_suspension_and_an_end_of_one_moment_end() -> None:
    line = Line()
    line.send(passed())
    for kind in (said.Suspended, said.EndedByAuthority):
        line.send(kind(binding_id=ID, operator_id="op-1", document="7号", effective_at=MONDAY + DAY))
    assert line.wait(2 * DAY) == ["ended"]
    assert (line.state.cause, line.state.at, line.dues) == (Cause.AUTHORITY, MONDAY + DAY, {})


def test_a_clock_that_goes_back_reminds_nobody_twice_and_dates_no_version_before_the_last() -> None:
    line = queued()
    half = line.dues[queue.HALF, str(ID)]
    line.wait(half)
    assert line.batch.files[ID].reminded == 50
    line.now = MONDAY - 3 * DAY
    assert line.send(found.ChangeChecked(binding_id=ID, at=line.now, order=2)) == ["changed"]
    assert line.state.at == MONDAY, "no version is before the one it follows"
    assert (queue.HALF, str(ID)) not in line.dues
    line.wait(40 * DAY)
    assert [kind for _, kind in line.batch.waited] == [queue.HALF, queue.NEARLY, queue.OVERDUE]
    assert line.send(verdict("approve"), time=MONDAY) == ["approved"], "and back again: what waits is decided"
    assert [state.at for _, state in line.decisions] == sorted(state.at for _, state in line.decisions)


def test_a_claim_of_a_clock_that_ran_ahead_can_be_given_back() -> None:
    line = queued()
    line.send(claim("op-1"), time=MONDAY + DAY)
    line.send(claim("op-2"), time=MONDAY)
    assert codes(line) == ["case-claimed"]
    line.send(said.Released(binding_id=ID, operator_id="op-1"), time=MONDAY)
    line.send(claim("op-2"), time=MONDAY)
    assert held(line) == Claim("op-2", MONDAY + LEASE)
