"""A person's statement of a month (对账单): what the money was, what moved it, what it is. Made of entries of the ledger only. Pure.

Months are Beijing's, by event time. All sums are integer fen. The money of a person stands in four columns: the account's current and
historic part, what is set apart of it or was received (earmarks, holds, wallets), and what is held after a close. Each column is opening
plus movements plus refunds equals closing; `Statement.check` says so and `statement` never returns one that does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.settlement.domain.accounts import Account
from services.settlement.domain.bindings import EARMARK_MODE, Binding, use_of
from services.settlement.domain.limits import left_of, quota_of
from shared.contracts.relations import RELATIONS_ZH, Relation
from shared.policies.values import Spending

_STARS = re.compile(r"\*+")


class Kind(NamedTuple):
    """What an entry of the ledger is called. `refund`: money of a bill or premium that came back, which stands apart."""

    zh: str
    refund: bool = False


KINDS: Mapping[str, Kind] = {
    "credit": Kind("划入"),
    "correct": Kind("更正"),
    "turn": Kind("年度结转"),
    "settle": Kind("就医购药"),
    "again": Kind("撤销被冲正，重新扣款"),
    "cancelled": Kind("结算撤销退回", refund=True),
    "reversed": Kind("冲正退回", refund=True),
    "refunded": Kind("退费", refund=True),
    "premium": Kind("缴费"),
    "premium-back": Kind("缴费退回", refund=True),
    "earmark": Kind("设立共济额度"),
    "earmark-back": Kind("共济额度退回"),
    "hold": Kind("预结算保留"),
    "hold-back": Kind("预结算保留退回"),
    "transfer": Kind("划转给亲属"),
    "transfer-accepted": Kind("划转已接收"),
    "transfer-back": Kind("划转退回"),
    "wallet-back": Kind("划转余额退回"),
    "released": Kind("挂账转出"),
    "recovered": Kind("追回款入账"),
}
"""Every kind that the code books has a name here (`tests/unit/settlement/test_kinds_have_names.py`)."""
USES: Mapping[str, str] = {
    "outpatient": "门诊", "inpatient": "住院", "pharmacy": "药店购药", "resident-premium": "居民医保缴费",
    "long-term-care-premium": "长护险缴费",
}  # fmt: skip
POTS: Mapping[str, str] = {
    "own": "个人账户", "earmark": "共济额度", "hold": "预结算保留", "transfer": "划转待接收", "wallet": "收到的划转", "held": "挂账",
}  # fmt: skip
SEGMENTS: Mapping[str, str] = {"current": "当年", "historic": "历年", "held": "挂账"}


class Balance(NamedTuple):
    """One place of the money: `pot` (a key of `POTS`) and segment."""

    pot: str
    segment: str
    opening: int
    closing: int


class Movement(NamedTuple):
    """One posting, by what it did to the four columns. Of a bill: where, and for which relative (masked). `fixmedins_name` is `None` for an
    institution that the registry has not recorded since names are kept."""

    at: datetime
    kind: str
    current: int
    historic: int
    apart: int
    held: int
    reference: str
    fixmedins_code: str | None
    pharmacy: bool | None
    med_type: str | None
    binding_id: UUID | None
    relation: str | None
    relative: str | None
    premium: str | None
    premium_year: int | None
    fixmedins_name: str | None = None

    @property
    def net(self) -> int:
        """What the person has more afterwards."""
        return self.current + self.historic + self.apart + self.held


class Relative(NamedTuple):
    """A binding of a sponsor: bills, what was used of the sponsor's money in the month and since the year's begin, net of what went back,
    and what is set apart for it now."""

    binding: Binding
    account: Account
    bills: int
    used: int
    used_in_year: int
    apart: int


class Line(NamedTuple):
    """A movement with its words and what the account (without what is set apart) had after it."""

    moved: Movement
    what: str
    where: str
    whom: str
    after: int

    @property
    def refund(self) -> bool:
        """Whether it stands among the refunds."""
        return named(self.moved.kind).refund


class Used(NamedTuple):
    """The sum of one use: number of payments, paid and given back (both not negative)."""

    what: str
    times: int
    paid: int
    back: int


class Statement(NamedTuple):
    """A month of one person. `lines` hold refunds, too, all in the order of time."""

    opening: tuple[int, int, int, int]
    closing: tuple[int, int, int, int]
    balances: tuple[Balance, ...]
    lines: tuple[Line, ...]
    uses: tuple[Used, ...]

    def total(self, *, refunds: bool) -> tuple[int, int, int, int]:
        """The sum of the movements, or of the refunds, by column."""
        return _sum(line.moved for line in self.lines if line.refund is refunds)


class Unbalanced(Exception):
    """Opening and movements do not make the closing balance: a fault of our own."""


def named(kind: str) -> Kind:
    """The name of a kind; what is not known by name is called what the ledger calls it."""
    return KINDS.get(kind) or Kind(kind)


def statement(balances: Iterable[Balance], movements: Iterable[Movement]) -> Statement:
    """Movements in the order of time. Raises `Unbalanced`."""
    places = tuple(balances)
    moved = tuple(movements)
    opening, closing = _columns(places, 2), _columns(places, 3)
    sums = _sum(moved)
    if tuple(o + s for o, s in zip(opening, sums, strict=True)) != closing:
        raise Unbalanced
    after = opening[0] + opening[1]
    lines = []
    for one in moved:
        after += one.current + one.historic
        lines.append(Line(one, _what(one), _where(one), whom(one.relation, one.relative), after))
    return Statement(opening, closing, places, tuple(lines), _uses(moved))


def whom(relation: str | None, relative: str | None) -> str:
    """`配偶 330***01`; empty where it is about nobody else."""
    if relative is None:
        return ""
    known = RELATIONS_ZH[Relation(relation)] if relation else "亲属"
    return f"{known} {_STARS.sub('***', relative)}"


def left_of_quota(one: Relative, spending: Spending, at: datetime) -> int | None:
    """What may still be used through a binding at a time under the sponsor's quota, fen, not below zero; `None`: no quota."""
    if one.binding.facts.mode == EARMARK_MODE:
        return one.apart
    terms = one.binding.facts.terms_at(at.timestamp())
    if terms is None or (quota := quota_of(spending, terms.quota)) is None:
        return None
    return max(0, left_of(quota, spending, at.timestamp(), one.binding, one.account))


