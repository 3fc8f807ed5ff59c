"""Region files: inheritance, dates, adoption."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from shared.policies import Policies, PolicyError, load
from shared.policies.types import ChannelKind, Hours
from shared.policies.values import pooling_region
from tests.unit.policies.files import CITY, HEAD, PROVINCE, entry, key, write


def family(folder: Path, national: str, province: str = "", city: str = "") -> Policies:
    def section(text: str) -> str:
        return f"binding:\n{text}" if text else ""

    return load(
        write(folder, n=HEAD + section(national), p=PROVINCE + section(province), c=CITY + section(city))
    )


def test_the_nearest_level_that_says_something_wins(tmp_path: Path) -> None:
    policies = family(
        tmp_path,
        key("max_sponsors", entry("5")) + key("max_spouses", entry("9")),
        key("max_sponsors", entry("3", "2023-01-01")),
        key("max_sponsors", entry("1", "2025-01-01")),
    )
    day = date(2026, 1, 1)
    assert policies.on("330100", day).binding.max_sponsors == 1
    assert policies.on("330106", day).region == "330100"
    assert policies.on("330200", day).binding.max_sponsors == 3
    assert policies.on("110000", day).binding.max_sponsors == 5
    assert policies.on("330100", day).binding.max_spouses == 9
    assert policies.on("330100", date(2024, 12, 31)).binding.max_sponsors == 3
    assert policies.on("330100", date(2022, 12, 31)).binding.max_sponsors == 5
    assert policies.on("330100", date(2020, 12, 31)).binding.max_sponsors is None


def test_the_boundary_day_is_a_beijing_date(tmp_path: Path) -> None:
    policies = family(tmp_path, key("max_sponsors", entry("5"), entry("6", "2024-08-01")))
    before, after = datetime(2024, 7, 31, 15, 59, 59, tzinfo=UTC), datetime(2024, 7, 31, 16, 0, tzinfo=UTC)
    assert policies.at("330100", before).binding.max_sponsors == 5
    assert policies.at("330100", after).binding.max_sponsors == 6
    first = datetime.fromisoformat("0001-01-01T00:00:00+14:00")  # an outsider may write any time
    assert policies.at("330100", first).binding.max_sponsors is None
    assert (
        policies.at("330100", datetime.fromisoformat("9999-12-31T23:00:00-12:00")).binding.max_sponsors == 6
    )


def test_codes_that_nobody_knows_cost_nothing(tmp_path: Path) -> None:
    policies = family(tmp_path, key("max_sponsors", entry("5")))
    found = {id(policies.on(f"11{n:04}", date(2026, 1, 1))) for n in range(50)}
    assert len(found) == 1


def test_zero_and_null_are_values(tmp_path: Path) -> None:
    policies = family(
        tmp_path,
        key("max_sponsors", entry("5")),
        key("max_sponsors", entry("0")),
        key("max_sponsors", entry("null")),
    )
    day = date(2026, 1, 1)
    assert policies.on("330200", day).binding.max_sponsors == 0
    assert policies.on("330100", day).binding.max_sponsors is None


def test_hearsay_counts_from_its_adoption_on(tmp_path: Path) -> None:
    text = key("max_sponsors", entry("1", grade="C"))
    policies = family(tmp_path / "a", text)
    assert policies.on("330100", date(2026, 1, 1)).binding.max_sponsors is None
    assert [e.value for e in policies.candidates("330100", "binding.max_sponsors")] == [1]
    adopted = family(
        tmp_path / "b",
        key("max_sponsors", entry("1", "2021-01-01", "C", ", adopted: {by: 李, on: 2025-05-01}")),
    )
    assert adopted.on("330100", date(2025, 4, 30)).binding.max_sponsors is None
    assert adopted.on("330100", date(2025, 5, 1)).binding.max_sponsors == 1
    over = write(
        tmp_path / "o",
        n='region: "100000"\nadopt: [{path: binding.max_sponsors, from: 2021-01-01, by: 李, on: 2025-05-01}]\n',
    )
    overlaid = load(tmp_path / "a", overlay=over)
    assert overlaid.on("330100", date(2025, 5, 1)).binding.max_sponsors == 1


def test_a_floor_widens_what_lower_levels_say(tmp_path: Path) -> None:
    policies = family(
        tmp_path,
        key(
            "relations",
            entry("[spouse]"),
            entry("[spouse, child]", "2024-01-01", "A", ", not_narrower: true"),
        ),
        key("relations", entry("[spouse, sibling]")),
    )
    assert policies.on("330100", date(2023, 12, 31)).binding.relations == {"spouse", "sibling"}
    later = policies.on("330100", date(2024, 1, 1))
    assert later.binding.relations == {"spouse", "sibling", "child"}
    assert later.cite("binding.relations").from_ == date(2024, 1, 1)


def test_citations_and_versions(tmp_path: Path) -> None:
    policies = family(
        tmp_path,
        key("max_sponsors", entry("5"), entry("6", "2024-01-01")),
        key("max_spouses", entry("1", "2025-01-01")),
    )
    day = date(2024, 6, 1)
    policy = policies.on("330100", day)
    cited = policy.cite("binding.max_sponsors")
    assert (cited.file, cited.from_, cited.reference, cited.grade) == (
        "n.yaml",
        date(2024, 1, 1),
        "文件",
        "A",
    )
    assert policy.cite("binding.max_fathers").grade == "P"
    with pytest.raises(KeyError):
        policy.cite("binding.nothing")
    assert policies.on("330100", date(2024, 12, 31)) is policy
    assert policies.on("330100", date(2025, 1, 1)).version != policy.version
    assert policies.on("110000", day).version == policies.on("110000", date(2024, 7, 1)).version
    again = family(
        tmp_path,
        key("max_sponsors", entry("5"), entry("6", "2024-01-01")),
        key("max_spouses", entry("1", "2025-01-01")),
    )
    assert again.on("330100", day).version == policy.version


def test_an_overlay_replaces_the_entry_of_the_same_day_and_adds_regions(tmp_path: Path) -> None:
    family(tmp_path / "base", key("max_sponsors", entry("5")))
    over = write(
        tmp_path / "over",
        n='region: "100000"\nbinding:\n' + key("max_sponsors", entry("7"), entry("8", "2026-01-02")),
        x='region: "650000"\nparent: "100000"\nname: {zh: 新疆, en: Xinjiang}\n',
    )
    policies = load(tmp_path / "base", overlay=over)
    assert policies.on("650100", date(2026, 1, 1)).name_en == "Xinjiang"
    assert policies.on("650100", date(2026, 1, 1)).binding.max_sponsors == 7
    assert policies.on("650100", date(2026, 1, 2)).binding.max_sponsors == 8


def test_an_empty_directory_is_no_policy_but_lays_nothing_over_one(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="expected a file for 100000"):
        load(tmp_path)
    assert load(overlay=tmp_path).on("330100", date(2026, 1, 1)) == load().on("330100", date(2026, 1, 1))
    with pytest.raises(PolicyError, match="nowhere: no such directory"):
        load(overlay=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("code", "city"), [("330106", "330100"), ("310104", "310000"), ("379900", "379900"), ("500230", "500000")]
)
def test_pooling_regions(code: str, city: str) -> None:
    assert pooling_region(code) == city


def test_quiet_hours_may_run_over_midnight() -> None:
    night, noon = Hours(time(22), time(8)), Hours(time(12), time(14))
    assert [night.holds(time(h)) for h in (21, 22, 0, 7, 8)] == [False, True, True, True, False]
    assert [noon.holds(time(h)) for h in (11, 12, 13, 14)] == [False, True, True, False]
    assert not Hours(time(8), time(8)).holds(time(8))


def test_med_types_by_code_or_by_kind(tmp_path: Path) -> None:
    spending = family(tmp_path, key("max_sponsors", entry("5"))).on("330100", date(2026, 1, 1)).spending
    assert spending.allows("21")
    assert not replace(spending, med_types=frozenset()).allows("11")
    some = replace(spending, med_types=frozenset({"11", "140104"}))
    assert [some.allows(t) for t in ("11", "1101", "140104", "140201", "21")] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_a_floor_leaves_alone_what_is_not_narrower(tmp_path: Path) -> None:
    policies = family(
        tmp_path,
        key("channels", entry("[app]", "2024-01-01", "A", ", not_narrower: true")),
        key("channels", entry("null")),
    )
    assert policies.on("330100", date(2024, 1, 1)).binding.channels is None
    assert policies.on("320000", date(2024, 1, 1)).binding.channels == frozenset({ChannelKind.APP})
