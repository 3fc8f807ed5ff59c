"""Ends that somebody asks for: through which channel, how soon, from when; and what overrides the waiting time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.eligibility.domain.binding import Condition, Standing
from services.eligibility.domain.ending import ends_at, objections
from shared.clock import BEIJING
from shared.contracts import beneficiary_requests as theirs
from shared.contracts.binding_decisions import BindingState, Cause, Period, State
from shared.contracts.binding_requests import ChannelKind, Side
from shared.testing.messages import MONDAY, unbind_requested
from shared.testing.proofs import counter
from tests.unit.eligibility.line import Line, Said
from tests.unit.eligibility.rules import policy
from tests.unit.eligibility.test_overlay import overlaid
from tests.unit.eligibility.test_standing import LATER, UNBIND, bound


def line_with(folder: Path, **values: Any) -> Line:
    return Line(overlaid(folder, "330000", "binding", values))


def state(said: Said, version: int, **fields: Any) -> BindingState:
    """A decision about the binding of a screening."""
    body = said.emitted[0][1]
    common = {"binding_id": body.binding_id, "origin": body.origin, "round": body.round, "case": body.case}
    return BindingState(**(common | {"version": version, "policy_version": body.policy_version} | fields))


def test_an_end_comes_through_the_regions_channels_and_the_counter_is_open_to_everybody(
    tmp_path: Path,
) -> None:
    line, sponsor, _, said = bound(line=line_with(tmp_path, unbind_channels=["website"]))
    refused = line.send(UNBIND, unbind_requested(sponsor, said.only.binding_id))
    assert refused.codes == ["unbind-channel-not-allowed"]
    (why,) = refused.answers[0][1].reasons
    assert (why.citation.path, why.field) == ("binding.unbind_channels", "channel")
    assert "网上服务大厅(website)" in why.remedy_zh
    assert "app" not in why.remedy_zh
    for channel, proof in (("website", None), ("counter", counter())):
        body = unbind_requested(sponsor, said.only.binding_id, channel=channel, counter=proof)
        assert line.send(UNBIND, body).types == ["unbind-checked"]


@pytest.mark.parametrize("missing", ["form_complete", "originals_seen"])
def test_nobody_ends_a_binding_at_a_counter_whom_the_clerk_does_not_vouch_for(missing: str) -> None:
    line, sponsor, _, said = bound()
    proof = counter().model_copy(update={missing: False})
    body = unbind_requested(sponsor, said.only.binding_id, channel="counter", counter=proof)
    refused = line.send(UNBIND, body)
    assert (refused.codes, refused.types) == (["counter-incomplete"], [])


def test_without_a_list_of_its_own_an_end_comes_through_the_channels_of_requests(tmp_path: Path) -> None:
    line, sponsor, _, said = bound(line=line_with(tmp_path, channels=["app", "counter"]))
    web = unbind_requested(sponsor, said.only.binding_id, channel="website")
    refused = line.send(UNBIND, web)
    assert (refused.codes, refused.answers[0][1].reasons[0].citation.path) == (
        ["unbind-channel-not-allowed"],
        "binding.channels",
    )
    assert line.send(UNBIND, unbind_requested(sponsor, said.only.binding_id)).types == ["unbind-checked"]


def test_all_reasons_against_an_end_come_at_once(tmp_path: Path) -> None:
    values = {"unbind_by": ["sponsor"], "unbind_channels": ["website"], "min_bound_months": 1}
    line, _, kid, said = bound(line=line_with(tmp_path, **values))
    body = theirs.UnbindRequested(
        beneficiary_psn_no=kid.psn_no, binding_id=said.only.binding_id, channel="app"
    )
    found = line.send("beneficiary.requests.unbind-requested", body)
    assert found.codes == ["unbind-not-allowed", "unbind-channel-not-allowed", "unbind-too-early"]


@pytest.mark.parametrize("fact", [{"surv_stas": "2"}, {"insurances": ()}])
def test_death_and_the_end_of_insurance_override_the_waiting_time(
    fact: dict[str, Any], tmp_path: Path
) -> None:
    values = {"min_bound_months": 12, "on_death": "flag", "on_insurance_ended": "flag"}
    line, sponsor, kid, said = bound(line=line_with(tmp_path, **values))
    early = line.send(UNBIND, unbind_requested(sponsor, said.only.binding_id))
    assert early.codes == ["unbind-too-early"]
    line.know(kid.recorded(version=2, **fact), at=MONDAY)
    assert line.send(UNBIND, unbind_requested(sponsor, said.only.binding_id)).types == ["unbind-checked"]


def test_an_automatic_end_meets_no_waiting_time(tmp_path: Path) -> None:
    line, _, kid, _ = bound(line=line_with(tmp_path, min_bound_months=12))
    assert line.know(kid.recorded(version=2, surv_stas="2"), at=MONDAY).only.effect == "end"


@pytest.mark.parametrize(
    ("bound_on", "months", "until"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-11-30", 3, "2027-02-28"),
    ],
)
def test_the_waiting_time_ends_with_the_day_that_corresponds_or_the_last_of_the_month(
    bound_on: str, months: int, until: str
) -> None:
    line, _, _, said = bound()
    binding = line.work.bindings[said.only.binding_id].model_copy(
        update={"bound_at": datetime.fromisoformat(f"{bound_on}T10:00+08:00")}
    )

    def early(at: datetime) -> bool:
        found = objections(
            policy(min_bound_months=months),
            {},
            binding,
            Side.SPONSOR,
            at,
            channel=ChannelKind.APP,
            face=None,
            face_used=False,
            counter=None,
        )
        return "unbind-too-early" in {r.code for r in found}

    edge = datetime.fromisoformat(f"{until}T00:00+08:00")
    assert [early(edge + timedelta(seconds=s)) for s in (-1, 0, 1)] == [True, False, False]


@pytest.mark.parametrize(
    ("channel", "expected"),
    [("app", "2026-12-01T00:00"), ("website", "2026-11-24T00:00"), ("counter", "2026-11-23T10:00")],
)
def test_from_when_an_end_counts_depends_on_the_channel(channel: str, expected: str) -> None:
    line, _, _, said = bound()
    rules = policy(
        unbind_effect="next-month", unbind_effect_by_channel={"website": "next-day", "counter": "now"}
    )
    binding = line.work.bindings[said.only.binding_id]
    at = ends_at(rules, binding, ChannelKind(channel), MONDAY)
    assert at == datetime.fromisoformat(expected).replace(tzinfo=BEIJING)


@pytest.mark.parametrize(("seconds", "at_once"), [(-1, True), (0, False), (1, False)])
def test_what_has_not_begun_ends_at_once(seconds: int, at_once: bool) -> None:
    line, _, _, said = bound()
    begins = datetime(2026, 12, 24, tzinfo=BEIJING)
    binding = line.work.bindings[said.only.binding_id].model_copy(update={"begins_at": begins})
    at = begins + timedelta(seconds=seconds)
    ends = ends_at(policy(unbind_effect="next-month"), binding, ChannelKind.APP, at)
    assert ends == (at if at_once else datetime(2027, 1, 1, tzinfo=BEIJING))


@pytest.mark.parametrize("cause", [Cause.SPONSOR, Cause.BENEFICIARY, Cause.DATE])
def test_the_decision_says_when_and_by_whom_it_ended(cause: Cause) -> None:
    line, _, _, said = bound()
    ended = state(
        said, 3, state=State.ENDED, at=LATER, cause=cause, effective=(Period(begin=MONDAY, end=LATER),)
    )
    line.send("binding.decisions.ended", ended, source="gongji-audit", at=LATER)
    binding = line.work.bindings[said.only.binding_id]
    assert (binding.ended_at, binding.ended_by, binding.stage) == (LATER, cause, "closed")


def test_an_end_that_is_announced_is_no_end_yet() -> None:
    line, _, _, said = bound()
    period = Period(begin=MONDAY, end=LATER + timedelta(days=9))
    body = state(said, 3, state=State.APPROVED, at=LATER, cause=Cause.SPONSOR, effective=(period,))
    line.send("binding.decisions.changed", body, source="gongji-audit", at=LATER)
    assert line.work.bindings[said.only.binding_id].ended_at is None


def test_one_decision_teaches_all_that_was_missed() -> None:
    line, _, _, said = bound()
    binding = line.work.bindings[said.only.binding_id]
    line.work.put(
        binding.model_copy(update={"version": 0, "bound_at": None, "begins_at": None, "ever": False})
    )
    body = state(
        said, 9, state=State.ENDED, at=LATER, cause=Cause.DEATH, effective=(Period(begin=MONDAY, end=LATER),)
    )
    line.send("binding.decisions.ended", body, source="gongji-audit", at=LATER)
    taught = line.work.bindings[said.only.binding_id]
    assert (taught.bound_at, taught.begins_at, taught.ever, taught.ended_by) == (
        MONDAY,
        MONDAY,
        True,
        Cause.DEATH,
    )


def test_a_side_remembers_what_is_out_of_order() -> None:
    line, _, kid, said = bound()
    line.know(kid.recorded(version=2, surv_stas="2"), at=LATER)
    binding = line.work.bindings[said.only.binding_id]
    assert binding.standing(Side.BENEFICIARY) == Standing(conditions=(Condition.DEAD,))
    assert binding.standing(Side.SPONSOR) == Standing()
    assert binding.begins_at == MONDAY
