"""Properties of the allocation that hold whatever the amounts, orders, quotas and floors."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.settlement.domain.accounts import Account
from services.settlement.domain.allocate import Candidate, Plan, allocate
from services.settlement.domain.bindings import Binding
from services.settlement.domain.undo import slices
from tests.unit.settlement.kit import binding_id

MONEY = st.integers(0, 500)
ORDERS = st.sampled_from(["beneficiary-order", "highest-balance", "oldest-binding"])


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    """Up to five sponsors."""
    found = []
    for n in range(draw(st.integers(0, 5))):
        text = f"[[[{draw(st.integers(0, 3))},null]],[],[]]"
        binding = Binding(binding_id(n + 1), f"s{n}", "child", 1, "approved", "child", text)
        account = Account(f"s{n}", current=draw(MONEY), historic=draw(MONEY))
        usable = draw(st.booleans()), draw(st.booleans())
        cap = account.balance - draw(st.sampled_from([0, 0, 100]))
        quota = draw(st.none() | st.integers(-10, 400))
        found.append(
            Candidate(binding, account, account.current * usable[0], account.historic * usable[1], cap, quota, "2026", False, draw(st.none() | st.integers(1, 5)))
        )  # fmt: skip
    return found


def _by_account(plan: Plan) -> dict[str, int]:
    sums: dict[str, int] = {}
    for take in plan.takes:
        name = take.candidate.account.psn_no if take.candidate else "own"
        sums[name] = sums.get(name, 0) + take.amount
    return sums


@given(
    due=st.integers(0, 3000),
    own=st.tuples(MONEY, MONEY),
    sponsors=candidates(),
    order=ORDERS,
    one=st.booleans(),
)
def test_every_allocation(
    due: int, own: tuple[int, int], sponsors: list[Candidate], order: str, one: bool
) -> None:
    plan = allocate(due, own, sponsors, order, one)
    assert sum(t.amount for t in plan.takes) + plan.cash == due
    assert all(t.amount > 0 for t in plan.takes)
    paid = _by_account(plan)
    assert paid.get("own", 0) == min(due, sum(own))
    if due <= sum(own):
        assert set(paid) <= {"own"}
    by_name = {c.account.psn_no: c for c in sponsors}
    for name, amount in paid.items():
        if name != "own":
            c = by_name[name]
            assert amount <= min(c.current + c.historic, c.cap)
            assert c.quota is None or amount <= c.quota
    assert not one or len(set(paid) - {"own"}) <= 1
    left = {c.account.psn_no for c, _ in plan.left_out}
    assert not left & set(paid)
    if plan.cash and not one:
        could = sum(
            max(0, min(c.current + c.historic, c.cap, c.quota if c.quota is not None else 10**9))
            for c in sponsors
        )
        assert due - min(due, sum(own)) - plan.cash == could


@given(due=st.integers(0, 3000), own=st.tuples(MONEY, MONEY), sponsors=candidates(), order=ORDERS)
def test_the_order_of_arrival_does_not_matter(
    due: int, own: tuple[int, int], sponsors: list[Candidate], order: str
) -> None:
    assert (
        allocate(due, own, sponsors, order, False).takes
        == allocate(due, own, sponsors[::-1], order, False).takes
    )


@given(
    cash=MONEY,
    shares=st.lists(st.integers(1, 300), max_size=5),
    parts=st.lists(st.integers(1, 400), max_size=6),
)
def test_partial_refunds_mirror_the_original(cash: int, shares: list[int], parts: list[int]) -> None:
    """However a refund is cut, each share gets back what it paid, the last one first, and never more."""
    total, returned = cash + sum(shares), 0
    back = [0] * len(shares)
    cash_back = 0
    for part in parts:
        amount = min(part, total - returned)
        for one in slices(cash, shares, returned, amount):
            if one.share < 0:
                cash_back += one.amount
            else:
                assert all(back[i] == shares[i] for i in range(one.share + 1, len(shares)))
                back[one.share] += one.amount
        returned += amount
    assert cash_back + sum(back) == returned
    assert cash_back == min(cash, returned)
    assert all(b <= s for b, s in zip(back, shares, strict=True))
