"""Who pays how much of a bill: own account first, then sponsors in the region's order, the rest is cash. Pure.

Source: 国办发〔2021〕14号 (own account and relatives), regional orders (临沧 2024-12-09: highest balance first; 新疆: the
beneficiary's order), one account per settlement where a region says so.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from services.settlement.domain.accounts import CURRENT, HISTORIC, Account
from services.settlement.domain.bindings import Binding
from services.settlement.domain.declines import LEFT_OUT, Why
from services.settlement.domain.limits import Limit
from services.settlement.domain.payable import Piece, Room

LAST = 1 << 30
NO_BALANCE, NOT_PAYABLE, ONE_SPONSOR = (LEFT_OUT[c] for c in ("no-balance", "not-payable", "one-sponsor"))


class Candidate(NamedTuple):
    """A sponsor's account as one bill may use it, in fen. `limit` bounds both segments together (floor, quota, caps), `None`: no
    bound; `counted`: keys under which its use counts (see `limits`); `masks`: which pieces either segment may pay, `None`: all."""

    binding: Binding
    account: Account
    current: int
    historic: int
    limit: Limit | None
    counted: str
    order: int | None
    masks: tuple[int, int] | None = None


class Take(NamedTuple):
    """What one segment of one account pays; `candidate` is `None` for the patient's own account."""

    candidate: Candidate | None
    segment: int
    amount: int


class Plan(NamedTuple):
    """An allocation: `takes` in order of payment, `cash` in fen, candidates that took no part with why, and the bounds under which
    somebody paid less than the bill and the account would have had."""

    takes: list[Take]
    cash: int
    left_out: list[tuple[Candidate, Why]]
    bound: Sequence[Why] = ()


class Rules(NamedTuple):
    """How the patient's region ranks sponsors; `common`: the tightest cap on what all of them together pay for this patient."""

    order: str
    tie_breakers: tuple[str, ...] = ()
    one_sponsor: bool = False
    common: Limit | None = None


class Table(NamedTuple):
    """The pieces of a bill, and which of them the own account's current and historic money may pay."""

    pieces: Sequence[Piece]
    own: tuple[int, int]


def from_own(due: int, own: tuple[int, int]) -> Plan:
    """A bill that no sponsor takes part in and no table restricts."""
    takes: list[Take] = []
    left = due
    for segment in (CURRENT, HISTORIC):
        if left and own[segment]:
            amount = min(left, own[segment])
            takes.append(Take(None, segment, amount))
            left -= amount
    return Plan(takes, left, [])


def allocate(
    due: int, own: tuple[int, int], candidates: Sequence[Candidate], rules: Rules, table: Table | None = None
) -> Plan:
    """Splits `due` fen. `own` is the usable (current, historic) of the patient's own account.

    The sum of takes and cash is `due`; no take is above its segment or limit, all together are within `rules.common`, and with a
    table no payer pays a piece that it may not pay. Current money goes before historic.
    """
    plan, room = from_own(due, own) if table is None else Plan([], due, []), None
    if table is not None:
        room = Room(table.pieces, [*table.own, *(m for c in candidates for m in c.masks or ())])
        left = due - _take(None, own, due, table.own, room, plan.takes)
    else:
        left = plan.cash
    if not left or not candidates:
        return plan._replace(cash=left)
    bound: list[Why] = []
    shared = 0
    for c in ranked(candidates, rules):
        if not left:
            break
        if shared and rules.one_sponsor:
            plan.left_out.append((c, ONE_SPONSOR))
            continue
        usable, why = _usable(c, rules.common, shared)
        most = min(left, usable)
        paid = _take(c, (c.current, c.historic), most, c.masks, room, plan.takes) if most > 0 else 0
        if paid < most:
            why = NOT_PAYABLE
        if not paid:
            plan.left_out.append((c, why or NO_BALANCE))
            continue
        shared += paid
        left -= paid
        if left and why is not None:
            bound.append(why)
    return Plan(plan.takes, left, plan.left_out, bound)


def _usable(c: Candidate, common: Limit | None, shared: int) -> tuple[int, Why | None]:
    """What a sponsor may give under its limits, and what makes it less than its money."""
    usable, why = c.current + c.historic, None
    if usable <= 0:
        return 0, None
    if c.limit is not None and c.limit.left < usable:
        usable, why = c.limit
    if common is not None and common.left - shared < usable:
        usable, why = common.left - shared, common.why
    return usable, why


def _take(
    c: Candidate | None, money: tuple[int, int], amount: int, masks: tuple[int, int] | None, room: Room | None, takes: list[Take]
) -> int:  # fmt: skip
    """Takes at most `amount` fen, current money first; what was taken."""
    paid = 0
    for segment in (CURRENT, HISTORIC):
        part = min(amount - paid, money[segment])
        if part and room is not None and masks is not None:
            part = min(part, room.left(masks[segment]))
            room.take(masks[segment], part)
        if part:
            takes.append(Take(c, segment, part))
            paid += part
    return paid


def ranked(candidates: Sequence[Candidate], rules: Rules) -> Sequence[Candidate]:
    """The sponsors in the region's order; ties by its tie-breakers one after the other, at last by the binding's id."""
    if len(candidates) < 2:
        return candidates
    first = _RANK[rules.order]
    if len({first(c) for c in candidates}) == len(candidates):  # nearly always: nothing has to be broken
        return sorted(candidates, key=first)
    return sorted(candidates, key=_rank(rules.order, rules.tie_breakers))


@lru_cache(maxsize=256)
def _rank(order: str, tie_breakers: tuple[str, ...]) -> Callable[[Candidate], tuple[object, ...]]:
    keys = [_RANK[name] for name in dict.fromkeys((order, *tie_breakers))]

    def rank(c: Candidate) -> tuple[object, ...]:
        return (*[key(c) for key in keys], c.binding.binding_id.bytes)

    return rank


_RANK: dict[str, Callable[[Candidate], float]] = {
    "beneficiary-order": lambda c: c.order or LAST,
    "highest-balance": lambda c: -c.account.balance,
    "oldest-binding": lambda c: c.binding.facts.bound_since,
    "newest-binding": lambda c: -c.binding.facts.bound_since,
}
