"""How the providers do, for people: a row each, and the one figure that is published. Statements are in `figures.sql`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asyncpg import Record

from shared.db import Conn, load_queries

Q = load_queries(__file__, "figures.sql")
PROMPT: Final = 10.0
"""Seconds within which a provider should have a notice."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Notices that were first due in the last day, and how many of them a provider had within `PROMPT` seconds.

    Due: when hours, caps and the message centre's own time allow it, so waiting for those does not count; our own and the
    providers' delays and failures do.
    """

    due: int
    within: int

    @property
    def share(self) -> float | None:
        """From 0 to 1; `None` if nothing was due."""
        return round(self.within / self.due, 4) if self.due else None


async def providers(conn: Conn, now: datetime) -> list[Record]:
    """Each provider with its share, its last minute and its last hour."""
    found: list[Record] = await conn.fetch(Q["providers"], now)
    return found


async def names(conn: Conn) -> list[str]:
    """All providers that are or were configured."""
    return [row[0] for row in await conn.fetch(Q["names"])]


async def prompt(conn: Conn, now: datetime) -> Prompt:
    """The published figure of the day before `now`."""
    row = await conn.fetchrow(Q["within"], now, PROMPT)
    assert row is not None
    return Prompt(row["due"], row["within"])
