"""Reads and writes the providers' shares. Statements are in `queries.sql`."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Record

from services.notify.domain.weights import Change, Seen, Share
from services.notify.providers.catalogue import Entry
from services.notify.providers.interface import Provider
from shared.db import Conn, load_queries

Q = load_queries(__file__)


async def configure(
    conn: Conn, providers: Sequence[Provider], entries: Sequence[Entry], now: datetime
) -> None:
    """Makes the configured providers known; a new one begins with the weight at which it rests."""
    resting = {one.name: one.weight for one in entries}
    rows = sorted((one.name, one.medium, resting[one.name]) for one in providers)
    if rows:
        await conn.execute(Q["configured"], *map(list, zip(*rows, strict=True)), now)


async def shares(conn: Conn, names: Sequence[str], *, lock: bool = False) -> list[Share]:
    """Shares of these providers, by name. `lock`: until the end of the transaction."""
    rows = await conn.fetch(Q["lock_shares" if lock else "shares"], list(names))
    return [_share(row) for row in rows]


async def seen_up(conn: Conn, names: Sequence[str], now: datetime) -> None:
    """Notes that the links of these providers stand, so that no other process takes its own outage for everybody's."""
    if names:
        await conn.execute(Q["seen_up"], list(names), now)


async def lately(conn: Conn, names: Sequence[str], now: datetime, *, slowness: bool) -> dict[str, Seen]:
    """What these providers did lately. `slowness`: also how much was late, which reads a quarter of an hour of attempts."""
    late = await conn.fetch(Q["slowness"], list(names), now) if slowness else []
    slow = {row["name"]: row["slow"] for row in late}
    rows = await conn.fetch(Q["failures"], list(names), now)
    return {row["name"]: Seen(row["attempts"], row["failures"], slow.get(row["name"], 0.0)) for row in rows}


async def move(conn: Conn, changes: Sequence[Change], now: datetime) -> None:
    """Stores shares that moved by themselves, and why."""
    if not changes:
        return
    moved = [(one.after.name, one.after.weight, one.after.fell_at) for one in changes]
    await conn.execute(Q["move_shares"], *map(list, zip(*moved, strict=True)), now)
    noted = [(one.after.name, one.before.weight, one.after.weight, one.why) for one in changes]
    await conn.execute(Q["note_changes"], *map(list, zip(*noted, strict=True)), None, now)


async def hold(
    conn: Conn, name: str, weight: int, *, held: bool, operator: str, why: str, now: datetime
) -> bool:
    """An operator's word: the share, and whether it stays there. False if there is no such provider."""
    known = await shares(conn, [name], lock=True)
    if not known:
        return False
    await conn.execute(Q["hold"], name, weight, held, now)
    await conn.execute(Q["note_changes"], [name], [known[0].weight], [weight], [why], operator, now)
    return True


async def history(conn: Conn, names: Sequence[str], limit: int) -> list[Record]:
    """The latest changes, newest first."""
    found: list[Record] = await conn.fetch(Q["history"], list(names), limit)
    return found


def _share(row: Record) -> Share:
    return Share(
        row["name"],
        row["weight"],
        row["resting"],
        row["held"],
        row["changed_at"],
        row["fell_at"],
        row["up_at"],
    )
