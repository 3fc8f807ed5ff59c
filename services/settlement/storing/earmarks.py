"""Reading and writing earmarks, a batch at a time. Statements run only where a batch has to do with one."""

from collections.abc import Sequence

from services.settlement.domain.accounts import Account
from services.settlement.domain.bindings import EARMARK_MODE
from services.settlement.domain.book import Book
from services.settlement.domain.earmarks import Earmark
from services.settlement.rows import array, by_column
from services.settlement.wanted import Wanted
from shared.db import Conn, load_queries

Q = load_queries(__file__, "earmarks.sql")


async def learn(conn: Conn, wanted: Wanted) -> None:
    """Adds the bindings of accounts that come under another region, and the accounts of sponsors of whom only the binding is known."""
    if wanted.places:
        rows = await conn.fetch(Q["moving"], *by_column(sorted(wanted.places)))
        wanted.sponsors_of.update(row[0] for row in rows)
    if wanted.sponsors_of:
        rows = await conn.fetch(Q["sponsors"], array(wanted.sponsors_of))
        wanted.accounts.update(row[0] for row in rows)
        wanted.bindings |= wanted.sponsors_of


async def load(conn: Conn, wanted: Wanted, book: Book) -> None:
    """Reads the earmarks of loaded bindings and of accounts that get money. To be called after the bindings were read."""
    ids = {b.binding_id for b in book.bindings.values() if b.facts.mode == EARMARK_MODE} | wanted.sponsors_of
    if not ids and not wanted.credited:
        return
    for row in await conn.fetch(Q["earmarks"], array(ids), list(wanted.credited)):
        binding_id, sponsor, amount, missing, place, opened_at, name, admdvs, current, historic, version = row
        purse = Account(name, admdvs, current, historic, version=version)
        book.accounts[name] = purse
        book.earmarks.add(Earmark(binding_id, sponsor, amount, missing, place, opened_at, purse))


async def save(conn: Conn, book: Book) -> None:
    """Writes what changed; new account rows first, so that their money can be written."""
    marks = [m for m in book.earmarks.all.values() if m.changed]
    if not marks:
        return
    await add_purses(conn, [m.purse for m in marks if m.new])
    columns = zip(
        *(
            (m.binding_id, m.sponsor, m.purse.psn_no, m.amount, m.missing, m.place, m.opened_at)
            for m in sorted(marks, key=lambda m: m.binding_id)
        ),
        strict=True,
    )
    await conn.execute(Q["upsert_earmarks"], *map(list, columns))


async def add_purses(conn: Conn, purses: Sequence[Account]) -> None:
    """Makes account rows of money that stands apart."""
    if purses:
        await conn.execute(Q["add_purses"], [p.psn_no for p in purses], [p.admdvs for p in purses])
