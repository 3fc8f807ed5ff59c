"""Who speaks for a key: one that wins, and everybody else with the reason why not."""

from datetime import date
from pathlib import Path

from deploy.policy.show import shown
from shared.policies import Policies, load
from shared.policies.contest import Fate
from shared.policies.entries import keys
from tests.unit.policies.files import CITY, HEAD, PROVINCE, entry, key, write

DAYS = [date(2021, 4, 21), date(2021, 4, 22), date(2022, 7, 1), date(2024, 8, 1), date(2024, 12, 8), date(2024, 12, 9), date(2026, 1, 9), date(2026, 11, 23)]  # fmt: skip


def fates(policies: Policies, path: str, day: date) -> list[tuple[str, str]]:
    return [(one.entry.file, one.fate.value) for one in policies.contest("330100", path, day).lost]


def tree(folder: Path, national: str, province: str, city: str) -> Policies:
    texts = {"n": HEAD + national, "p": PROVINCE + province, "c": CITY + city}
    return load(write(folder, **texts))


def test_what_lost_is_told_with_the_reason(tmp_path: Path) -> None:
    name = "max_sponsors"
    policies = tree(
        tmp_path,
        "binding:\n" + key(name, entry("5"), entry("6", "2024-01-01"), entry("7", "2030-01-01")),
        "binding:\n" + key(name, entry("3", "2022-01-01", "C")),
        "binding:\n" + key(name, entry("1", "2022-01-01"), entry("2", "2023-01-01")),
    )
    found = policies.contest("330100", f"binding.{name}", date(2025, 1, 1))
    assert (found.value, found.source and found.source.file) == (2, "c.yaml")
    assert fates(policies, f"binding.{name}", date(2025, 1, 1)) == [
        ("c.yaml", "older"), ("p.yaml", "unadopted"), ("n.yaml", "coming"), ("n.yaml", "older"), ("n.yaml", "overridden")
    ]  # fmt: skip


def test_an_adoption_that_has_not_begun_is_coming(tmp_path: Path) -> None:
    adopted = entry("3", "2022-01-01", "C", ", adopted: {by: 李, on: 2026-01-01}")
    policies = tree(tmp_path, "", "binding:\n" + key("max_sponsors", adopted), "")
    assert fates(policies, "binding.max_sponsors", date(2025, 12, 31)) == [("p.yaml", Fate.COMING.value)]
    assert policies.contest("330100", "binding.max_sponsors", date(2026, 1, 1)).value == 3


def test_a_floor_takes_the_place_of_what_is_narrower(tmp_path: Path) -> None:
    floor = entry("[spouse, child]", "2024-01-01", "A", ", not_narrower: true")
    policies = tree(tmp_path, "binding:\n" + key("relations", floor), "binding:\n" + key("relations", entry("[spouse, sibling]")), "")  # fmt: skip
    found = policies.contest("330100", "binding.relations", date(2024, 1, 1))
    assert found.value == {"spouse", "child", "sibling"}
    assert found.source is not None
    assert found.source.file == "n.yaml"
    assert fates(policies, "binding.relations", date(2024, 1, 1)) == [("p.yaml", "widened")]


def test_what_is_shown_is_what_the_services_apply() -> None:
    """Each value with its source, for every committed region, key and turning point."""
    policies = load()
    for region in policies.files:
        for day in DAYS:
            policy = policies.on(region, day)
            found = list(shown(policies, region, day))
            assert [one.path for one in found] == list(keys())
            for one in found:
                cited = policy.cite(one.path)
                if one.source is None:
                    assert cited.from_ is None
                else:
                    assert (cited.file, cited.from_, cited.grade) == (
                        one.source.file,
                        one.source.from_,
                        one.source.grade,
                    )
                    assert one.source.grade != "C" or one.source.adopted
                every = list(policies.candidates(region, one.path))
                assert len(one.lost) + (one.source is not None) == len(every), "nobody is forgotten"
