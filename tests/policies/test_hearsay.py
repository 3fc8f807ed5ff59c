"""Values of grade C: none is applied as committed; each is when an officer adopts it, from that day on, and in its region only."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.policies import Policies, load
from shared.policies.entries import Entry, keys

POLICIES = load()
ADOPTED = date(2026, 11, 20)
DAY = timedelta(days=1)


def hearsay() -> list[tuple[str, Entry]]:
    return [
        (file.region, entry)
        for file in POLICIES.files.values()
        for found in file.entries.values()
        for entry in found
        if entry.grade == "C"
    ]


def every_day_of_a_change() -> list[date]:
    return sorted({e.from_ for f in POLICIES.files.values() for es in f.entries.values() for e in es})


def adopted(folder: Path, region: str, entry: Entry, on: date) -> Policies:
    """The committed files under an overlay in which a named officer adopts one value."""
    what = {"path": entry.path, "from": entry.from_, "by": "李政策", "on": on}
    (folder / f"{region}.yaml").write_text(yaml.safe_dump({"region": region, "adopt": [what]}), "utf-8")
    return load(overlay=folder)


def value(policies: Policies, region: str, day: date, path: str) -> Any:
    section, key = path.split(".")
    return getattr(getattr(policies.on(region, day), section), key)


def test_hearsay_is_applied_nowhere_on_any_day() -> None:
    assert len(hearsay()) >= 30
    for region in POLICIES.files:
        for day in every_day_of_a_change():
            policy = POLICIES.on(region, day)
            assert not [path for path in keys() if policy.cite(path).grade == "C"], (region, day)


@pytest.mark.parametrize(("region", "entry"), hearsay(), ids=lambda v: v if isinstance(v, str) else v.path)
def test_what_an_officer_adopts_holds_from_that_day(region: str, entry: Entry, tmp_path: Path) -> None:
    ours = adopted(tmp_path, region, entry, ADOPTED)
    before = ours.on(region, ADOPTED - DAY).cite(entry.path)
    assert before == POLICIES.on(region, ADOPTED - DAY).cite(entry.path)
    for day in (ADOPTED, ADOPTED + DAY):
        cited = ours.on(region, day).cite(entry.path)
        assert (cited.grade, cited.file, cited.from_) == ("C", entry.file, entry.from_)
        assert value(ours, region, day, entry.path) == entry.value
    assert ours.on("100000", ADOPTED).version == POLICIES.on("100000", ADOPTED).version


@pytest.mark.parametrize(("region", "entry"), hearsay(), ids=lambda v: v if isinstance(v, str) else v.path)
def test_an_adoption_before_the_values_own_day_waits_for_that_day(
    region: str, entry: Entry, tmp_path: Path
) -> None:
    ours = adopted(tmp_path, region, entry, entry.from_ - DAY)
    grades = [ours.on(region, d).cite(entry.path).grade == "C" for d in (entry.from_ - DAY, entry.from_)]
    assert grades == [False, True]


def test_a_city_inherits_what_its_province_adopted(tmp_path: Path) -> None:
    seven = next(e for r, e in hearsay() if (r, e.path) == ("330000", "binding.max_beneficiaries"))
    ours = adopted(tmp_path, "330000", seven, ADOPTED)
    assert [value(ours, city, ADOPTED, seven.path) for city in ("330100", "330200", "330300")] == [7, 7, 7]
    assert value(ours, "320500", ADOPTED, seven.path) is None


def test_a_citys_own_adopted_value_is_nearer_than_its_provinces(tmp_path: Path) -> None:
    for region in ("330000", "330100"):
        found = next(e for r, e in hearsay() if (r, e.path) == (region, "binding.max_beneficiaries"))
        ours = adopted(tmp_path, region, found, ADOPTED)
    assert [value(ours, city, ADOPTED, "binding.max_beneficiaries") for city in ("330100", "330200")] == [
        5,
        7,
    ]
