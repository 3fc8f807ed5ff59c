"""What a batch knows and adds about reconciliation and the close of months. In memory only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from services.settlement.domain.accounts import month_of
from services.settlement.domain.groups import Group
from services.settlement.domain.months import Late, Months, Move

if TYPE_CHECKING:
    from services.settlement.domain.book import Owed
    from services.settlement.domain.taken_back import TakenBack

Json = dict[str, Any]


class Row(NamedTuple):
    """One line of an institution's list; `setl_id` where it can be one of ours."""

    fixmedins_code: str
    statement: str
    msgid: str
    setl_id: bytes | None
    shown: str
    medfee: int
    acct: int
    mulaid: int
    back: bool


@dataclass(slots=True)
class Statement:
    """One message of an institution. `list` is what the parts of a list have in common; `figures` are those of totals, fen."""

    msgid: str
    fixmedins_code: str
    kind: str
    hash: bytes
    group: Group
    begins: date
    ends: date
    list: str
    part: int
    parts: int
    figures: dict[str, int]
    at: datetime
    answer: bytes | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.fixmedins_code, self.msgid

    @property
    def month(self) -> str:
        """The month in which it lies."""
        return self.begins.isoformat()[:7]


class Found(NamedTuple):
    """One difference between a statement and the ledger. `ours` and `theirs` are figures by their national names, fen."""

    scope: str
    kind: str
    msgid: str | None
    setl_id: str | None
    ours: Json | None
    theirs: Json | None


@dataclass(slots=True)
class Break:
    """A difference as a case. `closed_by` is an operator, or `statement` where a later one agreed."""

    case_id: str
    fixmedins_code: str
    admdvs: str
    group: Group
    begins: date
    ends: date
    month: str
    scope: str
    kind: str
    msgid: str | None
    setl_id: str | None
    ours: Json | None
    theirs: Json | None
    state: str
    deadline: datetime
    found_at: datetime
    closed_at: datetime | None = None
    closed_by: str | None = None
    resolution: str | None = None
    changed: bool = False


class Compared(NamedTuple):
    """What the database found for a statement: parts that have not come, differences, and what was booked in its month."""

    statement: Statement
    missing: tuple[int, ...] = ()
    found: tuple[Found, ...] = ()
    lines: tuple[tuple[str, int, int], ...] = ()
    asked: str | None = None


class Held(NamedTuple):
    """Money of a closed account: the posting that set it aside, and what is left of it."""

    posting: bytes
    psn_no: str
    open: int


@dataclass(slots=True)
class Recoverable:
    """Money to be recovered; `reference` is the settlement for what was paid after an end. `owed` is the batch's one record of it:
    what a verdict settles and what a refund takes off are sums of the same."""

    kind: str
    psn_no: str
    owed: Owed
    reference: str
    binding_id: str | None

    @property
    def amount(self) -> int:
        """All that is to be recovered, fen."""
        return self.owed.amount

    @property
    def settled(self) -> int:
        """What of it was, fen."""
        return self.owed.settled


@dataclass(slots=True)
class Case:
    """A case that a verdict is about: a break, held money or a recovery."""

    what: str
    admdvs: str
    psn_no: str | None
    about: Break | Held | Recoverable


class Verdict(NamedTuple):
    """What an operator decided, as it is kept."""

    case_id: str
    kind: str
    operator_id: str
    resolution: str | None
    amount: int | None
    note: str | None
    at: datetime


class Closing(NamedTuple):
    """A month of a region that is closed: region, month, time, operator."""

    admdvs: str
    month: str
    at: datetime
    operator_id: str


@dataclass(slots=True)
class Reconciled:
    """`regions`: the last closed month by region, where none is closed `first` is the month in which something was booked first;
    `open_breaks` by (region, month) that is to be closed, as they were before this batch."""

    months: Months = field(default_factory=Months)
    regions: dict[str, str] = field(default_factory=dict)
    first: dict[str, str | None] = field(default_factory=dict)
    open_breaks: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    statements: dict[tuple[str, str], Statement] = field(default_factory=dict)
    compared: dict[tuple[str, str], Compared] = field(default_factory=dict)
    breaks: dict[str, Break] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    taken_back: list[TakenBack] = field(default_factory=list)
    new_statements: list[Statement] = field(default_factory=list)
    new_rows: list[Row] = field(default_factory=list)
    answered: list[Statement] = field(default_factory=list)
    asked: dict[tuple[str, str, Group], tuple[str, str, datetime]] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    clearings: list[tuple[str, str, datetime]] = field(default_factory=list)

    def placed(self, code: str, old: str | None, new: str, at: datetime) -> None:
        """An institution is in a pooling region from now on; `old`: the one before, `None` for an institution that was not known."""
        closed = self.regions.get(new)
        if old is None:
            if closed is not None:
                self.months.closed[code] = closed
        elif old != new and (move := self.months.relocate(code, old, new, month_of(at), closed)) is not None:
            self.moves.append(move)
