"""Giving money back: the stored allocation is mirrored, last deducted first, to the same accounts. Pure.

The order of giving back is fixed: cash, then the shares from the last to the first. So the sum that was given back so far says
which part of which share is left, and several partial refunds never exceed the original.
Source: no public text says to which account a refund goes (searched); the same holders in reverse order is the project's rule.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic_core import from_json

from services.settlement.domain.groups import NO_GROUP, Group

CASH = -1


class Settlement:
    """A stored settlement. `result` is the JSON of its first result, `periods` the quota period of each share (`*` = pot).

    `returned` fen were given back so far, `undone` of them by the message `undone_by` that ended it. `held_at`: when a hold set apart
    what paid it, if one did.
    """

    __slots__ = (
        "at", "changed", "fixmedins_code", "group", "held_at", "infno", "msgid", "number", "periods", "personal", "psn_no", "region", "result",
        "returned", "setl_id", "state", "undone", "undone_by",
    )  # fmt: skip

    def __init__(
        self, setl_id: bytes, msgid: str, infno: str, fixmedins_code: str, psn_no: str, personal: int, state: str,
        number: int, returned: int, undone: int, undone_by: str | None, periods: str, result: bytes, at: datetime,
        region: str, group: Group = NO_GROUP, held_at: datetime | None = None,
    ) -> None:  # fmt: skip
        self.setl_id, self.msgid, self.infno = setl_id, msgid, infno
        self.fixmedins_code, self.psn_no, self.personal, self.state = fixmedins_code, psn_no, personal, state
        self.number, self.returned, self.undone, self.undone_by = number, returned, undone, undone_by
        self.periods, self.result, self.at, self.region = periods, result, at, region
        self.group, self.held_at = group, held_at
        self.changed = False

    @property
    def spent_at(self) -> datetime:
        """When the money was spent: by a hold, when that set it apart."""
        return self.held_at or self.at

    @property
    def left(self) -> int:
        """What can still be given back, fen."""
        return self.personal - self.returned

    def body(self) -> dict[str, Any]:
        """The first result as JSON values."""
        body: dict[str, Any] = from_json(self.result)
        return body

    def shares(self) -> list[dict[str, Any]]:
        """The shares of the first result, first to pay first."""
        shares: list[dict[str, Any]] = self.body()["shares"]
        return shares


class Back(NamedTuple):
    """`amount` fen of the share number `share` (`CASH` for the cash part)."""

    share: int
    amount: int


def slices(cash: int, shares: Sequence[int], returned: int, amount: int) -> list[Back]:
    """Which shares the next `amount` fen go back to, when `returned` fen went back before.

    `shares` are the amounts paid, first to pay first. Raises `ValueError` when more would go back than was paid.
    """
    backs: list[Back] = []
    skip, left = returned, amount
    for index, paid in ((CASH, cash), *((i, shares[i]) for i in range(len(shares) - 1, -1, -1))):
        here = min(left, max(0, paid - skip))
        skip = max(0, skip - paid)
        if here:
            backs.append(Back(index, here))
            left -= here
    if left:
        raise ValueError("more is given back than was paid")
    return backs
