"""What went back of a settlement, as the institution was answered: one row a message, for reconciliation. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from services.settlement.domain.undo import Settlement
from shared.contracts.base import fen
from shared.policies.values import Spending


class TakenBack(NamedTuple):
    """One row; amounts in fen, not negative. `kind` is `cancelled`, `reversed`, `refunded`, or `again` for a cancel that was reversed;
    `undoes` is the message that a reversal undid."""

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


def taken_back(
    found: Settlement, kind: str, msgid: str, undoes: str | None, amount: int, own: int, mulaid: int, at: datetime, spending: Spending,
) -> TakenBack:  # fmt: skip
    """`amount` fen of the personal part went back (`again`: out once more), `own` and `mulaid` of them from accounts.

    A refund in part takes nothing from the fund; what takes back the rest takes the whole of the fund's part.
    """
    medfee, fund = amount, 0
    if kind != "refunded":
        first: Mapping[str, Any] = found.body()
        medfee = fen(first["medfee_sumamt"]) - (found.personal - amount)
        fund = fen(first["fund_pay_sumamt"])
    return TakenBack(
        msgid, found.fixmedins_code, found.setl_id, kind, undoes, medfee,
        fund + own + mulaid if spending.fund_includes_account else fund,
        own + mulaid if spending.mutual_aid == "inside" else own, mulaid, at,
    )  # fmt: skip
