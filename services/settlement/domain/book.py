"""The working set of one batch: facts that were read under locks, and what the decisions added to them. In memory only."""

from bisect import insort
from collections.abc import Callable
from datetime import datetime, time
from typing import NamedTuple
from uuid import UUID

from services.settlement.domain.accounts import Account, Entry, State
from services.settlement.domain.bindings import Binding
from services.settlement.domain.earmarks import Earmarks
from services.settlement.domain.months import booked
from services.settlement.domain.people import Institution, Person
from services.settlement.domain.premiums import Premiums
from services.settlement.domain.quotes import Quotes
from services.settlement.domain.reconciled import Reconciled
from services.settlement.domain.transfers import Transfers
from services.settlement.domain.undo import Settlement
from shared.clock import BEIJING
from shared.policies import Policies, RegionPolicy

PAID_LATE, PREMIUM_LATE = "paid-after-end", "premium-after-end"
"""Kinds of recoveries: what a binding paid after its end, of a bill (`reference`: its settlement) or as a premium (its `premium_id`)."""
DAY = 86_400
EIGHT_HOURS = 28_800


class Stored(NamedTuple):
    """A request that has its answer. `amount` is what it gave back, fen."""

    fixmedins_code: str
    msgid: str
    hash: bytes
    kind: str
    infno: str
    psn_no: str
    setl_id: bytes | None
    amount: int
    answer: bytes
    at: datetime


class Recovery(NamedTuple):
    """Money to be recovered: a correction below zero, or what was paid after an end that became known late. Fen."""

    case_id: str
    kind: str
    psn_no: str
    amount: int
    reference: str
    binding_id: UUID | None
    at: datetime


def late_case(paid: bytes, binding_id: UUID) -> str:
    """The case of what a binding paid after its end of a settlement, or of a premium, by its id."""
    return f"late-{paid.hex()}-{binding_id.hex}"


class Owed:
    """A recovery that stands in the ledger: fen to be recovered, and how much of it was."""

    __slots__ = ("amount", "changed", "settled")

    def __init__(self, amount: int, settled: int) -> None:
        self.amount, self.settled, self.changed = amount, settled, False


class PaidLate(NamedTuple):
    """What a binding paid, as the ledger has it: posting, fen, when it was spent (by a hold: when that was set apart), which premium."""

    posting: bytes
    amount: int
    at: datetime
    premium_id: UUID | None = None


class Regions:
    """Policy by region and Beijing day, with one dictionary look-up; and who may bill for an institution."""

    def __init__(self, policies: Policies, may_bill: Callable[[str, str], bool]) -> None:
        self._policies, self.may_bill = policies, may_bill
        self._cache: dict[tuple[str, int], RegionPolicy] = {}

    def at(self, region: str, moment: datetime) -> RegionPolicy:
        """The policy of a region at an aware time."""
        key = (region, (int(moment.timestamp()) + EIGHT_HOURS) // DAY)
        found = self._cache.get(key)
        if found is None:
            if len(self._cache) > 10_000:
                self._cache.clear()
            found = self._cache[key] = self._policies.on(region, moment.astimezone(BEIJING).date())
        return found

    def mode_turns(self, region: str, moment: datetime, mode: str) -> datetime | None:
        """When bills of a region begin or cease to be settled in a mode, after a time; `None` if never."""
        today = moment.astimezone(BEIJING).date()
        now = mode in self._policies.on(region, today).spending.modes
        for day in self._policies.starts(region):
            if day > today and (mode in self._policies.on(region, day).spending.modes) is not now:
                return datetime.combine(day, time(), BEIJING)
        return None


def _by_id(binding: Binding) -> bytes:
    return binding.binding_id.bytes


class Book:
    """Everything a batch knows. Dictionaries are by the natural key; lists are rows to be added.

    `new_rows`: account rows of what is held that have to be made; `new_money`: what the authority credited to current money, by account,
    where a year's turn asks, and `new_apart` what of current money went from there to stand apart (below zero: back); `read_to`: every decision on bindings that was published before is known (ISO time).
    """

    def __init__(self, regions: Regions) -> None:
        self.regions = regions
        self.persons: dict[str, Person] = {}
        self.holders: dict[bytes, str] = {}
        self.institutions: dict[str, Institution] = {}
        self.accounts: dict[str, Account] = {}
        self.new_rows: list[Account] = []
        self.new_money: dict[str, list[tuple[datetime, int]]] = {}
        self.new_apart: dict[str, list[tuple[datetime, int]]] = {}
        self.read_to: str | None = None
        self.bindings: dict[UUID, Binding] = {}
        self.bound: dict[str, list[Binding]] = {}
        self.requests: dict[tuple[str, str], Stored] = {}
        self.tombstones: set[tuple[str, str, str, str]] = set()
        self.settlements: dict[bytes, Settlement] = {}
        self.orders: dict[str, bytes] = {}
        self.paid: dict[UUID, list[PaidLate]] = {}
        self.erased_persons: set[str] = set()
        self.recoveries: dict[str, Owed] = {}
        self.new_persons: dict[str, Person] = {}
        self.new_institutions: dict[str, Institution] = {}
        self.new_requests: list[Stored] = []
        self.new_settlements: list[Settlement] = []
        self.new_tombstones: list[tuple[str, str, str, str]] = []
        self.new_entries: list[Entry] = []
        self.new_orders: list[tuple[str, bytes]] = []
        self.new_recoveries: list[Recovery] = []
        self.followed: set[UUID] = set()
        self.quotes = Quotes()
        self.earmarks = Earmarks()
        self.transfers = Transfers()
        self.premiums = Premiums()
        self.recon = Reconciled()

    def account(self, psn_no: str) -> Account:
        """The account of a person, made if there is none yet."""
        found = self.accounts.get(psn_no)
        if found is None:
            found = self.accounts[psn_no] = Account(psn_no)
        return found

    def seen(self, psn_no: str) -> Account | None:
        """The account of a person; `None` while the authority has said nothing of it, though a row may have been made for its lock."""
        found = self.accounts.get(psn_no)
        if found is None or found.version or found.admdvs or found.state != State.OPEN:
            return found
        return None

    def book_counter(
        self, code: str, amount: int, posting: bytes, kind: str, at: datetime, original: bytes | None = None
    ) -> None:
        """The other side of a posting of an institution: its counter line, never in a month that is closed."""
        line, late = booked(self.recon.months, code, amount, posting, kind, at, original)
        self.new_entries.append(line)
        if late is not None:
            self.recon.late.append(late)

    def answered(self, row: Stored) -> None:
        """Keeps the one answer of a request."""
        self.requests[row.fixmedins_code, row.msgid] = row
        self.new_requests.append(row)

    def moved_accounts(self) -> list[Account]:
        return [a for a in self.accounts.values() if a.moved]

    def changed_accounts(self) -> list[Account]:
        return [a for a in self.accounts.values() if a.changed]

    def changed_bindings(self) -> list[Binding]:
        """Bindings whose usage changed, without those that are written whole."""
        return [b for b in self.bindings.values() if b.changed and b.binding_id not in self.followed]

    def add_binding(self, binding: Binding) -> None:
        """A new or replaced binding; those of a patient stay in the order of their ids, as they are read."""
        old = self.bindings.get(binding.binding_id)
        rows = self.bound.setdefault(binding.beneficiary, [])
        if old is not None and old in rows:
            rows.remove(old)
        insort(rows, binding, key=_by_id)
        self.bindings[binding.binding_id] = binding
        self.followed.add(binding.binding_id)
