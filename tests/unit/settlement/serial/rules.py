"""Towns with rules of a seed's own: everything of `spending` that decides who pays how much."""

from __future__ import annotations

import functools
import random
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.settlement.app import may_bill
from services.settlement.domain.book import Regions
from shared import policies
from shared.policies import RegionPolicy
from shared.policies.types import Cap, Payable
from shared.policies.values import Spending

HOME, AWAY = "330100", "320500"
"""Where the patients are insured, and where some of the accounts are."""
ORDERS = ("beneficiary-order", "highest-balance", "oldest-binding", "newest-binding")
PERIODS = ("settlement", "day", "month", "year", "insured-year", "lifetime")
PARTS = ("in-scope", "pre-selfpay", "over-limit", "wholly-selfpaid")


@functools.cache
def _committed() -> policies.Policies:
    return policies.load()


class Town(Regions):
    """The committed policies with the seed's values in the two regions."""

    def __init__(self, seed: int, *, holds: bool) -> None:
        super().__init__(_committed(), may_bill)
        rolled = random.Random(seed)
        self.rules = {region: _spending(rolled, holds) for region in (HOME, AWAY)}
        self._made: dict[tuple[str, int], RegionPolicy] = {}

    def at(self, region: str, moment: datetime) -> RegionPolicy:
        found = super().at(region, moment)
        made = self._made.get((region, id(found)))
        if made is None:
            spending = replace(found.spending, **self.rules.get(region, {}))
            made = self._made[region, id(found)] = replace(found, spending=spending)
        return made

    def spending(self, region: str) -> Spending:
        """The rules of a region, the same on every day."""
        return replace(Spending(), **self.rules[region])


def _spending(rolled: random.Random, holds: bool) -> dict[str, Any]:
    breakers = rolled.sample(ORDERS, rolled.randint(0, 3))
    return {
        "order": rolled.choice(ORDERS), "tie_breakers": tuple(breakers),
        "sponsor_segments": frozenset(rolled.choice((("historic",), ("current", "historic"), ("current", "historic")))),
        "one_sponsor_per_settlement": rolled.random() < 0.25, "floor": rolled.choice((0, 0, 700, 3000)),
        "quota_scope": rolled.choice(("per-member", "all-members", "all-members", "none")), "quota_period": rolled.choice(PERIODS[1:]),
        "quota_default": rolled.choice((None, None, 20_000)), "insured_year_start": rolled.choice(("01-01", "12-01", "07-01")),
        "caps": tuple(_cap(rolled) for _ in range(rolled.choice((0, 0, 1, 2, 3)))),
        "payable": _table(rolled) if rolled.random() < 0.3 else None, "med_types": None, "unfiled_reach": None,
        "modes": frozenset({"authorisation", "earmark"}), "earmark_refills": rolled.random() < 0.6,
        "premium_uses": frozenset({"resident-premium"}), "premium_periods": {}, "mutual_aid": rolled.choice(("inside", "beside")),
        "fund_includes_account": rolled.random() < 0.5, "insurance_status": frozenset({"1"}),
    } | ({"hold_minutes": rolled.choice((30, 1440))} if holds else {})  # fmt: skip


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
        )
        for _ in range(rolled.randint(1, 4))
    )