def _columns(places: Sequence[Balance], which: int) -> tuple[int, int, int, int]:
    sums = [0, 0, 0, 0]
    for place in places:
        column = 3 if place.pot == "held" else 2 if place.pot != "own" else int(place.segment == "historic")
        sums[column] += place[which]  # type: ignore[operator]
    return sums[0], sums[1], sums[2], sums[3]


def _sum(moved: Iterable[Movement]) -> tuple[int, int, int, int]:
    sums = [0, 0, 0, 0]
    for one in moved:
        for n, amount in enumerate((one.current, one.historic, one.apart, one.held)):
            sums[n] += amount
    return sums[0], sums[1], sums[2], sums[3]


def _what(one: Movement) -> str:
    what = named(one.kind).zh
    if one.premium is not None:
        return f"{what}（{USES.get(one.premium, one.premium)} {one.premium_year}）"
    if one.med_type is None:
        return what
    for_whom = "为亲属" if one.relative is not None else ""
    return f"{for_whom}{what}（{USES[_use(one)]}）"


def _where(one: Movement) -> str:
    if one.fixmedins_code is None:
        return ""
    if one.fixmedins_name is not None:
        return one.fixmedins_name
    kind = {None: "", True: "药店 ", False: "医院 "}[one.pharmacy]
    return f"{kind}{one.fixmedins_code}"


def _use(one: Movement) -> str:
    return use_of(one.med_type or "", bool(one.pharmacy))


def _uses(moved: Iterable[Movement]) -> tuple[Used, ...]:
    """By use, own before relatives'; only of bills and premiums, and only of those that moved the person's money."""
    sums: dict[tuple[bool, str], list[int]] = {}
    for one in moved:
        use = one.premium if one.premium is not None else _use(one) if one.med_type is not None else None
        if use is None or not one.net:
            continue
        row = sums.setdefault((one.relative is not None, use), [0, 0, 0])
        row[0] += one.net < 0
        row[1 if one.net < 0 else 2] += abs(one.net)
    return tuple(
        Used(f"{'为亲属' if relative else '本人'}{USES.get(use, use)}", *row)
        for (relative, use), row in sorted(sums.items())
    )
