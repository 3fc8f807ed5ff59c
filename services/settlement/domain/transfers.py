"""Transfers (划拨, 医保钱包): money that moves from a giver's account to a relative's wallet before there is a bill. Pure.

An offer's money stands in a row of its own, `transfer/<transfer_id>`, until it is accepted or goes back; what was accepted stands in
`wallet/<binding_id>`, one wallet for each giver of a person, so that the remainder finds its giver and nobody shares what a third
person gave. The giver's account row guards both: whoever moves their money holds its lock.
Source: 医保钱包 2024-12 to 2025 (烟台晚报 2025-09-18, 河南商报 2025-09-19), 划拨 in 福建 and 甘肃.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.settlement.domain.accounts import Account, period_key, use
from shared.clock import BEIJING
from shared.policies.values import Spending

MOVING, WALLET = "transfer/", "wallet/"


class State(StrEnum):
    """What became of an offer."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"
    REFUSED = "refused"  # nothing was ever moved


class Transfer:
    """One offer with its stored answer; `amount` in fen, `until` when it goes back if nobody accepts it.

    `source` and `message` are whom to tell. `purse` has the money while it is on its way; a refused offer has none.
    """

    __slots__ = (
        "amount", "answer", "at", "binding_id", "changed", "ended_at", "giver", "hash", "message", "new", "purse", "receiver",
        "source", "state", "transfer_id", "until",
    )  # fmt: skip

    def __init__(
        self, transfer_id: UUID, hash: bytes, binding_id: UUID, giver: str, receiver: str, amount: int, state: str,
        source: str, message: str, answer: bytes, at: datetime, until: datetime, ended_at: datetime | None = None,
        purse: Account | None = None, *, new: bool = False,
    ) -> None:  # fmt: skip
        self.transfer_id, self.hash, self.binding_id = transfer_id, hash, binding_id
        self.giver, self.receiver, self.amount, self.state = giver, receiver, amount, state
        self.source, self.message, self.answer = source, message, answer
        self.at, self.until, self.ended_at, self.purse = at, until, ended_at, purse
        self.new = self.changed = new

    def end(self, state: State, at: datetime) -> None:
        """The money has gone where it belongs."""
        self.state, self.ended_at, self.changed = state, at, True


class Wallet:
    """What a person got through one binding and has not spent. `open`: shares are paid from it and go back to it."""

    __slots__ = ("binding_id", "changed", "giver", "new", "open", "purse")

    def __init__(
        self, binding_id: UUID, giver: str, open: bool, purse: Account, *, new: bool = False
    ) -> None:
        self.binding_id, self.giver, self.open, self.purse = binding_id, giver, open, purse
        self.new = self.changed = new

    def put(self, open: bool) -> None:
        """Opens or closes it."""
        if self.open is not open:
            self.open, self.changed = open, True


class Transfers:
    """The transfers and wallets that a batch knows."""

    def __init__(self) -> None:
        self.all: dict[UUID, Transfer] = {}
        self.wallets: dict[UUID, Wallet] = {}
        self._of: dict[str, list[Transfer]] = {}

    def add(self, transfer: Transfer) -> None:
        self.all[transfer.transfer_id] = transfer
        self._of.setdefault(transfer.giver, []).append(transfer)

    def pending(self, giver: str) -> list[Transfer]:
        """A giver's offers that nobody has answered, oldest first."""
        found = (t for t in self._of.get(giver, ()) if t.state == State.OFFERED)
        return sorted(found, key=lambda t: (t.at, t.transfer_id.bytes))

    def purses(self, giver: str) -> Iterator[tuple[UUID, Account]]:
        """Every row that has money of a giver, with its binding: what was offered last first, then the wallets."""
        for transfer in reversed(self.pending(giver)):
            if transfer.purse is not None:
                yield transfer.binding_id, transfer.purse
        wallets = (w for w in self.wallets.values() if w.giver == giver)
        for wallet in sorted(wallets, key=lambda w: w.binding_id.bytes):
            yield wallet.binding_id, wallet.purse


def moving_name(transfer_id: UUID) -> str:
    """The name of the row of money on its way."""
    return f"{MOVING}{transfer_id}"


def wallet_name(binding_id: UUID) -> str:
    """The name of the row of a wallet."""
    return f"{WALLET}{binding_id}"


def return_time(at: datetime, spending: Spending) -> datetime:
    """When an offer of `at` goes back: on the next day, Beijing time; in UTC, as it is read from the table again."""
    tomorrow = at.astimezone(BEIJING).date() + timedelta(days=1)
    return datetime.combine(tomorrow, spending.transfer_return, BEIJING).astimezone(UTC)


def moved(giver: Account, period: str, at: datetime) -> int:
    """Fen that a giver has moved in the `day` or `month` of a time, without what came back unaccepted."""
    return giver.usage.get(f"{period_key(period, at.timestamp())}/moved", 0)


def times(giver: Account, at: datetime) -> int:
    """How many transfers a giver has offered on the day of a time; those that came back count as well."""
    return giver.usage.get(_times_key(at), 0)


def count_offer(giver: Account, amount: int, at: datetime) -> None:
    """Counts an offer of `amount` fen."""
    use(giver.usage, _times_key(at), 1)
    _count(giver, amount, at)


def uncount(giver: Account, amount: int, at: datetime) -> None:
    """An offer that was made at `at` came back: its money may be moved again in the same periods."""
    _count(giver, -amount, at)


def _count(giver: Account, amount: int, at: datetime) -> None:
    for period in ("day", "month"):
        use(giver.usage, f"{period_key(period, at.timestamp())}/moved", amount)
    giver.changed = True


def _times_key(at: datetime) -> str:
    return f"{period_key('day', at.timestamp())}/offers"
