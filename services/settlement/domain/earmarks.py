"""Earmarks (共济额度): an amount of a sponsor's account that is set apart for one beneficiary. Pure.

The money stands in an account row of its own, `earmark/<binding_id>`, so neither the sponsor nor anybody else spends it. The row of the
sponsor's account guards the rows of its earmarks: whoever moves their money holds its lock.
Source: notice of 2026-01-09 on sharing across provinces: within the quota the giver cannot use that part, the rest returns at the end.
"""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from services.settlement.domain.accounts import Account, split
from services.settlement.domain.bindings import EARMARK_MODE, FINAL, FOREVER, Binding
from shared.clock import BEIJING
from shared.policies.values import Spending

PREFIX = "earmark/"


class Place(StrEnum):
    """Whether money is set apart."""

    OPEN = "open"  # set apart and filled up
    RESTING = "resting"  # given back, the binding may become effective again
    ENDED = "ended"  # given back for good


class Earmark:
    """One earmark. `amount` is what the sponsor wants set apart, `missing` what of it never was (fen); `purse` is the account row.

    `changed`: anything but the purse's money; `new`: not stored yet.
    """

    __slots__ = (
        "amount",
        "binding_id",
        "changed",
        "missing",
        "new",
        "opened_at",
        "place",
        "purse",
        "sponsor",
    )

    def __init__(
        self, binding_id: UUID, sponsor: str, amount: int, missing: int, place: str, opened_at: datetime, purse: Account,
        *, new: bool = False,
    ) -> None:  # fmt: skip
        self.binding_id, self.sponsor = binding_id, sponsor
        self.amount, self.missing, self.place, self.opened_at = amount, missing, place, opened_at
        self.purse, self.new, self.changed = purse, new, new

    @property
    def age(self) -> tuple[datetime, bytes]:
        """Oldest first; a tie goes by the binding's id."""
        return (self.opened_at, self.binding_id.bytes)

    def wants(self, spending: Spending) -> int:
        """How much is to be set apart now, fen; where the region refills, what was spent as well."""
        return max(0, self.amount - self.purse.balance) if spending.earmark_refills else self.missing

    def surplus(self, less: int, spending: Spending) -> int:
        """What goes back, fen, when the amount has become `less` fen lower than what was set apart or spent so far."""
        balance = self.purse.balance
        return max(0, balance - self.amount) if spending.earmark_refills else min(balance, less)


class Earmarks:
    """The earmarks that a batch knows, by binding and by sponsor."""

    def __init__(self) -> None:
        self.all: dict[UUID, Earmark] = {}
        self.of: dict[str, list[Earmark]] = {}

    def add(self, mark: Earmark) -> None:
        self.all[mark.binding_id] = mark
        self.of.setdefault(mark.sponsor, []).append(mark)

    def rank(self, binding_id: UUID) -> tuple[float, bytes]:
        """A sort key of bindings: the oldest earmark first, bindings without one last."""
        mark = self.all.get(binding_id)
        return FOREVER if mark is None else mark.opened_at.timestamp(), binding_id.bytes

    def open_of(self, sponsor: str) -> list[Earmark]:
        """What is set apart of an account, oldest first."""
        return sorted((m for m in self.of.get(sponsor, ()) if m.place == Place.OPEN), key=lambda m: m.age)


def purse_name(binding_id: UUID) -> str:
    """The name of the account row."""
    return f"{PREFIX}{binding_id}"


def free(account: Account, spending: Spending, wanted: int) -> tuple[int, int]:
    """(current, historic) fen that can be set apart now: what the region lets others use, above the floor; current before historic."""
    return split(account, spending.sponsor_segments, min(wanted, account.balance - spending.floor))


def back(purse: Account, amount: int) -> tuple[int, int]:
    """(current, historic) fen to give back of a purse, what would be spent last first."""
    historic = min(amount, purse.historic)
    return min(amount - historic, purse.current), historic


def amount_at(binding: Binding, second: float) -> int:
    """What the sponsor wants set apart at a time (seconds since 1970), fen; 0 in another mode."""
    terms = binding.facts.terms_at(second)
    return (terms.earmark or 0) if terms is not None and binding.facts.mode == EARMARK_MODE else 0


def over(binding: Binding) -> bool:
    """Whether the binding is known as ended."""
    return binding.state in FINAL


def stands(binding: Binding, second: float) -> bool:
    """Whether money is set apart for the binding at a time: begun, not ended. A suspended one keeps what it has."""
    if over(binding):
        return False
    terms = binding.facts.terms_at(second)
    if terms is None or not any(begin <= second < end for begin, end in binding.facts.effective):
        return False
    begin, end = _edges(terms.begndate, terms.enddate)
    return begin <= second < end


def next_edge(binding: Binding, second: float) -> float | None:
    """The next time at which `stands` or `amount_at` may say something else; `None` if never."""
    if over(binding):
        return None
    edges = [edge for period in binding.facts.effective for edge in period]
    for terms in binding.facts.terms:
        edges += (terms.since, *_edges(terms.begndate, terms.enddate))
    return min((e for e in edges if second < e < FOREVER), default=None)


def _edges(first: date | None, last: date | None) -> tuple[float, float]:
    begin = datetime.combine(first, time(), BEIJING).timestamp() if first else 0.0
    end = datetime.combine(last + timedelta(days=1), time(), BEIJING).timestamp() if last else FOREVER
    return begin, end
