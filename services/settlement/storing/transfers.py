"""Reading and writing transfers and wallets, a batch at a time. Statements run only where a batch has to do with one."""

from typing import Any

from services.settlement.domain.accounts import Account
from services.settlement.domain.bindings import TRANSFER_MODE
from services.settlement.domain.book import Book
from services.settlement.domain.transfers import Transfer, Wallet
from services.settlement.rows import array, by_column
from services.settlement.storing.earmarks import add_purses
from services.settlement.wanted import Wanted
from shared.db import Conn, load_queries

Q = load_queries(__file__, "transfers.sql")


async def learn(conn: Conn, wanted: Wanted) -> None:
    """Adds whose accounts and bindings the transfers of the batch are about."""
    if wanted.transfers:
        for giver, receiver, binding_id in await conn.fetch(
            Q["transfers_concerned"], array(wanted.transfers)
        ):
            wanted.accounts.add(giver)
            wanted.persons.add(receiver)
            wanted.bindings.add(binding_id)


async def load(conn: Conn, wanted: Wanted, book: Book) -> None:
    """Reads what the batch asks about, what is on its way, and the wallets. To be called after the bindings were read."""
    givers = wanted.credited | wanted.givers
    if wanted.transfers or wanted.sponsors_of or givers:
        columns = array(wanted.transfers), array(wanted.sponsors_of), list(givers)
        for row in await conn.fetch(Q["transfers"], *columns):
            *facts, name, admdvs, current, historic, version = row
            found = Transfer(*facts)
            if name is not None:
                found.purse = _purse(book, Account(name, admdvs, current, historic, version=version))
            book.transfers.add(found)
    ids = {b.binding_id for b in book.bindings.values() if b.facts.mode == TRANSFER_MODE} | wanted.sponsors_of
    if ids or wanted.credited:
        for row in await conn.fetch(Q["wallets"], array(ids), list(wanted.credited)):
            binding_id, giver, open, name, admdvs, current, historic, version = row
            purse = _purse(book, Account(name, admdvs, current, historic, version=version))
            book.transfers.wallets[binding_id] = Wallet(binding_id, giver, open, purse)


async def save(conn: Conn, book: Book) -> None:
    """Writes what changed; new account rows first, so that their money can be written."""
    transfers = sorted((t for t in book.transfers.all.values() if t.changed), key=lambda t: t.transfer_id)
    wallets = sorted((w for w in book.transfers.wallets.values() if w.changed), key=lambda w: w.binding_id)
    if not transfers and not wallets:
        return
    purses = [t.purse for t in transfers if t.new] + [w.purse for w in wallets if w.new]
    await add_purses(conn, [p for p in purses if p is not None])
    if new := [t for t in transfers if t.new]:
        await conn.execute(Q["insert_transfers"], *by_column(map(_row, new)))
    if ended := [t for t in transfers if not t.new]:
        columns = by_column((t.transfer_id, t.state, t.ended_at) for t in ended)
        await conn.execute(Q["update_transfers"], *columns)
    if wallets:
        columns = by_column((w.binding_id, w.giver, w.open, w.purse.psn_no) for w in wallets)
        await conn.execute(Q["upsert_wallets"], *columns)


def _row(t: Transfer) -> tuple[Any, ...]:
    account = None if t.purse is None else t.purse.psn_no
    return (
        t.transfer_id, t.hash, t.binding_id, t.giver, t.receiver, t.amount, t.state, account, t.source, t.message, t.answer, t.at,
        t.until, t.ended_at,
    )  # fmt: skip


def _purse(book: Book, purse: Account) -> Account:
    book.accounts[purse.psn_no] = purse
    return purse
