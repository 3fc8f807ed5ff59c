"""What of a bill accounts may pay: the region's table, applied to the pieces of the personal part. Pure.

A piece is what the person bears of one part of the bill (in scope, paid first, over the limit, wholly self-paid) and, where the bill has
lines, of one category. The fund's share lies in the part that is in scope; over categories it is split by their amounts in scope.
Whoever pays first takes the pieces that fewest others may pay, so that no order of payers makes the cash larger than it must be.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.contracts.registry import InstitutionKind
from shared.contracts.settlement_requests import Bill, FeeDetail
from shared.policies.values import Spending

PARTS = ("in-scope", "pre-selfpay", "over-limit", "wholly-selfpaid")
PART_ZH = {"in-scope": "政策范围内个人负担", "pre-selfpay": "先行自付", "over-limit": "超限价自费", "wholly-selfpaid": "全自费"}  # fmt: skip
ITEM_ZH = {
    "drug": "药品", "device": "医疗器械", "consumable": "医用耗材", "service": "医疗服务", "public-health": "公共卫生",
    "fitness": "体育健身", "wellness": "养生保健", "other": "其他",
}  # fmt: skip
UNTOLD = "other"
"""The category of a line that names none and whose code the region does not know."""


class Piece(NamedTuple):
    """`amount` fen of the personal part; `item` is `None` for a bill without lines."""

    part: str
    item: str | None
    amount: int

    @property
    def zh(self) -> str:
        """What it is, in Chinese."""
        return PART_ZH[self.part] if self.item is None else f"{ITEM_ZH[self.item]}（{PART_ZH[self.part]}）"


def pieces_of(bill: Bill, spending: Spending) -> tuple[Piece, ...]:
    """The personal part of a sound bill in pieces; their sum is the personal part. `spending` is of the patient's region."""
    outside = (bill.preselfpay_amt, bill.overlmt_selfpay, bill.fulamt_ownpay_amt)
    if not bill.feedetail:
        amounts = (bill.inscp_scp_amt - bill.fund_pay_sumamt, *outside)
        return tuple(Piece(part, None, amount) for part, amount in zip(PARTS, amounts, strict=True) if amount)
    sums: dict[str, list[int]] = {}
    for line in bill.feedetail:
        row = sums.setdefault(category(line, spending), [0, 0, 0, 0])
        for n, amount in enumerate(parts_of(line)):
            row[n] += amount
    for row, fund in zip(sums.values(), spread(bill.fund_pay_sumamt, [r[0] for r in sums.values()]), strict=True):  # fmt: skip
        row[0] -= fund
    return tuple(
        Piece(part, item, amount)
        for item, row in sums.items()
        for part, amount in zip(PARTS, row, strict=True)
        if amount
    )


def parts_of(line: FeeDetail) -> tuple[int, int, int, int]:
    """The parts of a line in the order of `PARTS`, fen; the first holds the fund's share."""
    return line.inscp_scp_amt, line.preselfpay_amt, line.overlmt_amt, line.fulamt_ownpay_amt


def category(line: FeeDetail, spending: Spending) -> str:
    """The category of a line: its own word, else what the region makes of its national code."""
    if line.category is not None:
        return line.category.value
    found = spending.item_categories.get(line.med_chrgitm_type or "")
    return UNTOLD if found is None else found.value


def spread(amount: int, over: Sequence[int]) -> list[int]:
    """`amount` fen in proportion to `over`, to the fen: none gets more than its own, the sum is `amount` (at most that of `over`)."""
    total, given, before, parts = sum(over), 0, 0, []
    for one in over:
        before += one
        upto = amount * before // total if total else 0
        parts.append(upto - given)
        given = upto
    return parts


def mask(pieces: Sequence[Piece], spending: Spending, payer: str, segment: str, med_type: str, pharmacy: bool) -> int:  # fmt: skip
    """Which pieces a payer's segment may pay by a region's table, as bits."""
    kind = InstitutionKind.PHARMACY if pharmacy else InstitutionKind.HOSPITAL
    rows = spending.payable
    if rows is not None:
        rows = tuple(r for r in rows if r.concerns(payer, segment, med_type, kind))  # type: ignore[arg-type]
    allowed = spending.pharmacy_items if pharmacy else None
    bits = 0
    for n, piece in enumerate(pieces):
        item = piece.item
        if item is not None and (
            item in spending.never_items or (allowed is not None and item not in allowed)
        ):
            continue
        if rows is None or any(
            (r.parts is None or piece.part in r.parts)
            and (item is None or r.items is None or item in r.items)
            for r in rows
        ):
            bits |= 1 << n
    return bits


class Room:
    """How much of the pieces is still to be paid by whom, when several payers with different masks pay one after the other.

    Payers with masks inside a set of pieces can together pay no more than that set: the tightest such set is the room (Hall's
    theorem). Only unions of masks can be tight. So no piece has to be given to a payer before all have paid.
    """

    __slots__ = ("_pieces", "_taken", "_unions")

    def __init__(self, pieces: Sequence[Piece], masks: Iterable[int]) -> None:
        self._pieces = pieces
        self._taken: dict[int, int] = {}
        self._unions: set[int] = set()
        for one in set(masks):
            self._unions |= {one} | {one | union for union in self._unions}

    def left(self, bits: int) -> int:
        """What a payer who may pay these pieces may still pay, fen. The mask is one of those that the room was made with."""
        if not bits:
            return 0
        return min(self._size(union) - self._within(union) for union in self._unions if bits & ~union == 0)

    def take(self, bits: int, amount: int) -> None:
        """Somebody pays `amount` fen, at most `left`."""
        self._taken[bits] = self._taken.get(bits, 0) + amount

    def _size(self, bits: int) -> int:
        return sum(p.amount for n, p in enumerate(self._pieces) if bits >> n & 1)

    def _within(self, bits: int) -> int:
        return sum(amount for one, amount in self._taken.items() if one & ~bits == 0)
