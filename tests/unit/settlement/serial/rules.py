"""Towns with rules of a seed's own: everything of `spending` that decides who pays how much."""

from __future__ import annotations

import functools
import random
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from services.settlement.app import may_bill
from services.settlement.domain.book import Regions
from shared import policies
from shared.policies import RegionPolicy
from shared.policies.types import Cap, Collected, Hours, Payable
from shared.policies.values import Spending

HOME, AWAY, NATION = "330100", "320500", "100000"
"""Where the patients are insured, where some of the accounts and one hospital are, and whose rules hold where no region is known."""
SYSTEMS = {
    "his-first": {"H33010000001", "H33010000003"}, "pharmacy-chain": {"P33010000011", "P37090000012"}, "his-second": {"H65010000002"},
}  # fmt: skip
"""Which source may bill for which institutions."""
CHANNELS = {"nhsa-app": "", "zheliban": "33", "jiangsu-cloud": "32"}
"""For people of which regions a channel speaks: the first digits."""
ORDERS = ("beneficiary-order", "highest-balance", "oldest-binding", "newest-binding")
PERIODS = ("settlement", "day", "month", "year", "insured-year", "lifetime")
SOME_DAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ITEMS = ("drug", "device", "consumable", "service", "fitness", "other")
PARTS = ("in-scope", "pre-selfpay", "over-limit", "wholly-selfpaid")


@functools.cache
def _committed() -> policies.Policies:
    return policies.load()


class Town(Regions):
    """The committed policies with the seed's values in the two regions."""

    def __init__(self, seed: int) -> None:
        super().__init__(_committed(), may_bill)
        rolled = random.Random(seed)
        self.rules = {region: _spending(rolled) for region in (HOME, AWAY)}
        self._made: dict[tuple[str, int], RegionPolicy] = {}

    def at(self, region: str, moment: datetime) -> RegionPolicy:
        found = super().at(region, moment)
        made = self._made.get((region, id(found)))
        if made is None:
            spending = replace(found.spending, **self.rules.get(region[:4] + "00", {}))
            made = self._made[region, id(found)] = replace(found, spending=spending)
        return made

    @functools.lru_cache(maxsize=8)  # noqa: B019 - a town lives as long as its course
    def spending(self, region: str) -> Spending:
        """The rules of a region, the same on every day."""
        return self.at(region, SOME_DAY).spending


def _spending(rolled: random.Random) -> dict[str, Any]:
    breakers = rolled.sample(ORDERS, rolled.randint(0, 3))
    return {
        "order": rolled.choice(ORDERS), "tie_breakers": tuple(breakers),
        "sponsor_segments": frozenset(rolled.choice((("historic",), ("current", "historic"), ("current", "historic")))),
        "one_sponsor_per_settlement": rolled.random() < 0.25, "floor": rolled.choice((0, 0, 700, 3000)),
        "quota_scope": rolled.choice(("per-member", "all-members", "all-members", "none")), "quota_period": rolled.choice(PERIODS[1:]),
        "quota_default": rolled.choice((None, None, 20_000)), "insured_year_start": rolled.choice(("01-01", "12-01", "07-01")),
        "caps": tuple(_cap(rolled) for _ in range(rolled.choice((0, 0, 1, 2, 3)))),
        "payable": _table(rolled) if rolled.random() < 0.3 else None, "never_items": frozenset(rolled.choice(((), ("fitness", "wellness")))),
        "pharmacy_items": rolled.choice((None, frozenset({"drug", "device"}))), "med_types": rolled.choice((None, None, frozenset({"11", "41"}))),
        "unfiled_reach": rolled.choice((None, None, "province", "pooling-region")), "modes": _modes(rolled),
        "earmark_refills": rolled.random() < 0.6, "hold_minutes": rolled.choice((0, 30, 1440)),
        "premium_uses": frozenset({"resident-premium"}), "premium_segments": frozenset(rolled.choice((("historic",), ("current", "historic")))),
        "premium_periods": rolled.choice(({}, {"390": Collected(first="09-01", until="03-01"), "410": Collected(first="11-01", until="12-10")})),
        "mutual_aid": rolled.choice(("inside", "beside")), "fund_includes_account": rolled.random() < 0.5, "insurance_status": frozenset({"1"}),
        "share_list": rolled.choice(("none", "amounts", "relations")),
    } | _transfers(rolled)  # fmt: skip


def _modes(rolled: random.Random) -> frozenset[str]:
    """Authorisation always, else nothing much would be paid."""
    return frozenset({"authorisation", *(mode for mode in ("earmark", "transfer") if rolled.random() < 0.8)})


def _transfers(rolled: random.Random) -> dict[str, Any]:
    return {
        "transfer_segments": frozenset(rolled.choice((("historic",), ("current", "historic")))), "transfer_reserve": rolled.choice((0, 500)),
        "transfer_min": rolled.choice((0, 200)), "transfer_max": rolled.choice((None, 2500)), "transfer_day_max": rolled.choice((None, 2000)),
        "transfer_month_max": rolled.choice((None, 4000)), "transfer_times": rolled.choice((None, 2)),
        "transfer_pending": rolled.choice((None, 1, 2)), "transfer_return": time(6),
        "transfer_hours": rolled.choice((None, Hours(start=time(6), end=time(22)))),
    }  # fmt: skip


def _cap(rolled: random.Random) -> Cap:
    return Cap(
        by=rolled.choice(("payer", "beneficiary", "binding")), per=rolled.choice(PERIODS), amount=rolled.randint(500, 9000),  # type: ignore[arg-type]
        uses=rolled.choice((None, None, frozenset({"pharmacy"}), frozenset({"outpatient", "pharmacy"}))),
        med_types=rolled.choice((None, None, None, frozenset({"11"}))),
    )  # fmt: skip


def _table(rolled: random.Random) -> tuple[Payable, ...]:
    return tuple(
        Payable(
            payer=rolled.choice(("own", "sponsor", None)),
            segments=rolled.choice((None, None, frozenset({"historic"}))),  # type: ignore[arg-type]
            parts=frozenset(rolled.sample(PARTS, rolled.randint(1, 4))),  # type: ignore[arg-type]
            items=rolled.choice((None, None, frozenset(rolled.sample(ITEMS, 4)))),  # type: ignore[arg-type]
            institutions=rolled.choice((None, None, None, frozenset({"hospital"}))),  # type: ignore[arg-type]
            med_types=rolled.choice((None, None, None, frozenset({"11"}))),
        )
        for _ in range(rolled.randint(1, 4))
    )
