"""Personal accounts in memory, and the only way their money moves: one entry of double entry bookkeeping at a time.

Amounts are integer fen. A balance has two segments, current year (0) and historic (1). Source: 国办发〔2021〕14号 (personal
account); the rules of the ledger are in docs/architecture.md and in this service's README.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from shared.clock import BEIJING
from shared.contracts.account_credits import Segment

CURRENT, HISTORIC = 0, 1
SEGMENTS = (Segment.CURRENT, Segment.HISTORIC)
SEGMENT_OF = {s.value: n for n, s in enumerate(SEGMENTS)}
HELD = "held"
COUNTER = "counter"


class State(StrEnum):
    """Whether an account may pay."""

    OPEN = "open"
    FROZEN = "frozen"
    CLOSED = "closed"


class Overdrawn(Exception):
    """A movement would leave less than nothing. A fault of our own code: decisions look at the balance first."""


class Account:
    """One person's account as the batch sees it. `version` counts its entries; `usage` is the quota used of the sponsor's
    pot by period (`period_key`), shared by all beneficiaries; `turned_at` the time of the last year's turn. `moved`: money;
    `changed`: anything else."""

    __slots__ = (
        "admdvs", "changed", "current", "historic", "moved", "psn_no", "state", "turned_at", "usage", "version",
    )  # fmt: skip

    def __init__(
        self,
        psn_no: str,
        admdvs: str = "",
        current: int = 0,
        historic: int = 0,
        state: str = State.OPEN,
        version: int = 0,
        usage: Mapping[str, int] | None = None,
        turned_at: datetime | None = None,
    ) -> None:
        self.psn_no, self.admdvs, self.state, self.version = psn_no, admdvs, state, version
        self.turned_at = turned_at
        self.current, self.historic = current, historic
        self.usage = dict(usage) if usage else {}
        self.moved = self.changed = False

    @property
    def balance(self) -> int:
        """Both segments, fen."""
        return self.current + self.historic

    def of(self, segment: int) -> int:
        """The balance of one segment, fen."""
        return self.historic if segment else self.current


def split(account: Account, segments: frozenset[str], wanted: int) -> tuple[int, int]:
    """(current, historic) fen of what is wanted, as far as these segments have it: current before historic. Nothing of a sum below one."""
    if wanted <= 0:
        return 0, 0
    current = min(wanted, account.current) if Segment.CURRENT in segments else 0
    historic = min(wanted - current, account.historic) if Segment.HISTORIC in segments else 0
    return current, historic


class Entry(NamedTuple):
    """One line of the ledger. Lines of one `posting` (15 bytes) sum to zero. Counter lines have no balance and no version."""

    posting: bytes
    original: bytes | None
    account: str
    segment: str
    amount: int
    balance_after: int | None
    version: int | None
    kind: str
    at: datetime
    binding_id: UUID | None


def move(
    account: Account, segment: int, amount: int, posting: bytes, kind: str, at: datetime,
    binding_id: UUID | None = None, original: bytes | None = None,
) -> Entry:  # fmt: skip
    """Books `amount` fen (negative: paid out) on a segment and returns the entry. Raises `Overdrawn`."""
    left = (account.historic if segment else account.current) + amount
    if left < 0:
        raise Overdrawn
    if segment:
        account.historic = left
    else:
        account.current = left
    account.version += 1
    account.moved = True
    return Entry(
        posting,
        original,
        account.psn_no,
        SEGMENTS[segment].value,
        amount,
        left,
        account.version,
        kind,
        at,
        binding_id,
    )


def counter(
    owner: str,
    amount: int,
    posting: bytes,
    kind: str,
    at: datetime,
    original: bytes | None = None,
    name: str = COUNTER,
) -> Entry:
    """The other side of a posting: an institution or the authority, by Beijing month. Has no balance row."""
    return Entry(posting, original, f"{owner}/{month_of(at)}", name, amount, None, None, kind, at, None)


def held(psn_no: str, amount: int, posting: bytes, kind: str, at: datetime, original: bytes | None) -> Entry:
    """Money for a closed account or a holder who died: kept apart until staff decide; it never goes to another person."""
    return Entry(posting, original, held_name(psn_no), HELD, amount, None, None, kind, at, None)


def held_name(psn_no: str) -> str:
    """The name under which a person's money is held; it has no balance row."""
    return f"held/{psn_no}"


NEW_YEARS_DAY = "01-01"
_DAYS: dict[int, str] = {}
KEPT = 5
"""Periods of one kind that are remembered: an event may be three days old when it is counted."""


def month_of(at: datetime) -> str:
    """The Beijing month of a time, `2026-11`."""
    return _day(at.timestamp())[:7]


def new_year(year: int) -> datetime:
    """The first moment after a year, Beijing."""
    return datetime(year + 1, 1, 1, tzinfo=BEIJING)


def _day(second: float) -> str:
    hour = int(second) // 3600
    day = _DAYS.get(hour)
    if day is None:
        if len(_DAYS) > 10_000:
            _DAYS.clear()
        day = _DAYS[hour] = datetime.fromtimestamp(hour * 3600, BEIJING).date().isoformat()
    return day


def period_key(period: str, second: float, year_start: str = NEW_YEARS_DAY) -> str:
    """The key under which what is used at a time (seconds since 1970) is counted: `2026` (year), `2026-11` (month), `2026-11-23` (day),
    `i2026` (the insured year that began on 01-01 of 2026), `i2026-07-01` (on another day), `all` (lifetime); empty for a single settlement."""
    if period == "year":
        return _day(second)[:4]
    if period == "lifetime":
        return "all"
    if period == "settlement":
        return ""
    day = _day(second)
    if period == "insured-year":
        if year_start == NEW_YEARS_DAY:
            return f"i{day[:4]}"
        return f"i{int(day[:4]) - (day[5:] < year_start)}-{year_start}"
    return day if period == "day" else day[:7]


def use(usage: dict[str, int], key: str, amount: int) -> None:
    """Counts `amount` fen (negative: given back) as used in a period; never below zero. Of each kind of key (a period's length and begin, and
    what follows it) the newest five are kept; what is given back for a forgotten period changes nothing."""
    before = usage.get(key)
    if before is not None:
        usage[key] = max(0, before + amount)
    elif amount > 0:
        usage[key] = amount
        if len(usage) > KEPT:
            alike = sorted(k for k in usage if _kind(k) == _kind(key) and k != key)
            for old in alike[: max(0, len(alike) + 1 - KEPT)]:
                del usage[old]


def _kind(key: str) -> tuple[int, str, str]:
    period, _, restriction = key.partition("/")
    return len(period), period[5:] if period.startswith("i") else "", restriction
