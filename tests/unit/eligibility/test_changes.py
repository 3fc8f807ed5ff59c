"""Changes of a standing binding: judged by what changes, counted by the year, never lost on their way to the decision."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.eligibility.domain.binding import Binding
from services.eligibility.domain.following import changes_in_year
from shared.clock import BEIJING
from shared.contracts import binding_requests as ours
from shared.contracts.binding_decisions import DatedTerms, Period, State
from shared.contracts.binding_requests import Terms
from shared.testing.identities import MadeUp
from shared.testing.messages import MONDAY
from tests.unit.eligibility.line import Line, Said
from tests.unit.eligibility.test_ends import line_with, state
from tests.unit.eligibility.test_overlay import overlaid
from tests.unit.eligibility.test_standing import LATER, bound

KINDS: dict[str, Any] = {"scope": ours.ScopeChanged, "quota": ours.QuotaChanged, "dates": ours.DatesChanged}
HOUR = timedelta(hours=1)
Bound = tuple[Line, MadeUp, MadeUp, Said]


def change(line: Line, sponsor: MadeUp, binding_id: UUID, at: datetime = MONDAY, **fields: Any) -> Said:
    """A change of what `fields` name."""
    kind = "dates" if {"begndate", "enddate"} & fields.keys() else next(iter(fields))
    body = KINDS[kind](binding_id=binding_id, sponsor_psn_no=sponsor.psn_no, **fields)
    return line.send(f"binding.requests.{kind}-changed", body, at=at)


def decide(
    line: Line, said: Said, version: int, *terms: DatedTerms, at: datetime = MONDAY + 2 * HOUR
) -> Binding:
    """An audit decision with dated terms is read."""
    effective = (Period(begin=MONDAY),)
    body = state(said, version, state=State.APPROVED, at=at, terms=terms, effective=effective)
    line.send("binding.decisions.changed", body, source="gongji-audit", at=at)
    return line.work.bindings[body.binding_id]


def first(said: Said) -> DatedTerms:
    return DatedTerms(since=MONDAY, terms=said.only.case.terms)


def test_a_year_has_so_many_changes_of_scope_quota_and_dates(tmp_path: Path) -> None:
    line, sponsor, _, said = bound(line=line_with(tmp_path, max_changes_per_year=3))
    binding_id = said.only.binding_id
    assert change(line, sponsor, binding_id, quota=1).types == ["change-checked"]
    assert change(line, sponsor, binding_id, scope=("pharmacy",)).types == ["change-checked"]
    assert change(line, sponsor, binding_id, enddate=date(2028, 1, 1)).types == ["change-checked"]
    over = change(line, sponsor, binding_id, quota=2)
    assert (over.codes, over.types) == (["changes-exhausted"], [])
    (why,) = over.answers[0][1].reasons
    assert ("3次" in why.zh, why.citation.path) == (True, "binding.max_changes_per_year")
    assert change(line, sponsor, binding_id, quota=1).types == ["change-checked"], "says nothing new"


@pytest.mark.parametrize(("seconds", "allowed"), [(-1, False), (0, True)])
def test_the_year_is_that_of_beijing(seconds: int, allowed: bool, tmp_path: Path) -> None:
    line, sponsor, _, said = bound(line=line_with(tmp_path, max_changes_per_year=1))
    change(line, sponsor, said.only.binding_id, quota=1)
    at = datetime(2027, 1, 1, tzinfo=BEIJING) + timedelta(seconds=seconds)
    assert bool(change(line, sponsor, said.only.binding_id, at, quota=2).types) is allowed


def test_a_limit_of_none_at_all_is_a_limit(tmp_path: Path) -> None:
    line, sponsor, _, said = bound(line=line_with(tmp_path, max_changes_per_year=0))
    assert change(line, sponsor, said.only.binding_id, quota=1).codes == ["changes-exhausted"]


def test_the_amount_set_apart_is_changed_only_where_one_is() -> None:
    line, sponsor, _, said = bound()
    body = ours.QuotaChanged(binding_id=said.only.binding_id, sponsor_psn_no=sponsor.psn_no, earmark=5_000)
    refused = line.send("binding.requests.quota-changed", body)
    assert (refused.codes, refused.types) == (["earmark-not-allowed"], [])


def test_a_change_of_the_quota_leaves_the_amount_set_apart() -> None:
    line, sponsor, _, said = bound()
    binding_id = said.only.binding_id
    binding = line.work.bindings[binding_id]
    terms = binding.chosen.model_copy(update={"earmark": 10_000})
    line.work.bindings[binding_id] = binding.model_copy(update={"terms": terms, "wanted": None})
    change(line, sponsor, binding_id, quota=7)
    assert line.work.bindings[binding_id].chosen.earmark == 10_000
    body = ours.QuotaChanged(binding_id=binding_id, sponsor_psn_no=sponsor.psn_no, quota=7, earmark=12_000)
    (checked,) = line.send("binding.requests.quota-changed", body).types
    assert checked == "change-checked"
    assert line.work.bindings[binding_id].chosen.earmark == 12_000


def test_only_what_changes_is_judged(tmp_path: Path) -> None:
    line, sponsor, _, said = bound()
    line.work.policies = overlaid(tmp_path, "330000", "binding", {"uses": ["inpatient"]})
    binding_id = said.only.binding_id
    assert change(line, sponsor, binding_id, quota=7).types == ["change-checked"]
    assert change(line, sponsor, binding_id, scope=("pharmacy",)).codes == ["scope-not-allowed"]


def test_a_change_before_its_decision_is_not_taken_back_by_another_decision() -> None:
    line, sponsor, _, said = bound()
    binding_id = said.only.binding_id
    change(line, sponsor, binding_id, quota=100)
    assert decide(line, said, 3, first(said)).chosen.quota == 100, (
        "a suspension, say, that audit decided before"
    )
    both = change(line, sponsor, binding_id, MONDAY + 3 * HOUR, scope=("pharmacy",))
    assert (both.only.terms.quota, both.only.terms.scope) == (100, ("pharmacy",))


def test_the_decision_that_shows_the_change_settles_it() -> None:
    line, sponsor, _, said = bound()
    done = change(line, sponsor, said.only.binding_id, MONDAY + HOUR, quota=100)
    terms = DatedTerms(since=MONDAY + HOUR, terms=done.only.terms)
    binding = decide(line, said, 3, first(said), terms)
    assert (binding.wanted, binding.terms.quota, binding.changed) == (None, 100, (MONDAY + HOUR,))


def test_a_change_that_audit_did_not_take_is_forgotten_after_a_day() -> None:
    line, sponsor, _, said = bound()
    change(line, sponsor, said.only.binding_id, quota=100)
    day = MONDAY + timedelta(days=1)
    assert decide(line, said, 3, first(said), at=day).chosen.quota == 100
    binding = decide(line, said, 4, first(said), at=day + timedelta(seconds=1))
    assert (binding.chosen.quota, binding.changed) == (None, ())


def test_changes_of_the_year_are_learnt_from_a_decision_alone() -> None:
    line, _, _, said = bound()
    terms = [
        Terms(quota=None),
        Terms(quota=1),
        Terms(quota=1),  # an order or a rank: no change of terms
        Terms(quota=2),
        Terms(quota=3),
    ]
    moments = [
        MONDAY - timedelta(days=400),
        MONDAY - timedelta(days=380),
        *(MONDAY + n * HOUR for n in range(3)),
    ]
    dated = [DatedTerms(since=since, terms=t) for since, t in zip(moments, terms, strict=True)]
    binding = decide(line, said, 3, *dated)
    assert (binding.chosen.quota, changes_in_year(binding, MONDAY)) == (3, 2)
    assert changes_in_year(binding, LATER) == 0, "a new year"


def test_a_first_day_that_stays_may_be_past_and_a_new_one_may_not() -> None:
    line, sponsor, _, said = bound()
    binding_id = said.only.binding_id
    assert change(line, sponsor, binding_id, LATER, enddate=LATER.date()).types == ["change-checked"]
    assert change(line, sponsor, binding_id, LATER, begndate=LATER.date()).types == ["change-checked"]
    past = change(line, sponsor, binding_id, LATER, begndate=LATER.date() - timedelta(days=1))
    assert past.codes == ["dates-not-allowed"]


def test_a_term_is_counted_from_the_day_on_which_the_binding_began(tmp_path: Path) -> None:
    line, sponsor, _, said = bound()
    line.work.policies = overlaid(tmp_path, "330000", "binding", {"max_term_days": 60})
    binding_id, last = said.only.binding_id, MONDAY.date() + timedelta(days=59)
    assert change(line, sponsor, binding_id, LATER, enddate=last).types == ["change-checked"]
    longer = change(line, sponsor, binding_id, LATER, enddate=last + timedelta(days=1))
    assert longer.codes == ["dates-not-allowed"]
    assert change(line, sponsor, binding_id, LATER, enddate=None).codes == ["dates-not-allowed"]


def test_a_new_use_needs_its_documents(tmp_path: Path) -> None:
    line, sponsor, _, said = bound()
    values = {"use_proofs": {"inpatient": [["insurance-card"]]}}
    line.work.policies = overlaid(tmp_path, "330000", "binding", values)
    binding_id = said.only.binding_id
    assert change(line, sponsor, binding_id, scope=("pharmacy", "inpatient")).codes == ["use-proof-missing"]
    assert change(line, sponsor, binding_id, scope=("pharmacy",)).types == ["change-checked"]
