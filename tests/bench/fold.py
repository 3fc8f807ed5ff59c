"""What each rule of settlement costs: `python -m tests.bench.fold`. CPU of the fold alone (no server), microseconds a settlement.

Bills of a patient with an account and two sponsors, all three of whom pay, in batches of 500 as the service decides them. Each rule is
measured beside no rule at all in turns, the least of several rounds counts: on a machine that does other work the others are noise.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.settlement.app import may_bill
from services.settlement.domain.accounts import Account
from services.settlement.domain.bindings import Binding
from services.settlement.domain.book import Book, Regions
from services.settlement.domain.people import Institution, Insured, Person, digest
from services.settlement.handlers import SettlementHandler
from shared import policies
from shared.contracts.topics import TYPES
from shared.ids import SystemIds
from shared.messaging.collector import Collector
from shared.messaging.handler import Event
from shared.messaging.registry import default
from shared.policies import RegionPolicy
from shared.policies.types import Cap, Payable
from shared.testing.proofs import DEMO_SOURCES
from tests.bench import world

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
FAMILIES, ROUNDS = 500, 9
PLAIN: dict[str, Any] = {
    "quota_default": None, "floor": 0, "caps": (), "payable": None, "order": "oldest-binding", "tie_breakers": (), "med_types": None,
    "unfiled_reach": None, "quota_scope": "none", "sponsor_segments": frozenset({"current", "historic"}),
}  # fmt: skip
CAPS = (Cap(by="payer", per="year", amount=9_000_000), Cap(by="beneficiary", per="day", amount=9_000_000))
TABLE = (Payable(payer="own"), Payable(payer="sponsor", parts=frozenset({"in-scope", "pre-selfpay"})))
RULES: dict[str, dict[str, Any]] = {
    "quota for each member": {"quota_scope": "per-member", "quota_default": 9_000_000},
    "quota that all share": {"quota_scope": "all-members", "quota_default": 9_000_000},
    "floor": {"floor": 100},
    "two caps": {"caps": CAPS},
    "highest balance, tie-breakers": {"order": "highest-balance", "tie_breakers": ("beneficiary-order", "oldest-binding")},
    "table of what may be paid": {"payable": TABLE},
    "reach without a filing": {"unfiled_reach": "province"},
    "all of these": {
        "quota_scope": "all-members", "quota_default": 9_000_000, "floor": 100, "caps": CAPS, "payable": TABLE, "order": "highest-balance",
        "tie_breakers": ("beneficiary-order", "oldest-binding"), "unfiled_reach": "province",
    },
}  # fmt: skip


class Ruled(Regions):
    """Committed policies with these values of `spending`."""

    def __init__(self, loaded: policies.Policies, spending: dict[str, Any]) -> None:
        super().__init__(loaded, may_bill)
        self._spending = spending
        self._ruled: dict[int, RegionPolicy] = {}

    def at(self, region: str, moment: datetime) -> RegionPolicy:
        found = super().at(region, moment)
        made = self._ruled.get(id(found))
        if made is None:
            made = self._ruled[id(found)] = replace(found, spending=replace(found.spending, **self._spending))
        return made


def events() -> list[Event]:
    """A bill of each family, decoded."""
    spec = TYPES["settlement.requests.settle"]
    return [
        Event(spec.topic, 0, n, made.key or b"", world.SOURCE, f"b{n}", "settlement.requests.settle", None, NOW, NOW, True, None,
              spec.model.model_validate_json(made.value or b""))
        for n, made in enumerate(world.bills(0, FAMILIES, NOW))
    ]  # fmt: skip


def book(regions: Regions, text: str) -> Book:
    """The families as storage gives them to a batch."""
    made = Book(regions)
    code = world.HOSPITAL
    made.institutions[code] = Institution(code, 1, False, world.REGION, True, None, None, None)
    for n in range(FAMILIES):
        for role, money in (("c", world.OWN), ("m", world.FIRST), ("f", world.SECOND)):
            psn_no = world.psn(role, n)
            made.accounts[psn_no] = Account(psn_no, world.REGION, 0, money, version=1)
            made.persons[psn_no] = Person(
                psn_no, 1, digest(psn_no), True, (Insured("310", "1", world.REGION),)
            )
        for which, role in ((1, "m"), (2, "f")):
            id, sponsor = world._binding(n, which), world.psn(role, n)
            made.add_binding(Binding(id, sponsor, world.psn("c", n), 3, "approved", "child", text))
    made.followed.clear()
    return made


def fold(spending: dict[str, Any], loaded: policies.Policies) -> Callable[[], float]:
    """Runs one batch on a fresh book; CPU microseconds a settlement."""
    regions = Ruled(loaded, PLAIN | spending)
    handler, registry, heads, bills = SettlementHandler(regions, {}), default(), dict[str, str](), events()
    text = world._facts()

    def run() -> float:
        state = book(regions, text)
        out = Collector("settlement", registry, SystemIds(), heads)
        begun = time.process_time()
        for event in bills:
            out.begin(event)
            handler.decide(state, event, out)
        used = time.process_time() - begun
        assert sum(len(s.periods.split("|")) for s in state.new_settlements) >= 2 * FAMILIES
        return used / FAMILIES * 1e6

    return run


def rows(loaded: policies.Policies) -> Iterator[tuple[str, float, float]]:
    """Name, microseconds of the whole decision, and more than without any rule."""
    plain = fold({}, loaded)
    for name, spending in {"no rule": {}, **RULES}.items():
        ruled = fold(spending, loaded)
        pairs = [(plain(), ruled()) for _ in range(ROUNDS)]
        without, used = (min(column) for column in zip(*pairs, strict=True))
        yield name, used, used - without


def main() -> None:
    """Prints the table."""
    os.environ.setdefault("GONGJI_SOURCES", str(DEMO_SOURCES))
    loaded = policies.load()
    gc.freeze()
    gc.set_threshold(500_000, 20, 50)
    print(f"{'rule':32} {'decide us':>10} {'more us':>8}")
    for name, used, more in rows(loaded):
        print(f"{name:32} {used:>10.1f} {more:>8.1f}")


if __name__ == "__main__":
    main()
