"""Reading and writing what reconciliation needs. Statements are few and each stands for thousands of bills: one query compares one of them."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from services.settlement import storage
from services.settlement.domain.book import PAID_LATE, PREMIUM_LATE, Book, Owed
from services.settlement.domain.comparing import DETAIL, SUMS, TOTALS, totals_found
from services.settlement.domain.groups import Group
from services.settlement.domain.months import FOR_GOOD, Late, Span
from services.settlement.domain.reconciled import (
    Break,
    Case,
    Compared,
    Found,
    Held,
    Json,
    Recoverable,
    Row,
    Statement,
    Verdict,
)
from services.settlement.domain.taken_back import TakenBack
from services.settlement.reconciling.sought import Sought
from services.settlement.rows import by_column
from services.settlement.wanted import Wanted
from shared.clock import BEIJING
from shared.db import Conn, load_queries
from shared.policies.values import pooling_region

Q = load_queries(__file__, "reconciling.sql")
STATEMENT = [
    "msgid", "fixmedins_code", "kind", "hash", "insutype", "clr_type", "setl_optins", "begins", "ends", "list", "part", "parts",
    "figures", "at", "answer",
]  # fmt: skip


async def learn(conn: Conn, wanted: Wanted, sought: Sought) -> None:
    """Takes the months, alone for a close, and adds to `wanted` whose accounts cases are about. Before `storage.learn`."""
    wanted.institutions.update(code for code, _ in sought.statements)
    if sought.closing:
        await conn.execute(Q["hold_months_alone"])
    elif wanted.institutions:
        await conn.execute(Q["hold_months"])
    if sought.cases:
        for row in await conn.fetch(Q["cases"], sorted(sought.cases)):
            if row["what"] == "held":
                wanted.accounts.add(row["psn_no"])
            elif row["kind"] == PAID_LATE:
                wanted.setl_ids.add(bytes.fromhex(row["reference"]))
            elif row["kind"] == PREMIUM_LATE:
                wanted.premiums.add(UUID(row["reference"]))


async def lock(conn: Conn, sought: Sought) -> None:
    """Locks cases, after settlements, bindings and accounts."""
    if sought.cases:
        await conn.execute(Q["lock_recoveries"], sorted(sought.cases))
        await conn.execute(Q["lock_breaks"], sorted(sought.cases))


async def load(conn: Conn, wanted: Wanted, sought: Sought, book: Book) -> None:
    """Reads what is known of closed months, statements and cases, and compares the statements whose time has come."""
    recon = book.recon
    if wanted.institutions:
        await _load_months(conn, wanted, book)
    if regions := sought.places | {admdvs for admdvs, _ in sought.closing}:
        rows = await conn.fetch(Q["closed_regions"], sorted(regions))
        recon.regions = {row[0]: row[1] for row in rows}
    if sought.statements:
        codes, msgids = zip(*sought.statements, strict=True)
        for row in await conn.fetch(Q["statements"], list(codes), list(msgids)):
            made = _statement(row)
            recon.statements[made.key] = made
    for key in sought.due:
        if (statement := recon.statements.get(key)) is not None and statement.answer is None:
            recon.compared[key] = await _compared(conn, book, statement)
        elif statement is not None:
            recon.compared[key] = Compared(statement)
    if sought.closing:
        await _load_closing(conn, sought, book)
    if sought.cases:
        await _load_cases(conn, sought, book)


async def _load_months(conn: Conn, wanted: Wanted, book: Book) -> None:
    months, moved = book.recon.months, dict[str, list[Span]]()
    for code, until, admdvs, closed in await conn.fetch(Q["months"], list(wanted.institutions)):
        if until is None:
            months.closed[code] = closed
        else:
            moved.setdefault(code, []).append(Span(until, admdvs, closed))
    for code, spans in moved.items():
        here = pooling_region(book.institutions[code].admdvs)
        months.learn(code, [*sorted(spans), Span(FOR_GOOD, here, months.closed.pop(code, None))])


async def _compared(conn: Conn, book: Book, statement: Statement) -> Compared:
    code, month = statement.fixmedins_code, statement.month
    for row in await conn.fetch(Q["breaks_of"], code, statement.begins, statement.ends, month):
        found = _break(row)
        book.recon.breaks.setdefault(found.case_id, found)
    where = code, _midnight(statement.begins), _midnight(statement.ends + timedelta(days=1)), *statement.group
    if statement.kind == TOTALS:
        ours = await conn.fetchrow(Q["compare_totals"], *where)
        assert ours is not None  # an aggregate
        return Compared(statement, found=tuple(totals_found(statement.figures, dict(ours))))
    if statement.kind == DETAIL:
        parts = {row[0]: row[1] for row in await conn.fetch(Q["parts"], code, statement.list)}
        missing = tuple(n for n in range(1, statement.parts + 1) if n not in parts)
        if missing:
            return Compared(statement, missing=missing)
        rows = await conn.fetch(Q["compare_detail"], *where, list(parts.values()))
        return Compared(statement, found=tuple(map(_found, rows)))
    lines = [tuple(row) for row in await conn.fetch(Q["lines"], month, code, *statement.group)]
    asked = await conn.fetchval(Q["asked"], code, month, *statement.group)
    return Compared(statement, lines=tuple(lines), asked=asked)


def _found(row: Any) -> Found:
    ours, theirs = (_side(row, letter) if row[there] else None for letter, there in (("o", "here"), ("t", "there")))  # fmt: skip
    return Found(DETAIL, row["kind"], row["msgid"], row["setl_id"], ours, theirs)


def _side(row: Any, letter: str) -> Json:
    sums = {name: row[f"{letter}_{short}"] for name, short in zip((SUMS[0], *SUMS[2:]), ("medfee", "acct", "mulaid"), strict=True)}  # fmt: skip
    return sums | {"refd_setl_flag": "1" if row[f"{letter}_back"] else "0"}


async def _load_closing(conn: Conn, sought: Sought, book: Book) -> None:
    recon = book.recon
    for admdvs, month in sorted(sought.closing):
        rows = await conn.fetch(Q["open_breaks"], admdvs, month)
        recon.open_breaks[admdvs, month] = {row[0] for row in rows}
        if admdvs not in recon.regions:
            recon.first[admdvs] = await conn.fetchval(Q["first_month"], admdvs)


async def _load_cases(conn: Conn, sought: Sought, book: Book) -> None:
    ids = sorted(sought.cases)
    what = {row["case_id"]: row for row in await conn.fetch(Q["cases"], ids)}
    about: dict[str, Break | Held | Recoverable] = {}
    for row in await conn.fetch(Q["breaks"], ids):
        made = book.recon.breaks.setdefault(row["case_id"], _break(row))
        about[made.case_id] = made
    for row in await conn.fetch(Q["held"], ids):
        about[row[0]] = Held(*row[1:])
    for id, kind, psn_no, amount, settled, reference, binding in await conn.fetch(Q["recoveries"], ids):
        owed = book.recoveries.setdefault(id, Owed(amount, settled))
        about[id] = Recoverable(kind, psn_no, owed, reference, None if binding is None else str(binding))
    await _load_settlements(conn, book, about.values())
    for id, found in about.items():
        if (
            isinstance(found, Recoverable)
            and found.kind == PREMIUM_LATE
            and UUID(found.reference) not in book.premiums.all
        ):
            continue  # it was listed after the ids were learnt: nobody can know it yet
        book.recon.cases[id] = Case(what[id]["what"], what[id]["admdvs"], what[id]["psn_no"], found)


async def _load_settlements(conn: Conn, book: Book, about: Iterable[Any]) -> None:
    ids = [
        bytes.fromhex(one.reference)
        for one in about
        if isinstance(one, Recoverable) and one.kind == PAID_LATE
    ]
    if wanted := [id for id in ids if id not in book.settlements]:
        for row in await conn.fetch(storage.Q["settlements"], wanted):
            book.settlements[row[0]] = storage.stored_settlement(row)


async def save(conn: Conn, book: Book) -> None:
    """Writes what was added and decided."""
    recon = book.recon
    if recon.taken_back:
        await conn.copy_records_to_table("taken_back", records=recon.taken_back, columns=[*TakenBack._fields])
    if recon.late:
        await conn.copy_records_to_table("booked_late", records=recon.late, columns=[*Late._fields])
    if recon.new_statements:
        rows = [_row_of(one) for one in recon.new_statements]
        await conn.copy_records_to_table("statement", records=rows, columns=STATEMENT)
    if recon.new_rows:
        await conn.copy_records_to_table("statement_row", records=recon.new_rows, columns=[*Row._fields])
    if recon.answered:
        await conn.execute(
            Q["save_answers"], *by_column((s.fixmedins_code, s.msgid, s.answer) for s in recon.answered)
        )
    if changed := [b for b in recon.breaks.values() if b.changed]:
        await conn.execute(Q["save_breaks"], *by_column(map(_columns_of, changed)))
    if recon.asked:
        rows = [(code, month, *group, *value) for (code, month, group), value in recon.asked.items()]
        await conn.execute(Q["save_asked"], *by_column(rows))
    await _save_verdicts(conn, book)


async def _save_verdicts(conn: Conn, book: Book) -> None:
    recon = book.recon
    if recon.verdicts:
        await conn.copy_records_to_table("verdict", records=recon.verdicts, columns=[*Verdict._fields])
    for closing in recon.closings:
        columns = ["admdvs", "month", "closed_at", "operator_id"]
        await conn.copy_records_to_table("period", records=[closing], columns=columns)
    for admdvs, month, when in recon.clearings:
        await conn.execute(Q["save_clearing"], admdvs, month)
        await conn.execute(Q["save_cleared"], admdvs, month, when)
        await conn.execute(Q["clear_requests"], admdvs, month)


def _statement(row: Iterable[Any]) -> Statement:
    values = list(row)
    figures: dict[str, int] = from_json(values[12])
    group = Group(*values[4:7])
    return Statement(*[*values[:4], group, *values[7:12], figures, *values[13:]])


def _row_of(one: Statement) -> tuple[Any, ...]:
    figures = to_json(one.figures).decode()
    return (
        one.msgid, one.fixmedins_code, one.kind, one.hash, *one.group, one.begins, one.ends, one.list, one.part, one.parts,
        figures, one.at, one.answer,
    )  # fmt: skip


def _break(row: Iterable[Any]) -> Break:
    values = list(row)
    sides = [None if text is None else from_json(text) for text in values[13:15]]
    return Break(*[*values[:3], Group(*values[3:6]), *values[6:13], *sides, *values[15:]])


def _columns_of(one: Break) -> tuple[Any, ...]:
    sides = (None if side is None else to_json(side).decode() for side in (one.ours, one.theirs))
    return (
        one.case_id, one.fixmedins_code, one.admdvs, *one.group, one.begins, one.ends, one.month, one.scope, one.kind, one.msgid,
        one.setl_id, *sides, one.state, one.deadline, one.found_at, one.closed_at, one.closed_by, one.resolution,
    )  # fmt: skip


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), BEIJING)
