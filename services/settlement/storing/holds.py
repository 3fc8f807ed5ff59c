"""Reading and writing what is held of accounts, year's turns and recoveries, a batch at a time. Statements run only where a batch has one."""

from services.settlement.domain.accounts import Account, new_year
from services.settlement.domain.book import Book, Owed
from services.settlement.domain.holds import hold_name, read_hold
from services.settlement.wanted import Wanted
from shared.db import Conn, load_queries

Q = load_queries(__file__, "holds.sql")


async def load(conn: Conn, wanted: Wanted, book: Book) -> None:
    """To be called last: the holders' accounts are locked, bindings and quotes are read."""
    names = {s.row for q in book.quotes.known.values() if q.hold for s in read_hold(q.hold).shares}
    if wanted.holding:
        names.update(map(hold_name, [*book.accounts]))  # with earmarks and wallets
    if names:
        for psn_no, admdvs, current, historic, version in await conn.fetch(Q["rows"], list(names)):
            book.accounts[psn_no] = Account(psn_no, admdvs, current, historic, version=version)
    if wanted.turned:
        book.new_money = {psn_no: [] for psn_no in wanted.turned}
        book.new_apart = {psn_no: [] for psn_no in wanted.turned}
        columns = list(wanted.turned), [new_year(year) for year in wanted.turned.values()]
        for psn_no, at, amount, apart in await conn.fetch(Q["new_money"], *columns):
            (book.new_apart if apart else book.new_money)[psn_no].append((at, -amount if apart else amount))
    if wanted.recoveries:
        rows = await conn.fetch(Q["lock_owed"], sorted(wanted.recoveries))
        book.recoveries = {row[0]: Owed(row[1], row[2]) for row in rows}
    if wanted.spending:
        book.read_to = await conn.fetchval(Q["read_to"])


async def save(conn: Conn, book: Book) -> None:
    """Makes rows before their money is written; erases persons."""
    if book.new_rows:
        rows = sorted(book.new_rows, key=lambda a: a.psn_no)
        await conn.execute(Q["add_rows"], [a.psn_no for a in rows], [a.admdvs for a in rows])
    if book.erased_persons:
        await conn.execute(Q["erase_persons"], sorted(book.erased_persons))


async def save_owed(conn: Conn, book: Book) -> None:
    """Writes how much of recoveries was settled; after new ones were written."""
    if changed := sorted((id, owed.settled) for id, owed in book.recoveries.items() if owed.changed):
        await conn.execute(Q["save_owed"], [c[0] for c in changed], [c[1] for c in changed])
