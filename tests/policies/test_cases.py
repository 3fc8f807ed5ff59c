"""Every committed case comes out as it says, through the services' own code."""

import pytest

from deploy.policy.case import Case, find, read_cases
from deploy.policy.runner import committed, run

FILES = {file.name: read_cases(file) for file in find()}
CASES = [case for cases in FILES.values() for case in cases]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file.removesuffix('.yaml')}-{case.name}")
def test_case(case: Case) -> None:
    differences = [f"step {number}: {line}" for number, line in run(case, committed()).different]
    assert not differences, "\n".join([case.name, *differences])


def test_no_two_cases_have_one_name() -> None:
    names = [case.name for case in CASES]
    assert sorted({name for name in names if names.count(name) > 1}) == []
