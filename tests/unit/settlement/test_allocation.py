"""Properties of the allocation that hold whatever the amounts, orders, limits and tables."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from services.settlement.domain.accounts import Account
from services.settlement.domain.allocate import Candidate, Plan, Rules, Table, allocate
from services.settlement.domain.bindings import Binding
from services.settlement.domain.declines import LEFT_OUT
from services.settlement.domain.limits import Limit
from services.settlement.domain.payable import PARTS, Piece, spread
from services.settlement.domain.undo import slices
from tests.unit.settlement.kit import binding_id

MONEY = st.integers(0, 500)
ORDERS = ["beneficiary-order", "highest-balance", "oldest-binding", "newest-binding"]
QUOTA, CAP = LEFT_OUT["quota-used"], LEFT_OUT["cap-used"]
MASK = st.integers(0, 15)
LIMITS = st.none() | st.builds(Limit, st.integers(-10, 400), st.sampled_from([QUOTA, CAP]))


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    """Up to five sponsors."""
    found = []
    for n in range(draw(st.integers(0, 5))):
        text = f"[[[{draw(st.integers(0, 3))},null]],[],[]]"
        binding = Binding(binding_id(n + 1), f"s{n}", "child", 1, "approved", "child", text)
        account = Account(f"s{n}", current=draw(MONEY), historic=draw(MONEY))
        usable = account.current * draw(st.booleans()), account.historic * draw(st.booleans())
        order = draw(st.none() | st.integers(1, 5))
        masks = draw(st.tuples(MASK, MASK))
        found.append(Candidate(binding, account, *usable, draw(LIMITS), "2026", order, masks))
    return found


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    """A region's rules."""
    ties = tuple(draw(st.lists(st.sampled_from(ORDERS), max_size=3)))
    return Rules(draw(st.sampled_from(ORDERS)), ties, draw(st.booleans()), draw(LIMITS))


def _by_account(plan: Plan) -> dict[str, int]:
    sums: dict[str, int] = {}
    for take in plan.takes:
        name = take.candidate.account.psn_no if take.candidate else "own"
        sums[name] = sums.get(name, 0) + take.amount
    return sums


def most(c: Candidate) -> int:
    """What a sponsor could give at most."""
    money = c.current + c.historic
    return max(0, money if c.limit is None else min(money, c.limit.left))


def hold_bounds(plan: Plan, due: int, own: tuple[int, int], sponsors: list[Candidate], by: Rules) -> None:
    """What holds for every allocation, with a table and without."""
    assert sum(t.amount for t in plan.takes) + plan.cash == due
    assert all(t.amount > 0 for t in plan.takes)
    for take in plan.takes:
        money = own if take.candidate is None else (take.candidate.current, take.candidate.historic)
        assert take.amount <= money[take.segment]
    paid = _by_account(plan)
    for c in sponsors:
        assert paid.get(c.account.psn_no, 0) <= most(c)
    shared = sum(paid.values()) - paid.get("own", 0)
    assert by.common is None or shared <= max(0, by.common.left)
    assert not by.one_sponsor or len(set(paid) - {"own"}) <= 1
    assert not {c.account.psn_no for c, _ in plan.left_out} & set(paid)


@given(due=st.integers(0, 3000), own=st.tuples(MONEY, MONEY), sponsors=candidates(), by=rules())
def test_every_allocation(due: int, own: tuple[int, int], sponsors: list[Candidate], by: Rules) -> None:
    plan = allocate(due, own, sponsors, by)
    hold_bounds(plan, due, own, sponsors, by)
    paid = _by_account(plan)
    assert paid.get("own", 0) == min(due, sum(own))
    if plan.cash and not by.one_sponsor:
        could = sum(most(c) for c in sponsors)
        if by.common is not None:
            could = min(could, max(0, by.common.left))
        assert due - min(due, sum(own)) - plan.cash == could
        took = {c.account.psn_no for c, _ in plan.left_out} | set(paid)
        assert {c.account.psn_no for c in sponsors} <= took, "whoever takes no part is listed"


@given(
    amounts=st.lists(st.integers(1, 600), min_size=1, max_size=4), own=st.tuples(MONEY, MONEY),
    masks=st.tuples(MASK, MASK), sponsors=candidates(), by=rules(),
)  # fmt: skip
def test_with_a_table_nobody_pays_what_it_may_not_and_the_cash_is_no_more_than_it_must_be(
    amounts: list[int], own: tuple[int, int], masks: tuple[int, int], sponsors: list[Candidate], by: Rules
) -> None:
    pieces = [Piece(part, None, amount) for part, amount in zip(PARTS, amounts, strict=False)]
    due = sum(amounts)
    plan = allocate(due, own, sponsors, by, Table(pieces, masks))
    hold_bounds(plan, due, own, sponsors, by)
    takers = [(t.candidate.masks or (0, 0) if t.candidate else masks)[t.segment] for t in plan.takes]
    for size in range(len(takers) + 1):
        for some in combinations(
            range(len(takers)), size
        ):  # Hall: any of them together pay no more than their pieces
            bits = 0
            for n in some:
                bits |= takers[n]
            room = sum(p.amount for n, p in enumerate(pieces) if bits >> n & 1)
            assert sum(plan.takes[n].amount for n in some) <= room
    if not by.one_sponsor and by.common is None and all(c.limit is None for c in sponsors):
        payers = [(own[n], masks[n]) for n in (0, 1)]
        payers += [((c.current, c.historic)[n], (c.masks or (0, 0))[n]) for c in sponsors for n in (0, 1)]
        assert due - plan.cash == flow(pieces, payers)


def flow(pieces: list[Piece], payers: list[tuple[int, int]]) -> int:
    """The most that can be paid: the smallest cut between payers and pieces."""
    return min(
        sum(p.amount for n, p in enumerate(pieces) if bits >> n & 1)
        + sum(money for money, mask in payers if mask & (1 << len(pieces)) - 1 & ~bits)
        for bits in range(1 << len(pieces))
    )


@given(due=st.integers(0, 3000), own=st.tuples(MONEY, MONEY), sponsors=candidates(), by=rules())
def test_the_order_of_arrival_does_not_matter(
    due: int, own: tuple[int, int], sponsors: list[Candidate], by: Rules
) -> None:
    assert allocate(due, own, sponsors, by).takes == allocate(due, own, sponsors[::-1], by).takes


@given(over=st.lists(st.integers(0, 1000), max_size=6), share=st.floats(0, 1))
def test_the_funds_share_is_split_over_categories_to_the_fen(over: list[int], share: float) -> None:
    amount = int(sum(over) * share)
    parts = spread(amount, over)
    assert sum(parts) == amount
    assert all(0 <= part <= whole for part, whole in zip(parts, over, strict=True))


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
