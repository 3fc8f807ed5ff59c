"""Which payer may pay which piece of a bill, as a flow: whoever comes later may push what was paid before to other pieces."""

from __future__ import annotations

from typing import Any

from shared.contracts.settlement_requests import Bill

Piece = tuple[str, str | None]
"""A part of the bill and, where it has lines, a category of items."""


class Pieces:
    """The personal part of a bill by piece; `take` is the only way to pay."""

    def __init__(self, amounts: dict[Piece, int]) -> None:
        self._free = amounts
        self._paid: list[tuple[frozenset[Piece], dict[Piece, int]]] = []

    def take(self, rules: Any, payer: str, segment: str, med_type: str, pharmacy: bool, most: int) -> int:
        """Pays at most so much by the rules of the payer's region; what could be paid, fen."""
        place, table = "pharmacy" if pharmacy else "hospital", rules.payable
        shop = rules.pharmacy_items if pharmacy else None
        allowed = frozenset(
            (part, item)
            for part, item in self._free
            if item not in rules.never_items and (item is None or shop is None or item in shop)
            if table is None
            or any(
                row.payer in (None, payer) and (row.segments is None or segment in row.segments)
                and (row.med_types is None or med_type in row.med_types or med_type[:2] in row.med_types)
                and (row.institutions is None or place in row.institutions) and (row.parts is None or part in row.parts)
                and (row.items is None or item is None or item in row.items)
                for row in table
            )
        )  # fmt: skip
        mine: dict[Piece, int] = {}
        self._paid.append((allowed, mine))
        paid = 0
        while paid < most and (moved := self._push(len(self._paid) - 1, most - paid, set())):
            paid += moved
        return paid

    def _push(self, who: int, amount: int, seen: set[Piece]) -> int:
        """One path from a payer to a piece that is free, through payers who may pay something else instead."""
        allowed, paid = self._paid[who]
        for piece in allowed - seen:
            seen.add(piece)
            moved = min(amount, self._free[piece])
            if moved:
                self._free[piece] -= moved
            else:
                for other, (_, theirs) in enumerate(self._paid):
                    if theirs.get(piece):
                        moved = self._push(other, min(amount, theirs[piece]), seen)
                        if moved:
                            theirs[piece] -= moved
                            break
            if moved:
                paid[piece] = paid.get(piece, 0) + moved
                return moved
        return 0


def pieces(bill: Bill, home: Any) -> Pieces:
    """What the person bears of each part of a bill, and of each category where it has lines; `home` are the rules of the patient's region."""
    if not bill.feedetail:
        return Pieces({
            ("in-scope", None): bill.inscp_scp_amt - bill.fund_pay_sumamt, ("pre-selfpay", None): bill.preselfpay_amt,
            ("over-limit", None): bill.overlmt_selfpay, ("wholly-selfpaid", None): bill.fulamt_ownpay_amt,
        })  # fmt: skip
    amounts: dict[Piece, int] = {}
    scope: dict[str, int] = {}
    for line in bill.feedetail:
        item = str(line.category or home.item_categories.get(line.med_chrgitm_type, "other"))
        scope[item] = scope.get(item, 0) + line.inscp_scp_amt
        for part, amount in (
            ("in-scope", line.inscp_scp_amt), ("pre-selfpay", line.preselfpay_amt), ("over-limit", line.overlmt_amt),
            ("wholly-selfpaid", line.fulamt_ownpay_amt),
        ):  # fmt: skip
            amounts[part, item] = amounts.get((part, item), 0) + amount
    before = 0
    for (
        item,
        amount,
    ) in scope.items():  # the fund pays of each category in proportion, rounded down from the first to each
        amounts["in-scope", item] -= _upto(bill, before + amount) - _upto(bill, before)
        before += amount
    return Pieces(amounts)


def _upto(bill: Bill, scope: int) -> int:
    return bill.fund_pay_sumamt * scope // bill.inscp_scp_amt if bill.inscp_scp_amt else 0
