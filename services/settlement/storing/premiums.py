"""Reading and writing premiums, a batch at a time. Statements run only where a batch has one."""

from uuid import UUID

from pydantic_core import from_json

from services.settlement.domain.book import Book, late_case
from services.settlement.domain.premiums import Premium
from services.settlement.rows import array
from services.settlement.wanted import Wanted
from shared.db import Conn, load_queries

Q = load_queries(__file__, "premiums.sql")
COLUMNS = (
    "premium_id", "hash", "payer", "psn_no", "kind", "insutype", "year", "amount", "state", "posting", "periods", "shares",
    "answer", "at", "ended_at",
)  # fmt: skip


async def learn(conn: Conn, wanted: Wanted) -> None:
    """Adds the accounts and bindings that paid the premiums of the batch, and what of it may have to be recovered."""
    if not wanted.premiums:
        return
    for premium_id, shares in await conn.fetch(Q["premiums_concerned"], array(wanted.premiums)):
        for share in from_json(shares):
            wanted.accounts.add(share["psn_no"])
            if share["binding_id"]:
                id = UUID(share["binding_id"])
                wanted.bindings.add(id)
                wanted.recoveries.add(late_case(premium_id.bytes, id))


async def lock(conn: Conn, wanted: Wanted) -> None:
    """Locks the premiums, sorted; before bindings and accounts."""
    if wanted.premiums:
        await conn.execute(Q["lock_premiums"], array(wanted.premiums))


async def load(conn: Conn, wanted: Wanted, book: Book) -> None:
    """Reads the premiums and what has been paid for the same persons."""
    if not wanted.premiums:
        return
    for row in await conn.fetch(Q["premiums"], array(wanted.premiums)):
        book.premiums.all[row[0]] = Premium(*row)
    if wanted.premium_of:
        rows = await conn.fetch(Q["premiums_paid"], list(wanted.premium_of))
        book.premiums.paid.update((row[0], row[1], row[2]) for row in rows)


async def save(conn: Conn, book: Book) -> None:
    """Writes what ended and what is new, in this order: a premium may be paid again in the batch that cancels it."""
    new = book.premiums.new
    ids = {p.premium_id for p in new}
    if ended := [p for p in book.premiums.all.values() if p.changed and p.premium_id not in ids]:
        columns = zip(*((p.premium_id, p.state, p.ended_at) for p in ended), strict=True)
        await conn.execute(Q["update_premiums"], *map(list, columns))
    if new:
        rows = [[getattr(p, name) for name in COLUMNS] for p in new]
        await conn.execute(Q["insert_premiums"], *map(list, zip(*rows, strict=True)))
