"""Regions with rules of a test's own, laid over the committed ones."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.settlement.app import may_bill
from services.settlement.domain.book import Regions
from shared import policies
from shared.policies import RegionPolicy
from tests.unit.settlement import kit


class Ruling:
    """Gives regions rules; worlds of the kit that are made afterwards run under them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._monkeypatch = folder, monkeypatch

    def __call__(self, region: str = "330100", since: date = date(2026, 1, 1), **spending: Any) -> None:
        """From `since` the region's `spending` has these values."""
        entries = {
            key: [{"from": since, "value": value, "reference": "测试", "grade": "P"}]
            for key, value in spending.items()
        }
        file = self._folder / f"{region}.yaml"
        file.write_text(yaml.safe_dump({"region": region, "spending": entries}), "utf-8")
        found = Regions(policies.load(overlay=self._folder), may_bill)
        self._monkeypatch.setattr(kit, "regions", lambda: found)


@functools.cache
def _committed() -> policies.Policies:
    return policies.load()


class Ruled(Regions):
    """The committed policies with these values of `spending` everywhere; quick to make."""

    def __init__(self, **spending: Any) -> None:
        super().__init__(_committed(), may_bill)
        self._spending = spending
        self._made: dict[int, RegionPolicy] = {}

    def at(self, region: str, moment: datetime) -> RegionPolicy:
        found = super().at(region, moment)
        made = self._made.get(id(found))
        if made is None:
            made = self._made[id(found)] = replace(found, spending=replace(found.spending, **self._spending))
        return made


def settled(world: kit.World, total: str, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Result and answer of one bill."""
    said = world.send("settlement.requests.settle", world.request(total, **changes), source="his-first")
    assert said[-1].body["infcode"] == "0", said[-1].body
    return said[0].body, said[-1].body


def paid(result: dict[str, Any]) -> tuple[str, str, str]:
    """Own account, sponsors, cash."""
    return result["acct_pay"], result["acct_mulaid_pay"], result["psn_cash_pay"]


def by(result: dict[str, Any]) -> dict[str, str]:
    """What each account paid."""
    return {share["psn_no"]: share["amount"] for share in result["shares"]}


def left_out(result: dict[str, Any]) -> dict[int, str]:
    """The code of each binding that took no part, by its number."""
    return {int(out["binding_id"][-4:], 16): out["code"] for out in result["left_out"]}
