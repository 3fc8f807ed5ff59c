"""Who pays how much of a bill: own account first, then sponsors in the region's order, the rest is cash. Pure.

Source: 国办发〔2021〕14号 (own account and relatives), regional orders (临沧 2024-12-09: highest balance first; 新疆: the
beneficiary's order), one account per settlement where a region says so.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from services.settlement.domain.accounts import CURRENT, HISTORIC, Account
from services.settlement.domain.bindings import Binding

LAST = 1 << 30


class Candidate(NamedTuple):
    """A sponsor's account as one bill may use it, in fen. `cap` bounds both segments together (floor); `quota` is what is
    left of the quota, `None` where there is none; `period` is the key under which its use is counted."""

    binding: Binding
    account: Account
    current: int
    historic: int
    cap: int
    quota: int | None
    period: str
    shared_pot: bool
    order: int | None


class Take(NamedTuple):
    """What one segment of one account pays; `candidate` is `None` for the patient's own account."""

    candidate: Candidate | None
    segment: int
    amount: int


class Plan(NamedTuple):
    """An allocation: `takes` in order of payment, `cash` in fen, and candidates that took no part with the code of why."""

    takes: list[Take]
    cash: int
    left_out: list[tuple[Candidate, str]]


def allocate(
    due: int, own: tuple[int, int], candidates: Sequence[Candidate], order: str, one_sponsor: bool
) -> Plan:
    """Splits `due` fen. `own` is the usable (current, historic) of the patient's own account.

    The sum of takes and cash is `due`; no take is above its segment, cap or quota. Current money goes before historic.
    """
    takes: list[Take] = []
    left_out: list[tuple[Candidate, str]] = []
    left = due
    for segment in (CURRENT, HISTORIC):
        if left and own[segment]:
            amount = min(left, own[segment])
            takes.append(Take(None, segment, amount))
            left -= amount
    if not left or not candidates:
        return Plan(takes, left, left_out)
    paid = False
    for c in ranked(candidates, order):
        if not left:
            break
        if paid and one_sponsor:
            left_out.append((c, "one-sponsor"))
            continue
        why, usable = _usable(c)
        if why:
            left_out.append((c, why))
            continue
        paid = True
        left -= _take(c, min(left, usable), takes)
    return Plan(takes, left, left_out)


def _usable(c: Candidate) -> tuple[str | None, int]:
    usable = min(c.current + c.historic, c.cap)
    if usable <= 0:
        return "no-balance", 0
    if c.quota is not None:
        if c.quota <= 0:
            return "quota-used", 0
        usable = min(usable, c.quota)
    return None, usable


def _take(c: Candidate, amount: int, takes: list[Take]) -> int:
    first = min(amount, c.current)
    if first:
        takes.append(Take(c, CURRENT, first))
    if amount > first:
        takes.append(Take(c, HISTORIC, amount - first))
    return amount


def ranked(candidates: Sequence[Candidate], order: str) -> Sequence[Candidate]:
    """The sponsors in the region's order. Ties: beneficiary's order, then the older binding, then the binding's id."""
    return sorted(candidates, key=_RANK[order]) if len(candidates) > 1 else candidates


def _tie(c: Candidate) -> tuple[int, float, bytes]:
    return (c.order or LAST, c.binding.facts.bound_since, c.binding.binding_id.bytes)


def _by_balance(c: Candidate) -> tuple[int, tuple[int, float, bytes]]:
    return (-c.account.balance, _tie(c))


def _by_age(c: Candidate) -> tuple[float, int, bytes]:
    return (c.binding.facts.bound_since, c.order or LAST, c.binding.binding_id.bytes)


_RANK: dict[str, Callable[[Candidate], tuple[object, ...]]] = {
    "beneficiary-order": _tie,
    "highest-balance": _by_balance,
    "oldest-binding": _by_age,
}
