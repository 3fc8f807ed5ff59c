"""A statement is compared and answered; a month's clearing is asked for or taken back. What the database found is in `book.recon`."""

from datetime import datetime, time, timedelta
from typing import Any

from pydantic_core import from_json, to_json

from services.settlement.domain.book import Book
from services.settlement.domain.comparing import Place, described, judge
from services.settlement.domain.reconciled import Break, Compared, Json, Statement
from services.settlement.reconciling.arriving import day
from shared.clock import BEIJING
from shared.contracts.answers import (
    BreakKind,
    ClearingLine,
    Reconciliation,
    Refused,
    StatementBreak,
    StatementFigures,
)
from shared.contracts.base import Message, Origin
from shared.contracts.reasons import reason
from shared.messaging.handler import Due, Encoded, Out
from shared.policies.values import pooling_region

LISTED = 200


def compare(book: Book, due: Due, out: Out) -> None:
    """Answers one message of an institution; a repeat gets the first answer."""
    to = Origin(source=due.body["source"], id=due.body["id"])
    key = due.body["code"], due.body["msgid"]
    compared = book.recon.compared.get(key)
    if compared is None:
        return
    statement = compared.statement
    if statement.answer is None:
        kind, body = _decide(book, compared, due.time)
        statement.answer = to_json({"type": kind, "body": body.model_dump(mode="json", exclude_none=True)})
        book.recon.answered.append(statement)
    said = from_json(statement.answer)
    out.answer(Encoded(to_json(said["body"]), statement.msgid, statement.msgid), to=to, type=said["type"])


def _decide(book: Book, compared: Compared, at: datetime) -> tuple[str, Message]:
    kind = compared.statement.kind
    if kind in ("clear", "uncleared"):
        return (_clear if kind == "clear" else _uncleared)(book, compared, at)
    if compared.missing:
        return "answers.reconciliation", Reconciliation(
            msgid=compared.statement.msgid, parts_missing=compared.missing, at=at
        )
    statement = compared.statement
    known = [b for b in book.recon.breaks.values() if b.fixmedins_code == statement.fixmedins_code]
    within = [b for b in known if statement.begins <= b.begins and b.ends <= statement.ends]
    breaks = judge(statement, compared.found, within, _place(book, statement, at), at)
    book.recon.breaks.update((b.case_id, b) for b in breaks)
    return "answers.reconciliation", Reconciliation(
        msgid=statement.msgid,
        stmt_rslt="1" if compared.found else "0",
        stmt_rslt_dscr=described(compared.found)[:2000],
        breaks=tuple(map(shown, sorted(breaks, key=_open_first)[:LISTED])),
        breaks_open=sum(b.state == "open" for b in breaks),
        at=at,
    )


def _open_first(case: Break) -> tuple[bool, str]:
    return case.state != "open", case.case_id


def _place(book: Book, statement: Statement, at: datetime) -> Place:
    code = statement.fixmedins_code
    here = book.institutions[code].admdvs
    month = book.recon.months.open_from(code, statement.month)
    closes = book.recon.months.region(code, month, pooling_region(here))
    admdvs = here if pooling_region(here) == closes else closes
    days = book.regions.at(admdvs, at).spending.break_days
    deadline = datetime.combine(day(at) + timedelta(days=days + 1), time(), BEIJING)
    return Place(admdvs, month, deadline)


def shown(case: Break) -> StatementBreak:
    """A break as the institution reads it."""
    return StatementBreak(
        case_id=case.case_id, kind=BreakKind(case.kind), msgid=case.msgid, setl_id=case.setl_id, state=case.state,
        deadline=case.deadline, ours=_figures(case.ours), theirs=_figures(case.theirs),
    )  # fmt: skip


def _figures(side: Json | None) -> StatementFigures | None:
    return None if side is None else StatementFigures(**side)


def _clear(book: Book, compared: Compared, at: datetime) -> tuple[str, Message]:
    """Open breaks of the month stand in the way. After the close the answer is what was cleared: the close clears in full."""
    statement = compared.statement
    count = sum(
        b.state == "open" and b.month == statement.month and b.group == statement.group
        for b in book.recon.breaks.values()
        if b.fixmedins_code == statement.fixmedins_code
    )
    if count:
        return _refused(statement, "breaks-open", count=count)
    state = "cleared" if _is_closed(book, statement) else "requested"
    _ask(book, statement, state, at)
    return _cleared(compared, state, at)


def _uncleared(book: Book, compared: Compared, at: datetime) -> tuple[str, Message]:
    statement = compared.statement
    if _is_closed(book, statement):
        return _refused(statement, "period-closed", month=statement.month)
    asked = book.recon.asked.get((statement.fixmedins_code, statement.month, statement.group))
    if (asked[0] if asked else compared.asked) != "requested":
        return _refused(statement, "clearing-not-asked")
    _ask(book, statement, "withdrawn", at)
    return _cleared(compared, "withdrawn", at)


def _is_closed(book: Book, statement: Statement) -> bool:
    return book.recon.months.open_from(statement.fixmedins_code, statement.month) != statement.month


def _ask(book: Book, statement: Statement, state: str, at: datetime) -> None:
    key = statement.fixmedins_code, statement.month, statement.group
    book.recon.asked[key] = state, statement.msgid, at


def _refused(statement: Statement, code: str, **values: Any) -> tuple[str, Message]:
    why = reason(code, field="stmt_begndate", **values)
    return "answers.refused", Refused(
        request_type=f"gongji.reconciliation.requests.{statement.kind}.v1", reasons=(why,)
    )


def _cleared(compared: Compared, state: str, at: datetime) -> tuple[str, Message]:
    lines = [
        ClearingLine(admdvs=admdvs, acct_pay=own, acct_mulaid_pay=shared) for admdvs, own, shared in compared.lines
    ]  # fmt: skip
    return "answers.reconciliation", Reconciliation(
        msgid=compared.statement.msgid, stmt_rslt="0", clearing=state, lines=tuple(lines), at=at
    )
