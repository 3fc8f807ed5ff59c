"""What the desk reads of notices: which ones, one of them with all that was tried, and whom it is for once that is on the record.

Statements are in `desk.sql`. Who asks runs `listed`, `counts` and `show` in a read-only transaction: they give no number of a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record
from pydantic_core import from_json

from services.notify import storage
from services.notify.domain.contact import Person
from services.notify.domain.course import State
from services.notify.domain.texts import Content
from services.notify.sealing import Seal, content_row
from shared.db import Conn, load_queries

Q = load_queries(__file__, "desk.sql")
TO_LOOK_AT: Final = (State.HANDED.value, State.UNKNOWN.value, State.PENDING.value)
"""States that a listing shows unless told otherwise: for the staff, and not known to have arrived."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which notices a listing shows. `region`: first digits; `about`: a binding or settlement; `since`: made since then.

    `left`: of those for the staff only the ones that nobody has seen to.
    """

    states: Sequence[str] = TO_LOOK_AT
    region: str = ""
    about: str = ""
    medium: str = ""
    since: datetime | None = None
    left: bool = True
    rows: int = 50

    @property
    def values(self) -> tuple[object, ...]:
        """What the statements take, but for the number of rows."""
        return list(self.states), self.region, self.about, self.medium, self.since, self.left


@dataclass(frozen=True, slots=True)
class Shown:
    """One notice: its row, every attempt, the receipts of its parts, and who saw whom it is for."""

    row: Record
    attempts: Sequence[Record]
    receipts: Sequence[Record]
    views: Sequence[Record]


async def listed(conn: Conn, wanted: Wanted) -> list[Record]:
    """Notices, oldest decision first; persons by the first digits of the hash that is in the notice's key."""
    found: list[Record] = await conn.fetch(Q["listed"], *wanted.values, wanted.rows)
    return found


async def counts(conn: Conn, wanted: Wanted) -> list[Record]:
    """How many, by region, state and kind."""
    found: list[Record] = await conn.fetch(Q["counts"], *wanted.values)
    return found


async def show(conn: Conn, notice_id: UUID) -> Shown | None:
    """One notice; `None` if there is none."""
    row = await conn.fetchrow(Q["one"], notice_id)
    if row is None:
        return None
    attempts, receipts, views = [await conn.fetch(Q[name], notice_id) for name in ("attempts", "receipts", "views")]  # fmt: skip
    return Shown(row, attempts, receipts, views)


async def person(conn: Conn, shown: Shown, seal: Seal) -> Person | None:
    """Whom a notice is for, as far as the registry told; call it only after the view is on the record (`desk_acts.view`).

    Raises `KeyMissing`.
    """
    found = await storage.persons(conn, [shown.row["psn_no"]], seal)
    return found.get(shown.row["psn_no"])


def content_of(row: Record, seal: Seal) -> Content | None:
    """The words of a notice; `None` once they have been taken out. Raises `KeyMissing` and `Damaged`."""
    if row["content"] is None:
        return None
    return Content(**from_json(seal.open(row["content"], content_row(row["id"]))))
