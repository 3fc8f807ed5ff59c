"""Thousands of lives of bindings, and none that breaks a rule; bugs that are planted break one.

`GONGJI_LONG=1` tries at least 18,000 steps.
"""

import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from services.audit.domain import life, periods, permissions, routing, screenings, standing, verdicts
from services.audit.domain.model import CaseFile, moved, step
from tests.unit.audit.machine import Life

pytestmark = pytest.mark.simulation
LONG = bool(os.environ.get("GONGJI_LONG"))
WANTED = 18_000 if LONG else 500
STEPS = 50
USUAL = settings(
    max_examples=400 if LONG else 20,
    stateful_step_count=STEPS,
    deadline=None,
    derandomize=not LONG,  # the long run tries others each time, and says how to repeat what it finds
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(1800 if LONG else 600)
def test_no_order_of_messages_and_no_clock_breaks_a_life() -> None:
    Life.steps = 0
    while Life.steps < WANTED:
        run_state_machine_as_test(Life, settings=USUAL)
    print(f"{Life.steps} steps")


def _withdrawn(file: Any, at: Any) -> Any:
    return moved(file, step(file.state, "withdrawn", at))


def _skipping(state: Any, type: str, at: Any, **changes: Any) -> Any:
    made = step(state, type, at, **changes)
    return replace(made, state=made.state.model_copy(update={"version": state.version + 2}))


def _forgetting(state: Any, type: str, at: Any, **changes: Any) -> Any:
    made = step(state, type, at, **changes)
    return replace(made, state=made.state.model_copy(update={"terms": made.state.terms[-1:]}))


def _screened_again(file: Any, found: Any, at: Any, policy: Any) -> Any:
    return _screened(
        file, found.model_copy(update={"round": file.state.round + 1}) if file else found, at, policy
    )


def _resumed(held: Any, by: str, end: Any, now: Any) -> Any:
    changed = _resume(held, by, end, now)
    return changed and changed[-1:]


_screened, _resume, _redated = screenings.screened, periods.resume, periods.redated
BUGS: dict[str, tuple[Any, str, Any]] = {
    "an approved request can be withdrawn": (screenings, "withdraw", _withdrawn),
    "a version is left out": (screenings, "step", _skipping),
    "terms of before are lost": (standing, "step", _forgetting),
    "a round counts as often as it comes": (screenings, "screened", _screened_again),
    "closed suspensions are lost": (periods, "resume", _resumed),
    "no due row for what the periods do": (periods, "next_turn", lambda state: None),
    "a late row does not come first": (life, "_first_over", lambda state, at: None),
    "anybody may decide": (permissions, "objections", lambda *_: ()),
    "what nobody proved is approved": (routing, "approves_itself", lambda *_: True),
    "new dates open a period beside the old one": (
        periods,
        "redated",
        lambda effective, *rest, **more: (effective[0], *_redated(effective, *rest, **more)),
    ),
    "one approval does where two have to approve": (routing, "two_look", lambda *_: False),
    "a claim keeps nobody away": (verdicts, "LEASE", timedelta(0)),
    "new dates count at once": (periods, "takes_effect", lambda at, effect: at),
    "no approval is looked at again": (routing, "chosen", lambda *_: False),
    "an end leaves the binding standing": (periods, "standing", lambda state, at: state.state),
    "a claim decides": (verdicts, "replace", lambda one, **changes: replace(one, **changes | _decided(one))),
}


def _decided(one: Any) -> dict[str, Any]:
    return {"state": step(one.state, "approved", one.state.at).state} if isinstance(one, CaseFile) else {}


@pytest.mark.skipif(not LONG, reason="part of the simulation, with GONGJI_LONG=1")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, broken = BUGS[bug]
    monkeypatch.setattr(where, name, broken)
    hunt = settings(
        USUAL, max_examples=1000, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False
    )
    with pytest.raises((AssertionError, ValueError)):
        run_state_machine_as_test(Life, settings=hunt)
