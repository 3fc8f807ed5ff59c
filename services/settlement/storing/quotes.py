"""Reading and writing quotes, a batch at a time. All messages about a patient come through one partition, so nothing is locked."""

from collections.abc import Collection

from services.settlement.domain.quotes import Quote, Quotes, Visit
from shared.db import Conn, load_queries

Q = load_queries(__file__, "quotes.sql")


async def load(conn: Conn, visits: Collection[Visit], quotes: Quotes) -> None:
    """The last quotes of these visits."""
    if visits:
        rows = await conn.fetch(Q["quotes"], *map(list, zip(*visits, strict=True)))
        quotes.known = {found.visit: found for found in (Quote(*row) for row in rows)}


async def save(conn: Conn, quotes: Quotes) -> None:
    """Writes the new quotes; forgets those that a settle used, unless the visit was quoted again."""
    if used := sorted(quotes.used - quotes.new.keys()):
        await conn.execute(Q["delete_quotes"], *map(list, zip(*used, strict=True)))
    if quotes.new:
        rows = [quotes.new[visit] for visit in sorted(quotes.new)]
        await conn.execute(Q["upsert_quotes"], *map(list, zip(*rows, strict=True)))
