"""Every region with values of its own has cases, and every hearsay of binding is adopted in one, by a named officer."""

from collections import Counter

from deploy.policy.case import Case, find, read_cases
from shared.policies import load

POLICIES = load()
CASES = [case for file in find() for case in read_cases(file)]
SPEAKING = {f.region for f in POLICIES.files.values() if f.entries}


def nearest(case: Case) -> str:
    """The file that speaks first for the region of a case."""
    return POLICIES.chain(case.facts.region)[0].region


def test_every_region_with_values_of_its_own_has_three_cases() -> None:
    count = Counter(nearest(case) for case in CASES)
    assert {region: count[region] for region in SPEAKING if count[region] < 3} == {}


def test_every_hearsay_about_binding_is_adopted_in_a_case_of_its_region_by_a_named_officer() -> None:
    hearsay = {
        (file.region, path)
        for file in POLICIES.files.values()
        for path, found in file.entries.items()
        if path.startswith("binding.") and any(e.grade == "C" for e in found)
    }
    adopted = {
        (file.region, path)
        for case in CASES
        if case.policy.get("by")
        for path in case.policy.get("adopt", ())
        for file in POLICIES.chain(case.facts.region)
    }
    assert hearsay - adopted == set()


def test_institutions_directly_under_shandong_have_cases() -> None:
    assert sum(case.facts.region == "379900" for case in CASES) >= 3
