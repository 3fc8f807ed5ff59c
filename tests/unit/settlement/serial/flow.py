"""Which payer may pay which piece of a bill, as a flow: whoever comes later may push what was paid before to other pieces."""

from __future__ import annotations

from typing import Any

from shared.contracts.settlement_requests import Bill


class Pieces:
    """The personal part of a bill by part; `take` is the only way to pay."""

    def __init__(self, amounts: dict[str, int]) -> None:
        self._free = dict(amounts)
        self._paid: list[tuple[frozenset[str], dict[str, int]]] = []

    def take(self, table: Any, payer: str, segment: str, med_type: str, pharmacy: bool, most: int) -> int:
        """Pays at most so much; what could be paid, fen."""
        place = "pharmacy" if pharmacy else "hospital"
        allowed = frozenset(
            part
            for part in self._free
            if table is None
            or any(
                row.payer in (None, payer) and (row.segments is None or segment in row.segments)
                and (row.med_types is None or med_type in row.med_types or med_type[:2] in row.med_types)
                and (row.institutions is None or place in row.institutions) and (row.parts is None or part in row.parts)
                for row in table
            )
        )  # fmt: skip
        mine: dict[str, int] = {}
        self._paid.append((allowed, mine))
        paid = 0
        while paid < most and (moved := self._push(len(self._paid) - 1, most - paid, set())):
            paid += moved
        return paid

    def _push(self, who: int, amount: int, seen: set[str]) -> int:
        """One path from a payer to a piece that is free, through payers who may pay something else instead."""
        allowed, paid = self._paid[who]
        for part in sorted(allowed - seen):
            seen.add(part)
            moved = min(amount, self._free[part])
            if moved:
                self._free[part] -= moved
            else:
                for other, (_, theirs) in enumerate(self._paid):
                    if theirs.get(part):
                        moved = self._push(other, min(amount, theirs[part]), seen)
                        if moved:
                            theirs[part] -= moved
                            break
            if moved:
                paid[part] = paid.get(part, 0) + moved
                return moved
        return 0


def pieces(bill: Bill) -> Pieces:
    """What the person bears of each part of a bill without lines."""
    return Pieces({
        "in-scope": bill.inscp_scp_amt - bill.fund_pay_sumamt, "pre-selfpay": bill.preselfpay_amt,
        "over-limit": bill.overlmt_selfpay, "wholly-selfpaid": bill.fulamt_ownpay_amt,
    })  # fmt: skip
