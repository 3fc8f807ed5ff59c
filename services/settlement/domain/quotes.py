"""What a visit's last quote said, so that a settle whose shares are others can say so. Pure."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from shared.contracts.base import yuan

Visit = tuple[str, str, str]
"""Institution, `mdtrt_id`, patient: what a quote and its settle have in common."""


class Quote(NamedTuple):
    """The last quote of a visit; sums in fen, `shares` a digest of who would pay how much (`fingerprint`),
    `hold` what is set apart for it (`holds.hold_text`; empty: nothing)."""

    fixmedins_code: str
    mdtrt_id: str
    psn_no: str
    msgid: str
    acct_pay: int
    acct_mulaid_pay: int
    psn_cash_pay: int
    shares: bytes
    at: datetime
    hold: str = ""

    @property
    def visit(self) -> Visit:
        """Whose quote it is."""
        return self.fixmedins_code, self.mdtrt_id, self.psn_no

    @property
    def sums(self) -> tuple[int, int, int]:
        """Own account, sponsors, cash."""
        return self.acct_pay, self.acct_mulaid_pay, self.psn_cash_pay

    def said(self) -> dict[str, Any]:
        """`quoted` of a result or an answer: sums only, nobody's account."""
        return {
            "msgid": self.msgid, "acct_pay": yuan(self.acct_pay), "acct_mulaid_pay": yuan(self.acct_mulaid_pay),
            "psn_cash_pay": yuan(self.psn_cash_pay),
        }  # fmt: skip


class Quotes:
    """The quotes of a batch's visits: as stored, and as its own messages made them (`new` are to be written, `used` to be forgotten)."""

    def __init__(self) -> None:
        self.known: dict[Visit, Quote] = {}
        self.new: dict[Visit, Quote] = {}
        self.used: set[Visit] = set()

    def add(self, quote: Quote) -> None:
        """A quote just given; it takes the place of the visit's earlier one."""
        self.known[quote.visit] = self.new[quote.visit] = quote

    def take(self, visit: Visit) -> Quote:
        """The quote of a visit that is settled now: it speaks of no other bill of the visit."""
        self.new.pop(visit, None)
        self.used.add(visit)
        return self.known.pop(visit)


def fingerprint(shares: Iterable[tuple[str, int, int]]) -> bytes:
    """16 bytes that stand for the shares: owner of the account, segment, fen, first to pay first."""
    return hashlib.blake2b(repr([*shares]).encode(), digest_size=16, person=b"gongji-quote").digest()
