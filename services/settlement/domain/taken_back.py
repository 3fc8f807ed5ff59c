"""What went back of a settlement, as the institution was answered: one row a message, for reconciliation. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pydantic_core import to_json

from services.settlement.domain.undo import CASH, Back, Settlement
from shared.contracts.base import fen
from shared.policies.values import Spending


class TakenBack(NamedTuple):
    """One row; amounts in fen, not negative. `kind` is `cancelled`, `reversed`, `refunded`, or `again` for a cancel that was reversed;
    `undoes` is the message that a reversal undid. `month` is the one in which it is booked; `payers` (JSON) has what moved by the region
    of the accounts when they paid: [region, own, shared]."""

    msgid: str
    fixmedins_code: str
    setl_id: bytes
    kind: str
    undoes: str | None
    medfee: int
    fund: int
    acct: int
    mulaid: int
    at: datetime
    month: str
    payers: str


def taken_back(
    found: Settlement, kind: str, msgid: str, undoes: str | None, amount: int, backs: Iterable[Back], at: datetime, month: str,
    spending: Spending,
) -> TakenBack:  # fmt: skip
    """`amount` fen of the personal part went back (`again`: out once more); `backs` say what of it is of which share.

    A refund in part takes nothing from the fund; what takes back the rest takes the whole of the fund's part.
    """
    medfee, fund = amount, 0
    if kind != "refunded":
        first: Mapping[str, Any] = found.body()
        medfee = fen(first["medfee_sumamt"]) - (found.personal - amount)
        fund = fen(first["fund_pay_sumamt"])
    payers = _payers(found, backs)
    own, mulaid = (sum(sums[n] for sums in payers.values()) for n in (0, 1))
    return TakenBack(
        msgid, found.fixmedins_code, found.setl_id, kind, undoes, medfee,
        fund + own + mulaid if spending.fund_includes_account else fund,
        own + mulaid if spending.mutual_aid == "inside" else own, mulaid, at, month,
        to_json([[region, *sums] for region, sums in payers.items()]).decode(),
    )  # fmt: skip


def _payers(found: Settlement, backs: Iterable[Back]) -> dict[str, list[int]]:
    """Own and shared fen by the region that a share names; a bill's where the account's was not known."""
    shares, sums = found.shares(), dict[str, list[int]]()
    for back in backs:
        if back.share != CASH:
            share = shares[back.share]
            of = sums.setdefault(share["admdvs"] or found.region, [0, 0])
            of[share["holder"] != "own"] += back.amount
    return sums
