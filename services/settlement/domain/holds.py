"""Holds: a quote's shares that are set apart until the visit's settle, for as long as the institution asked and the region allows. Pure.

The money stands in an account row of its own, one for each row it was taken from: `hold/<psn_no>`, `hold/earmark/<binding_id>`,
`hold/wallet/<binding_id>`, so that it stays whose it was; which part of it belongs to which visit is said with
the visit's quote. The row of the holder's account guards it: whoever moves its money holds that lock. What is held was counted against
quota and caps when it was set apart, in the period of the quote.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from shared.contracts.settlement_requests import Bill

PREFIX = "hold/"
_ABOUT = (
    "infno", "mdtrt_cert_type", "bill_at", "msgid", "mdtrt_cert_no", "hold_minutes", "insutype", "clr_type", "clr_optins",
)  # fmt: skip
"""Fields in which a bill may differ from its quote: those that say nothing of what is to be paid."""


class HeldShare(NamedTuple):
    """One share: whose account, segment (0 current, 1 historic), fen, region of the account, keys under which it was counted; for a
    sponsor's share also binding, its version and the relation; the earmark's or wallet's row that gave it, empty for the account."""

    psn_no: str
    segment: int
    amount: int
    admdvs: str
    counted: str
    binding_id: str | None
    version: int | None
    relation: str | None
    purse: str = ""

    @property
    def row(self) -> str:
        """The row in which it is held."""
        return hold_name(self.purse or self.psn_no)


class Hold(NamedTuple):
    """What is set apart for a visit from `at` to before `until`. `bill` is the digest of the quoted bill (`bill_digest`); `out`,
    `reasons` and `policy` are what the quote said of bindings left out, of the cash and as its policy version."""

    id: str
    at: datetime
    until: datetime
    bill: str
    shares: tuple[HeldShare, ...]
    out: list[dict[str, Any]]
    reasons: list[str]
    policy: str

    @property
    def amount(self) -> int:
        """All of it, fen."""
        return sum(s.amount for s in self.shares)


def hold_name(row: str) -> str:
    """The name of the account row that has what is set apart of another: a person's account, an earmark or a wallet."""
    return f"{PREFIX}{row}"


def hold_text(hold: Hold) -> str:
    """The hold as compact JSON, as it stands beside its quote."""
    return to_json(hold).decode()


def read_hold(text: str) -> Hold:
    """The inverse of `hold_text`."""
    id, at, until, bill, shares, out, reasons, policy = from_json(text)
    return Hold(
        id,
        datetime.fromisoformat(at),
        datetime.fromisoformat(until),
        bill,
        tuple(HeldShare(*share) for share in shares),
        out,
        reasons,
        policy,
    )


def lasts(at: datetime, wanted: int | None, longest: int) -> datetime | None:
    """Until when the shares of a quote given at `at` are set apart: as long as `wanted`, at most `longest` minutes; `None`: not at all."""
    minutes = min(wanted or 0, longest)
    return at + timedelta(minutes=minutes) if minutes else None


def bill_digest(bill: Bill) -> str:
    """Stands for what decides the shares of a bill: sums and parts, kind of care, region, use of accounts, lines."""
    fields: Iterable[tuple[str, Any]] = (item for item in bill.__dict__.items() if item[0] not in _ABOUT)
    return hashlib.blake2b(
        repr([*fields]).encode(errors="replace"), digest_size=16, person=b"gongji-hold"
    ).hexdigest()
