"""A spending value of grade C changes no amount as committed, and does once an officer adopts it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.settlement.app import may_bill
from services.settlement.domain.book import Regions
from shared import policies
from tests.unit.settlement import kit

ADOPTED = date(2026, 11, 20)


def adopt(folder: Path, monkeypatch: pytest.MonkeyPatch, region: str, key: str) -> None:
    """From here on the kit's worlds run under an overlay in which an officer adopts the region's value of a key."""
    path = f"spending.{key}"
    entries = policies.load().files[region].entries[path]
    entry = next(e for e in entries if e.grade == "C")
    what = {"path": path, "from": entry.from_, "by": "李政策", "on": ADOPTED}
    (folder / f"{region}.yaml").write_text(yaml.safe_dump({"region": region, "adopt": [what]}), "utf-8")
    adopted = Regions(policies.load(overlay=folder), may_bill)
    monkeypatch.setattr(kit, "regions", lambda: adopted)


def paid(region: str, total: str) -> tuple[str, str, str, str]:
    """Own account, sponsors, cash, fund of one bill: the child has 10 yuan, the mother 20 and 9,000 of this year, the father 30.

    The mother was bound first; the child's own order puts the father first.
    """
    world = kit.family(region)
    world.credit("mother", "9000.00", segment="current", admdvs=region)
    for n, (name, order) in enumerate((("mother", 2), ("father", 1)), 1):
        since = kit.NOW - timedelta(days=30 - n)
        body = kit.decision(kit.binding_id(n), name, version=2, order=order, region=region, since=since)
        world.send("binding.decisions.changed", body, source="gongji-audit")
    answer: dict[str, Any] = world.bill(total, insuplc_admdvs=region)
    names = ("acct_pay", "acct_mulaid_pay", "psn_cash_pay", "fund_pay_sumamt")
    return tuple(answer[name] for name in names)


@pytest.mark.parametrize(
    ("file", "key", "region", "total", "before", "after"),
    [
        ("330800", "floor", "330800", "50.00", ("10.00", "40.00", "0.00"), ("10.00", "20.00", "20.00")),
        ("350000", "floor", "350100", "8000.00", ("10.00", "7990.00", "0.00"), ("10.00", "7020.00", "970.00")),
        ("310000", "one_sponsor_per_settlement", "310000", "50.00", ("10.00", "40.00", "0.00"), ("10.00", "20.00", "20.00")),
        ("440300", "quota_default", "440300", "9000.00", ("10.00", "8990.00", "0.00"), ("10.00", "8030.00", "960.00")),
        ("350200", "sponsor_segments", "350200", "100.00", ("10.00", "90.00", "0.00"), ("10.00", "50.00", "40.00")),
        ("650000", "quota_scope", "650100", "50.00", ("10.00", "40.00", "0.00"), ("10.00", "40.00", "0.00")),
    ],
)  # fmt: skip
def test_an_adopted_value_changes_who_pays_and_an_unadopted_one_does_not(
    file: str,
    key: str,
    region: str,
    total: str,
    before: tuple[str, ...],
    after: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert paid(region, total)[:3] == before
    adopt(tmp_path, monkeypatch, file, key)
    assert paid(region, total)[:3] == after


@pytest.mark.parametrize(("file", "region"), [("110000", "110000"), ("130100", "130100")])
def test_the_beneficiarys_order_counts_once_adopted(
    file: str, region: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first() -> str:
        world = kit.family(region)
        for n, (name, order) in enumerate((("mother", 2), ("father", 1)), 1):
            since = kit.NOW - timedelta(days=30 - n)
            body = kit.decision(kit.binding_id(n), name, version=2, order=order, region=region, since=since)
            world.send("binding.decisions.changed", body, source="gongji-audit")
        said = world.send(
            "settlement.requests.settle", world.request("15.00", insuplc_admdvs=region), source="his-first"
        )
        return str(said[0].body["shares"][1]["psn_no"])

    assert first() == "mother"
    adopt(tmp_path, monkeypatch, file, "order")
    assert first() == "father"


@pytest.mark.parametrize(("region", "city", "after"), [("440000", "440400", "50.00"), ("430000", "430100", "0.00")])  # fmt: skip
def test_what_the_fund_contains_in_an_answer_is_the_regions_adopted_word(
    region: str, city: str, after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paid(city, "50.00") == ("10.00", "40.00", "0.00", "0.00")
    adopt(tmp_path, monkeypatch, region, "fund_includes_account")
    assert paid(city, "50.00") == ("10.00", "40.00", "0.00", after)
