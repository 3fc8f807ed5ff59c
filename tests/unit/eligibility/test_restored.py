"""After a restore topics are read again in no order: a decision may come before its request, and nothing is lost by it."""

from __future__ import annotations

from uuid import UUID

import pytest

from shared.contracts.base import Message
from shared.contracts.binding_decisions import Cause, Period, State
from shared.contracts.binding_requests import Submitted
from shared.messaging.handler import Tombstone
from shared.testing.identities import adult, child
from shared.testing.messages import MONDAY, related, submitted
from tests.unit.eligibility.line import Line
from tests.unit.eligibility.test_ends import state
from tests.unit.eligibility.test_standing import LATER, bound

SPONSOR, KID = adult(1), child(2)
SUBMITTED = "binding.requests.submitted"
WHOLE = (Period(begin=MONDAY),)


def before() -> tuple[Submitted, dict[str, Message]]:
    """The request, and what audit decided of it in the first run."""
    _, sponsor, kid, said = bound()
    approved = state(said, 2, state=State.APPROVED, at=MONDAY, effective=WHOLE)
    over = (Period(begin=MONDAY, end=LATER),)
    ended = state(said, 3, state=State.ENDED, at=LATER, cause=Cause.SPONSOR, effective=over)
    body = submitted(sponsor, kid, relation="child")
    return body, {"approved": approved, "ended": ended}


def restored() -> Line:
    line = Line()
    line.know(SPONSOR, KID)
    line.send("registry.relations.recorded", related(SPONSOR, KID, "child"))
    return line


def read(line: Line, *decisions: Message) -> None:
    for one in decisions:
        said = line.send("binding.decisions.approved", one, source="gongji-audit", at=LATER)
        assert said.emitted == []


def test_a_request_that_is_read_after_its_decision_stands_as_decided() -> None:
    body, said = before()
    line = restored()
    read(line, said["approved"])
    line.send(SUBMITTED, body)
    binding = line.work.bindings[body.binding_id]
    assert (binding.stage, binding.version, binding.bound_at) == ("bound", 2, MONDAY)
    assert line.work.early == {}
    assert line.work.changed_early == {body.binding_id}


@pytest.mark.parametrize("order", [("approved", "ended"), ("ended", "approved")])
def test_the_latest_of_several_decisions_counts(order: tuple[str, str]) -> None:
    body, said = before()
    line = restored()
    read(line, *(said[name] for name in order))
    line.send(SUBMITTED, body)
    binding = line.work.bindings[body.binding_id]
    assert (binding.stage, binding.ended_by, binding.ever) == ("closed", Cause.SPONSOR, True)
    assert not binding.stage.held


def test_a_request_whose_person_comes_last_does_not_wait_for_what_is_decided() -> None:
    body, said = before()
    line = Line()
    line.know(SPONSOR)
    read(line, said["approved"])
    line.send(SUBMITTED, body)
    assert line.work.bindings[body.binding_id].stage == "bound"
    assert line.dues == {}


def test_an_erased_decision_is_forgotten_before_its_request_comes() -> None:
    body, said = before()
    line = restored()
    read(line, said["approved"])
    for key in (str(body.binding_id), "no id"):
        line.send("binding.decisions.approved", Tombstone(), source="gongji-audit", key=key)
    assert (line.work.early, line.work.changed_early) == ({}, {UUID(str(body.binding_id))})
    line.send(SUBMITTED, body)
    assert line.work.bindings[body.binding_id].stage == "passed"


def test_a_decision_about_what_is_known_is_not_kept() -> None:
    line, _, _, said = bound()
    read(line, state(said, 3, state=State.APPROVED, at=MONDAY, effective=WHOLE))
    assert line.work.changed_early == set()
