"""Every committed case of the ledger comes out as it says, through settlement's own code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploy.ledger.case import Case, find, read_cases
from deploy.ledger.runner import committed, run

FOLDER = Path(__file__).parent / "cases"
CASES = [case for file in find([FOLDER]) for case in read_cases(file)]
PAYING = {1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20, 21, 22, 24}
"""Numbers of the complaints of the collected public questions that concern paying."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file.removesuffix('.yaml')}-{case.name}")
def test_case(case: Case) -> None:
    result = run(case, committed())
    assert result.passed, result.line


def test_there_are_at_least_eighty_each_named_by_a_sentence_of_its_own_in_both_languages_and_with_its_rule() -> (
    None
):
    names = [case.name for case in CASES]
    assert len(names) >= 80
    assert sorted({name for name in names if names.count(name) > 1}) == []
    assert [name for name in names if not re.search(r"[\u4e00-\u9fff].* / .*[a-z]", name)] == []
    assert [case.where for case in CASES if not case.because] == []


def test_every_complaint_that_concerns_paying_has_a_case() -> None:
    told = {int(n) for case in CASES for n in re.findall(r"complaint (\d+)", case.name)}
    assert PAYING - told == set()
