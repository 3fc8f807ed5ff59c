"""What holds where around every day on which a rule changes."""

from datetime import date, timedelta
from typing import Any

import pytest

from shared.policies import load
from shared.policies.entries import Entry

POLICIES = load()
DAY = timedelta(days=1)
CARE = {"outpatient", "inpatient", "pharmacy"}
PREMIUM = CARE | {"resident-premium"}
ALL = PREMIUM | {"long-term-care-premium"}

CHANGES: list[tuple[str, date, str, Any, Any]] = [
    ("100000", date(2021, 4, 22), "binding.offered", False, True),
    ("110000", date(2021, 4, 22), "binding.offered", False, True),
    ("100000", date(2024, 8, 1), "binding.relations", 3, 8),
    ("370900", date(2024, 8, 1), "binding.relations", 3, 8),
    ("320100", date(2024, 8, 1), "binding.relations", 3, 3),
    ("320100", date(2024, 10, 30), "binding.relations", 3, 8),
    ("420100", date(2024, 10, 1), "binding.relations", 3, 8),
    ("440300", date(2024, 11, 1), "binding.relations", 3, 8),
    ("440100", date(2024, 8, 1), "binding.relations", 3, 8),
    ("330100", date(2024, 12, 9), "binding.relations", 3, 8),
    ("310000", date(2024, 12, 9), "binding.relations", 3, 8),
    ("100000", date(2024, 11, 26), "binding.reach", "pooling-region", "province"),
    ("320500", date(2024, 11, 26), "binding.reach", "pooling-region", "province"),
    ("330100", date(2024, 11, 26), "binding.reach", "pooling-region", "province"),
    ("100000", date(2026, 1, 9), "binding.cross_province_mode", None, "earmark"),
    ("440300", date(2026, 1, 9), "binding.cross_province_mode", None, "earmark"),
    ("100000", date(2024, 8, 1), "binding.uses", CARE, PREMIUM),
    ("100000", date(2026, 1, 9), "binding.uses", PREMIUM, ALL),
    ("510100", date(2026, 1, 9), "binding.uses", PREMIUM, ALL),
    ("320100", date(2024, 8, 1), "binding.uses", CARE, PREMIUM),
    ("320100", date(2025, 6, 30), "binding.uses", PREMIUM, ALL),
    ("130300", date(2023, 11, 7), "binding.uses", CARE, CARE | {"supplementary-insurance"}),
    ("130300", date(2026, 1, 9), "binding.uses", PREMIUM | {"supplementary-insurance"}, ALL | {"supplementary-insurance"}),
    ("310000", date(2022, 7, 1), "binding.offered", False, True),
    ("310000", date(2022, 7, 1), "spending.sponsor_segments", {"current", "historic"}, {"historic"}),
    ("310000", date(2022, 8, 1), "binding.effect", "next-month", "now"),
    ("310000", date(2022, 10, 1), "binding.uses", CARE, PREMIUM),
    ("310000", date(2026, 1, 9), "binding.uses", PREMIUM, ALL),
    ("330100", date(2022, 1, 1), "spending.sponsor_segments", {"current", "historic"}, {"historic"}),
    ("330200", date(2022, 3, 1), "spending.quota_scope", "per-member", "none"),
    ("320500", date(2025, 3, 18), "spending.unfiled_reach", None, "pooling-region"),
    ("350200", date(2022, 1, 1), "binding.one_family", False, True),
    ("370900", date(2024, 8, 1), "binding.max_beneficiaries", None, 8),
    ("370900", date(2024, 8, 1), "binding.unbind_by", {"sponsor", "beneficiary"}, {"sponsor"}),
    ("430100", date(2024, 8, 1), "binding.max_lifetime_beneficiaries", None, 20),
    ("440300", date(2024, 11, 1), "review.auto_approve", "when-proven", "never"),
    ("460100", date(2024, 8, 1), "binding.kin_account_first", False, True),
    ("530900", date(2024, 12, 9), "spending.order", "oldest-binding", "highest-balance"),
    ("620100", date(2024, 8, 1), "binding.consent_from_age", None, 16),
    ("650100", date(2025, 3, 18), "spending.order", "oldest-binding", "beneficiary-order"),
    ("650100", date(2025, 3, 18), "binding.min_balance", 0, 1),
]  # fmt: skip


def value(region: str, day: date, path: str) -> Any:
    section, key = path.split(".")
    return getattr(getattr(POLICIES.on(region, day), section), key)


@pytest.mark.parametrize(("region", "day", "path", "before", "after"), CHANGES)
def test_a_rule_holds_from_its_first_day_and_not_a_day_earlier(
    region: str, day: date, path: str, before: Any, after: Any
) -> None:
    found = [value(region, d, path) for d in (day - DAY, day, day + DAY)]
    if path == "binding.relations":
        found = [len(relations) for relations in found]
    assert found == [before, after, after]


def dated() -> list[tuple[str, Entry]]:
    """Every entry that counts without an adoption, with its region."""
    return [
        (file.region, entry)
        for file in POLICIES.files.values()
        for found in file.entries.values()
        for entry in found
        if entry.grade != "C"
    ]


@pytest.mark.parametrize(("region", "entry"), dated(), ids=lambda v: v if isinstance(v, str) else v.path)
def test_every_dated_value_is_what_its_region_cites_from_that_day(region: str, entry: Entry) -> None:
    """The value itself holds from its day, or, where the nation set a floor, at least it."""
    day = entry.from_
    around = [POLICIES.on(region, d).cite(entry.path) for d in (day - DAY, day, day + DAY)]
    assert (around[0].file, around[0].from_) != (entry.file, day)
    for cited, d in zip(around[1:], (day, day + DAY), strict=True):
        holds = value(region, d, entry.path)
        if isinstance(entry.value, frozenset) and cited.file != entry.file:
            assert entry.value <= holds
        else:
            assert (cited.file, cited.from_, holds) == (entry.file, day, entry.value)


def test_no_region_may_narrow_the_relations_since_all_provinces_followed() -> None:
    near = value("100000", date(2024, 12, 9), "binding.relations")
    for region in POLICIES.files:
        assert value(region, date(2024, 12, 9), "binding.relations") >= near


def test_a_premium_of_residents_may_be_paid_everywhere_since_the_rule_of_2024() -> None:
    """A city's own list of uses must not lose what the nation added."""
    for region in POLICIES.files:
        for day, use in ((date(2024, 8, 1), "resident-premium"), (date(2026, 11, 23), "resident-premium")):
            assert use in value(region, day, "binding.uses"), (region, day)


def test_before_the_national_rule_nothing_is_offered_anywhere() -> None:
    for region in POLICIES.files:
        assert not value(region, date(2021, 4, 21), "binding.offered")
