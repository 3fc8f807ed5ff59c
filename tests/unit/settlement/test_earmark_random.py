"""Anything that may happen to an earmark, in any order: no fen is lost, doubled or spent by the wrong person."""

from __future__ import annotations

import random

import pytest

from services.settlement.domain.accounts import SEGMENTS
from tests.unit.settlement.kit import NOW, World, binding_id, person
from tests.unit.settlement.test_earmark import PURSE, balances, bound, conserved, people
from tests.unit.settlement.test_premium import policy_with, premium_id

SCOPE = ("outpatient", "resident-premium")


def sums(world: World, account: str) -> dict[str, int]:
    """What the ledger says of a row, by segment."""
    found = dict.fromkeys((s.value for s in SEGMENTS), 0)
    for entry in world.book.new_entries:
        if entry.account == account:
            found[entry.segment] += entry.amount
            assert entry.balance_after == found[entry.segment] >= 0
    return found


class Life:
    """One earmark from its approval to its end, driven by a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.world = people("20.00")
        self.version, self.over = 0, False
        self.settled: list[str] = []
        self.premiums: list[int] = []
        self.decide()

    def money(self, most: int = 1500) -> str:
        fen = self.random.randint(1, most)
        return f"{fen // 100}.{fen % 100:02d}"

    def decide(self) -> None:
        if not self.over:
            self.version += 1
            body = bound(self.money(3000), version=self.version, scope=SCOPE)
            self.world.send("binding.decisions.changed", body, source="gongji-audit")

    def old(self) -> None:
        """A decision that was read before, or one that another has overtaken."""
        version = self.random.randint(1, self.version)
        body = bound(self.money(3000), version=version, scope=SCOPE)
        self.world.send("binding.decisions.changed", body, source="gongji-audit")

    def end(self) -> None:
        self.version += 1
        self.over = True
        body = bound(version=self.version, state="ended", end=NOW, scope=SCOPE)
        self.world.send("binding.decisions.ended", body, source="gongji-audit")

    def credit(self) -> None:
        self.world.credit("mother", self.money(), self.random.choice(["historic", "current"]))

    def correct(self) -> None:
        self.world.credit("mother", f"-{self.money()}", kind="corrected")

    def turn(self) -> None:
        self.world.n += 1
        body = {"psn_no": "mother", "entry_id": f"Y{self.world.n}", "at": NOW, "year": 2025}
        self.world.send("account.credits.year-turned", body)

    def bill(self) -> None:
        self.settled.append(self.world.bill(self.money(2500))["setl_id"])

    def own_bill(self) -> None:
        whose = {"psn_no": "mother", "mdtrt_cert_no": "110101199003078110"}
        before = balances(self.world)[1]
        self.world.bill(self.money(), **whose)
        assert balances(self.world)[1] == before

    def refund(self) -> None:
        if self.settled:
            self.world.back("refund", setl_id=self.random.choice(self.settled), amount=self.money(900))

    def cancel(self) -> None:
        if self.settled:
            self.world.back("cancel", setl_id=self.random.choice(self.settled))

    def premium(self) -> None:
        self.premiums.append(n := len(self.premiums) + 1)
        body = {
            "premium_id": premium_id(n), "payer_psn_no": "mother", "psn_no": "child", "insutype": "390", "year": 2026 + n,
            "amount": self.money(1200), "binding_id": str(binding_id(9)),
        }  # fmt: skip
        self.world.send("premium.requests.pay", body, source="zheliban")

    def unpay(self) -> None:
        if self.premiums:
            body = {"premium_id": premium_id(self.random.choice(self.premiums)), "payer_psn_no": "mother"}
            self.world.send("premium.requests.cancel", body, source="zheliban")

    def step(self) -> None:
        often = [self.credit, self.bill, self.own_bill, self.refund, self.premium, self.unpay]
        rare = [self.decide, self.old, self.correct, self.turn, self.cancel]
        self.random.choice([*often, *often, *rare])()
        if self.random.random() < 0.02:
            self.end()
        self.check()

    def check(self) -> None:
        world = self.world
        conserved(world)
        for name in ("mother", "child", PURSE):
            account = world.book.account(name)
            assert sums(world, name) == {"current": account.current, "historic": account.historic}
        if self.over:
            assert world.balance(PURSE) == 0


@pytest.mark.parametrize("refills", [True, False])
@pytest.mark.parametrize("seed", range(15))
def test_whatever_happens_to_an_earmark_every_fen_is_accounted_for(
    seed: int, refills: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Life(seed)
    if not refills:
        policy_with(life.world, monkeypatch, earmark_refills=False)
    life.world.send("registry.persons.recorded", person("mother", version=2))
    for _ in range(60):
        life.step()
    life.end()
    life.check()
    paid = {e.posting for e in life.world.book.new_entries if e.kind in ("settle", "premium")}
    assert paid, "something was paid"
