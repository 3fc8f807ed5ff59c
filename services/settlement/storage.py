"""Reading and writing the ledger's tables, a batch at a time."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from pydantic_core import from_json, to_json

from services.settlement.domain.accounts import Account, Entry
from services.settlement.domain.bindings import Binding
from services.settlement.domain.book import Book, PaidLate, Stored, late_case
from services.settlement.domain.groups import Group
from services.settlement.domain.months import Move
from services.settlement.domain.people import Institution, Person, read_filings, read_insured, rows_text
from services.settlement.domain.undo import Settlement
from services.settlement.rows import array, by_column
from services.settlement.storing import earmarks, holds, premiums, quotes, transfers
from services.settlement.wanted import Wanted
from shared.db import Conn, load_queries

Q = load_queries(__file__)
ENTRY = [*Entry._fields]
GROUP = [*Group._fields]
REQUEST = [*Stored._fields]
SETTLEMENT = [
    "setl_id", "msgid", "infno", "fixmedins_code", "psn_no", "personal", "state", "number", "returned", "undone",
    "undone_by", "periods", "result", "at", "region", "held_at",
]  # fmt: skip
SETTLED = attrgetter(*SETTLEMENT)


async def learn(conn: Conn, wanted: Wanted) -> None:
    """Adds to `wanted` whose accounts and bindings are concerned. Nothing is locked yet, so only ids count."""
    if wanted.setl_ids or wanted.pairs:
        codes, msgids = zip(*wanted.pairs, strict=True) if wanted.pairs else ((), ())
        for setl_id, result in await conn.fetch(
            Q["holders"], list(wanted.setl_ids), list(codes), list(msgids)
        ):
            wanted.setl_ids.add(setl_id)
            for share in from_json(result)["shares"]:
                wanted.accounts.add(share["psn_no"])
                if share["binding_id"]:
                    id = UUID(share["binding_id"])
                    wanted.bindings.add(id)
                    wanted.recoveries.add(late_case(setl_id, id))
    await premiums.learn(conn, wanted)
    await earmarks.learn(conn, wanted)
    await transfers.learn(conn, wanted)
    if wanted.new_accounts:
        await conn.execute(Q["add_accounts"], sorted(wanted.new_accounts))
    wanted.accounts |= wanted.patients | wanted.new_accounts


class Locked(NamedTuple):
    """Rows of bindings and of accounts, as they were read with their locks."""

    bindings: Sequence[asyncpg.Record] = ()
    accounts: Sequence[asyncpg.Record] = ()


async def lock(conn: Conn, wanted: Wanted) -> Locked:
    """Locks settlements, then bindings, then accounts, each sorted. A statement that locks reads what it waited for, of its own rows:
    bindings that are locked name the sponsors whose accounts are concerned."""
    if wanted.setl_ids:
        await conn.execute(Q["lock_settlements"], sorted(wanted.setl_ids))
    await premiums.lock(conn, wanted)
    patients = wanted.patients
    locked = Locked()
    if patients or wanted.bindings:
        rows = await conn.fetch(Q["bindings"], array(wanted.bindings), list(patients))
        wanted.accounts.update(row[1] for row in rows if row[2] in patients)
        locked = Locked(rows)
    if wanted.accounts:
        locked = locked._replace(accounts=await conn.fetch(Q["accounts"], sorted(wanted.accounts)))
    wanted.persons |= wanted.accounts
    return locked


async def load(conn: Conn, wanted: Wanted, locked: Locked, book: Book) -> None:
    """Reads all other facts. To be called after `lock`, so that each statement sees what the locks waited for."""
    for psn_no, admdvs, current, historic, state, version, usage, turned in locked.accounts:
        book.accounts[psn_no] = Account(
            psn_no, admdvs, current, historic, state, version, _used(usage), turned
        )
    for id, sponsor, beneficiary, version, state, relation, text, usage in locked.bindings:
        book.bindings[id] = binding = Binding(
            id, sponsor, beneficiary, version, state, relation, text, _used(usage)
        )
        book.bound.setdefault(beneficiary, []).append(binding)
    await earmarks.load(conn, wanted, book)
    await transfers.load(conn, wanted, book)
    await premiums.load(conn, wanted, book)
    await _load_persons(conn, wanted, book)
    if wanted.institutions:
        rows = await conn.fetch(Q["institutions"], list(wanted.institutions))
        book.institutions = {row[0]: Institution(*row) for row in rows}
    await _load_requests(conn, wanted, book)
    await quotes.load(conn, wanted.visits, book.quotes)
    await holds.load(conn, wanted, book)
    if wanted.orders:
        book.orders = {row[0]: row[1] for row in await conn.fetch(Q["orders"], list(wanted.orders))}
    if wanted.ended:
        asked = [(id, row, since) for id, (names, since) in wanted.ended.items() for row in names]
        for binding_id, *late in await conn.fetch(Q["paid_since"], *by_column(asked)):
            book.paid.setdefault(binding_id, []).append(PaidLate(*late))


def stored_settlement(row: Iterable[Any]) -> Settlement:
    """A settlement of a row of the statement `settlements`, the last column of which is `held_at`."""
    *values, held_at = row
    made = Settlement(*values)
    made.held_at = held_at
    return made


async def _load_persons(conn: Conn, wanted: Wanted, book: Book) -> None:
    if wanted.persons:
        for psn_no, version, cert, alive, insured, died, filings in await conn.fetch(
            Q["persons"], sorted(wanted.persons)
        ):
            filed = read_filings(filings) if filings != "[]" else ()
            book.persons[psn_no] = Person(psn_no, version, cert, alive, read_insured(insured), died, filed)
    own = {p.cert for p in book.persons.values()}
    if strange := wanted.certs - own:
        book.holders.update((row[0], row[1]) for row in await conn.fetch(Q["persons_by_cert"], list(strange)))
    book.holders.update((p.cert, p.psn_no) for p in book.persons.values())


async def _load_requests(conn: Conn, wanted: Wanted, book: Book) -> None:
    if not wanted.msgids:
        return
    msgids = list(wanted.msgids)
    for row in await conn.fetch(Q["requests"], msgids):
        book.requests[row[0], row[1]] = Stored(*row)
    book.tombstones = {tuple(row) for row in await conn.fetch(Q["tombstones"], msgids)}
    if wanted.setl_ids:
        for row in await conn.fetch(Q["settlements"], list(wanted.setl_ids)):
            book.settlements[row[0]] = stored_settlement(row)


async def save(conn: Conn, book: Book) -> None:
    """Writes what changed."""
    await holds.save(conn, book)
    await _save_facts(conn, book)
    await earmarks.save(conn, book)
    await transfers.save(conn, book)
    await premiums.save(conn, book)
    await _save_money(conn, book)
    await quotes.save(conn, book.quotes)
    new = {s.setl_id for s in book.new_settlements}
    if rows := [s for s in book.settlements.values() if s.changed and s.setl_id not in new]:
        await conn.execute(
            Q["update_settlements"],
            *by_column((s.setl_id, s.state, s.number, s.returned, s.undone, s.undone_by) for s in rows),
        )
    if book.new_tombstones:
        await conn.execute(Q["insert_tombstones"], *by_column(book.new_tombstones))
    if book.new_orders:
        await conn.execute(Q["insert_orders"], *by_column(book.new_orders))
    if book.new_recoveries:
        await conn.execute(Q["insert_recoveries"], *by_column(book.new_recoveries))
    await holds.save_owed(conn, book)


async def _save_facts(conn: Conn, book: Book) -> None:
    if book.new_persons:
        people = sorted(book.new_persons.values(), key=lambda p: p.psn_no)
        await conn.execute(
            Q["upsert_persons"],
            *by_column(
                (p.psn_no, p.version, p.cert, p.alive, rows_text(p.insured), p.died, rows_text(p.filings))
                for p in people
            ),
        )
    if book.new_institutions:
        places = sorted(book.new_institutions.values(), key=lambda i: i.fixmedins_code)
        await conn.execute(Q["upsert_institutions"], *by_column(places))
        if book.recon.moves:
            await conn.copy_records_to_table(
                "institution_move", records=book.recon.moves, columns=[*Move._fields]
            )
    if book.followed:
        found = [book.bindings[i] for i in sorted(book.followed)]
        await conn.execute(
            Q["upsert_bindings"],
            *by_column(
                (
                    b.binding_id,
                    b.sponsor,
                    b.beneficiary,
                    b.version,
                    b.state,
                    b.relation,
                    b.text,
                    _usage(b.usage),
                )
                for b in found
            ),
        )


async def _save_money(conn: Conn, book: Book) -> None:
    if accounts := book.moved_accounts():
        await conn.execute(
            Q["update_money"],
            [a.psn_no for a in accounts],
            array([a.current for a in accounts]),
            array([a.historic for a in accounts]),
            array([a.version for a in accounts]),
        )
    if accounts := book.changed_accounts():
        await conn.execute(
            Q["update_accounts"],
            [a.psn_no for a in accounts],
            [a.admdvs for a in accounts],
            [a.state for a in accounts],
            [_usage(a.usage) for a in accounts],
            [a.turned_at for a in accounts],
        )
    if bindings := book.changed_bindings():
        await conn.execute(
            Q["update_usage"], array([b.binding_id for b in bindings]), [_usage(b.usage) for b in bindings]
        )
    if book.new_entries:
        await conn.copy_records_to_table("entry", records=book.new_entries, columns=ENTRY)
    if book.new_settlements:
        rows = [(*SETTLED(s), *s.group) for s in book.new_settlements]
        await conn.copy_records_to_table("settlement", records=rows, columns=SETTLEMENT + GROUP)
    if book.new_requests:
        await conn.copy_records_to_table("request", records=book.new_requests, columns=REQUEST)


def _usage(usage: dict[str, int]) -> str:
    return to_json(usage).decode() if usage else "{}"


def _used(text: str) -> dict[str, int] | None:
    return None if text == "{}" else from_json(text)
