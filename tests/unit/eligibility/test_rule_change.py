"""Rules that change while bindings stand, and sides that enter a category: kept, listed, suspended or ended, told once."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from services.eligibility.domain.rule_change import KIND, version
from shared import policies
from shared.clock import BEIJING
from shared.contracts.binding_decisions import State
from shared.contracts.registry import InsuranceStatus
from shared.messaging.handler import Due
from shared.policies import Policies
from shared.testing.identities import insurance
from tests.unit.eligibility.line import Line, Said
from tests.unit.eligibility.test_standing import LATER, bound

NEW_YEAR = date(2027, 1, 1)
AFTER = datetime(2027, 1, 1, 9, tzinfo=BEIJING)


def dated(folder: Path, since: date = NEW_YEAR, **values: Any) -> Policies:
    """Zhejiang with values that come into force on a day; each named rule has its value from the start too."""
    entries = {
        key: [{"from": since, "value": value, "reference": "测试规定", "grade": "A"}]
        for key, value in values.items()
    }
    (folder / "330000.yaml").write_text(yaml.safe_dump({"region": "330000", "binding": entries}), "utf-8")
    return policies.load(overlay=folder)


def judge(line: Line, binding_id: UUID, at: datetime = AFTER) -> Said:
    """What the background work hands over once the policy is another one."""
    return line.fold(Due(KIND, str(binding_id), at), at)


NARROW: dict[str, Any] = {"sponsor_excluded": ["11"]}


def excluded(folder: Path, **values: Any) -> tuple[Line, Any, UUID]:
    """A binding of a sponsor whose category is excluded from New Year on."""
    line, sponsor, _, said = bound(line=Line(dated(folder, **(NARROW | values))))
    line.know(sponsor.recorded(version=2, insurances=(insurance(psn_type="11"),)))
    return line, sponsor, said.only.binding_id


@pytest.mark.parametrize(
    ("choice", "effect", "codes"),
    [
        ("keep", None, []),
        ("list", "flag", ["sponsor-category-excluded"]),
        ("end", "end", ["ended-by-rule", "sponsor-category-excluded"]),
    ],
)
def test_a_standing_binding_is_kept_listed_or_ended(
    choice: str, effect: str | None, codes: list[str], tmp_path: Path
) -> None:
    line, _, binding_id = excluded(tmp_path, on_rule_changed=choice)
    said = judge(line, binding_id)
    assert [(b.effect, b.side) for _, b in said.emitted] == ([(effect, "sponsor")] if effect else [])
    assert [r.code for _, b in said.emitted for r in b.reasons] == codes
    assert judge(line, binding_id).emitted == [], "once for one change"
    assert line.work.bindings[binding_id].judged_by == version(line.work.policies.at("330100", AFTER))


def test_only_what_the_rules_about_the_pair_read_makes_another_version(tmp_path: Path) -> None:
    rules = dated(tmp_path, **NARROW, min_balance="5.00")
    before, after = (rules.at("330100", moment) for moment in (LATER.replace(year=2026, month=12), AFTER))
    assert version(before) != version(after)
    other = dated(tmp_path, min_balance="5.00")
    early, late = (other.at("330100", moment) for moment in (LATER.replace(year=2026, month=12), AFTER))
    assert (version(early) == version(late), early.version == late.version) == (True, False)


def test_before_the_day_nothing_changes(tmp_path: Path) -> None:
    line, _, binding_id = excluded(tmp_path, on_rule_changed="end")
    assert judge(line, binding_id, LATER.replace(year=2026, month=12)).emitted == []


def test_an_end_says_which_rule_and_from_when(tmp_path: Path) -> None:
    line, _, binding_id = excluded(tmp_path, on_rule_changed="end")
    first, second = judge(line, binding_id).only.reasons
    assert (first.citation.path, second.citation.path) == (
        "binding.on_rule_changed",
        "binding.sponsor_excluded",
    )
    assert second.citation.valid_from == NEW_YEAR


def test_reach_is_judged_again_too(tmp_path: Path) -> None:
    rules = dated(tmp_path, reach="pooling-region", on_rule_changed="list")
    line, _, kid, said = bound(line=Line(rules), relative=None)
    far = kid.recorded(version=2, insurances=(insurance("390", "330200"),))
    binding = line.work.bindings[said.only.binding_id]
    line.work.put(binding.model_copy(update={"beneficiary_admdvs": "330200"}))
    line.know(far, at=LATER.replace(year=2026, month=12))
    found = judge(line, said.only.binding_id).only
    assert ([r.code for r in found.reasons], found.side) == (["region-too-far"], "beneficiary")


def test_a_rule_that_comes_back_is_a_new_change_and_two_releases_at_once_are_none(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    narrow = dated(tmp_path / "a", **NARROW, on_rule_changed="list")
    wide = dated(tmp_path / "b", on_rule_changed="list")
    line, _, binding_id = excluded(tmp_path, on_rule_changed="list")
    said = []
    for rules in (narrow, wide, narrow, wide, narrow):
        line.work.policies = rules
        said += judge(line, binding_id).types
    assert said == ["condition-changed"]
    (tmp_path / "c").mkdir()
    line.work.policies = wide
    judge(line, binding_id)
    line.work.policies = dated(tmp_path / "c", date(2026, 12, 31), **NARROW, on_rule_changed="list")
    assert judge(line, binding_id).types == ["condition-changed"], "from another day: another change"


def test_a_rule_that_excludes_a_category_is_no_entry_into_it(tmp_path: Path) -> None:
    line, sponsor, binding_id = excluded(tmp_path, on_rule_changed="keep", on_category="end")
    assert judge(line, binding_id).emitted == []
    again = sponsor.recorded(version=3, insurances=(insurance(psn_type="11"),))
    assert line.know(again, at=AFTER).types == [], "it was in the category before"


@pytest.mark.parametrize(
    ("effect", "code"),
    [
        ("flag", "sponsor-category-excluded"),
        ("suspend", "sponsor-category-excluded"),
        ("end", "ended-by-category"),
    ],
)
def test_who_enters_a_category_later(effect: str, code: str, tmp_path: Path) -> None:
    line, sponsor, _, _ = bound(line=Line(dated(tmp_path, date(2026, 1, 1), **NARROW, on_category=effect)))
    entered = sponsor.recorded(version=2, insurances=(insurance(psn_type="1101"),))
    said = line.know(entered, at=LATER)
    assert (said.only.effect, [r.code for r in said.only.reasons]) == (effect, [code])
    assert said.only.reasons[0].citation.path == "binding.on_category"
    left = line.know(sponsor.recorded(version=3), at=LATER)
    assert left.types == (["condition-changed"] if effect == "suspend" else [])
    assert [b.effect for _, b in left.emitted] == (["resume"] if effect == "suspend" else [])


def test_a_category_says_nothing_where_the_policy_says_nothing(tmp_path: Path) -> None:
    line, _, kid, _ = bound(line=Line(dated(tmp_path, date(2026, 1, 1), beneficiary_excluded=["3"])))
    row = insurance("390", psn_type="31")
    assert line.know(kid.recorded(version=2, insurances=(row,)), at=LATER).types == []


def test_a_suspension_stays_while_something_is_left_that_suspends(tmp_path: Path) -> None:
    values = {"on_insurance_paused": "suspend", "on_category": "suspend", "sponsor_excluded": ["11"]}
    line, sponsor, _, _ = bound(line=Line(dated(tmp_path, date(2026, 1, 1), **values)))
    paused = InsuranceStatus.PAUSED
    rows = [
        insurance(psn_type="11", psn_insu_stas=paused),
        insurance(psn_type="11"),
        insurance(psn_type="11", psn_insu_stas=paused),
        insurance(),
    ]
    effects = []
    for number, row in enumerate(rows, 2):
        said = line.know(sponsor.recorded(version=number, insurances=(row,)), at=LATER)
        effects.append([b.effect.value for _, b in said.emitted])
    assert effects == [["suspend"], [], ["suspend"], ["resume"]]


@pytest.mark.parametrize(
    ("values", "fact", "code"),
    [
        ({"on_death": "flag"}, {"surv_stas": "2"}, "beneficiary-deceased"),
        ({"on_insurance_ended": "flag"}, {"insurances": ()}, "beneficiary-not-insured"),
        ({"on_moved": "flag"}, {"insurances": (insurance("390", "350200"),)}, "insured-elsewhere"),
    ],
)
def test_what_does_not_end_is_not_called_an_end(
    values: dict[str, Any], fact: dict[str, Any], code: str, tmp_path: Path
) -> None:
    line, _, kid, _ = bound(line=Line(dated(tmp_path, date(2026, 1, 1), **values)))
    said = line.know(kid.recorded(version=2, **fact), at=LATER)
    assert (said.only.effect, said.only.reasons[0].code) == ("flag", code)


def test_what_is_over_or_unknown_is_not_judged(tmp_path: Path) -> None:
    line, _, _, said = bound(line=Line(dated(tmp_path, **NARROW, on_rule_changed="end")))
    assert judge(line, UUID(int=5)).emitted == []
    line.decide(said, State.ENDED, 3)
    assert judge(line, said.only.binding_id).emitted == []


def test_a_binding_is_marked_when_it_begins_and_ceases_to_stand() -> None:
    line, _, _, said = bound()
    assert line.work.stamped == {said.only.binding_id}
    line.work.stamped.clear()
    line.decide(said, State.SUSPENDED, 3)
    assert line.work.stamped == set()
    line.decide(said, State.ENDED, 4)
    assert line.work.stamped == {said.only.binding_id}
