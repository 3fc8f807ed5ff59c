"""Which key of a changed policy makes a request come out differently."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from deploy.policy import report
from deploy.policy.attempt import asked
from deploy.policy.blame import Blame, Verdict, under
from deploy.policy.case import case_of
from deploy.policy.past import first_to_read
from deploy.policy.replay import Replayed, Stale, Tally
from deploy.policy.runner import carry_out
from deploy.policy.world import World
from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.screening import screen
from shared.policies import Policies, load
from shared.testing.messages import MONDAY, uid
from tests.unit.policies.files import entry, key

PRESENT = load()


def inquiry(step: str = "{submit: 姐姐}", people: str = "{姐姐: {}}") -> Inquiry:
    """A request in Hangzhou as eligibility sees it."""
    tree = yaml.safe_load(
        f'{{name: x, region: "330100", date: 2026-11-23, people: {people}, steps: [{step}]}}'
    )
    case = case_of(tree, "test", expects=False)
    world = World(case.facts, PRESENT)
    for one in case.steps:
        carry_out(world, one)
    q = asked(world)
    assert q is not None
    return q


def changed(folder: Path, text: str) -> Policies:
    (folder / "x.yaml").write_text('region: "330100"\nparent: "330000"\n' + text, "utf-8")
    return load(overlay=folder)


def blamed(q: Inquiry, other: Policies) -> tuple[str, tuple[str, ...]]:
    """The new outcome, and the keys that decide."""
    policy = other.at(q.region, q.at)
    after = under(q, policy, policy.binding.commitment)
    was, now = Verdict.of(screen(q)), Verdict.of(screen(after))
    return now.outcome, Blame().keys(q, was, after, now, first=True)


def binding(*keys: str) -> str:
    return "binding:\n" + "".join(keys)


@pytest.mark.parametrize(
    ("text", "outcome", "keys"),
    [
        (key("offered", entry("false")), "refused", ("binding.offered",)),
        (key("consent_from_age", entry("16")), "consent-needed", ("binding.consent_from_age",)),
        (key("min_balance", entry('"9000.00"')) + key("base_reserve", entry('"9000.00"')), "refused", ("binding.min_balance", "binding.base_reserve")),
        (key("max_beneficiaries", entry("0")) + key("max_lifetime_beneficiaries", entry("9")), "refused", ("binding.max_beneficiaries",)),
    ],
)  # fmt: skip
def test_each_key_that_alone_changes_the_outcome_is_named(
    tmp_path: Path, text: str, outcome: str, keys: tuple[str, ...]
) -> None:
    assert blamed(inquiry(), changed(tmp_path, binding(text))) == (outcome, keys)


def test_keys_that_decide_only_together_are_named_together(tmp_path: Path) -> None:
    one_of_family = key("max_beneficiaries", entry("1")) + key("counts_sponsor", entry("true"))
    assert blamed(inquiry(), changed(tmp_path, binding(one_of_family))) == (
        "refused", ("binding.max_beneficiaries", "binding.counts_sponsor")
    )  # fmt: skip


def test_a_letter_that_was_not_signed_is_the_commitments_doing(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "HZ-1.txt").write_text("承诺", "utf-8")
    sha = hashlib.sha256("承诺".encode()).hexdigest()
    text = key("commitment", entry(f'{{code: HZ, version: "1", sha256: {sha}}}'))
    assert blamed(inquiry(), changed(tmp_path, binding(text))) == ("refused", ("binding.commitment",))


def test_a_mark_that_sends_the_case_to_a_person_is_a_difference(tmp_path: Path) -> None:
    q = inquiry("{submit: 母亲}", "{母亲: {born: 1960-01-01}}")
    other = changed(tmp_path, binding(key("min_age_gap", entry("{parent: 40}"))))
    assert blamed(q, other) == ("passed", ("binding.min_age_gap",))


def replayed(
    number: int, before: str, after: str, gained: tuple[str, ...] = (), stale: Stale | None = None
) -> Replayed:
    was, now = Verdict(before, ()), Verdict(after, gained)
    return Replayed(
        uid(number, MONDAY),
        1,
        (MONDAY + timedelta(days=number)).date(),
        "330100",
        was,
        was,
        now,
        stale,
        ("binding.offered",) if was != now else (),
    )


def test_a_tally_counts_screenings_and_lists_other_outcomes_first() -> None:
    tally = Tally(changed=["binding.offered", "review.working_days"])
    for one in (
        replayed(1, "passed", "refused", ("region-not-offered",)),
        replayed(2, "passed", "passed", stale=Stale.OLDER),
        replayed(3, "refused", "refused", ("region-not-offered",)),
    ):
        tally.add(one)
    tally.miss("erased")
    found = tally.json()
    assert (found["screenings"], found["same"], found["differing"]) == (3, 1, 2)
    assert found["outcomes"] == [
        {"before": "passed", "after": "refused", "count": 1}, {"before": "refused", "after": "refused", "count": 1}
    ]  # fmt: skip
    assert (found["reasons"], found["stale"], found["gaps"]) == (
        {"+region-not-offered": 2},
        {"older": 1},
        {"erased": 1},
    )
    assert [one.now.outcome for one in first_to_read(tally.differing, 5)] == ["passed", "refused"]
    console = Console(width=200, record=True, file=StringIO())
    console.print(report.replayed(tally, first_to_read(tally.differing, 1), 0.5))
    text = console.export_text()
    for part in (
        "6/s",
        "1 次结论不同",
        "decided no screening: review.working_days",
        "older policy",
        "不能重放",
        "另有 1 次未列",
    ):
        assert part in text
