"""What an institution sends (3201-3204) is checked and kept; it is compared when everything that came before it has been read.

So it is put off as a due row: bills stand on other partitions, and one that was sent before the statement has to be in it.
"""

from datetime import date, datetime
from typing import Any

from services.settlement.deciding.asking import fingerprint
from services.settlement.domain.book import Book
from services.settlement.domain.groups import Group
from services.settlement.domain.months import first_day, last_day
from services.settlement.domain.reconciled import Row, Statement
from shared.clock import BEIJING
from shared.contracts.answers import Refused
from shared.contracts.base import Origin
from shared.contracts.reasons import Reason, reason
from shared.contracts.reconciliation import Detail, Totals
from shared.messaging.handler import Event, Out

DUE = "statement"
FIGURES = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "acct_mulaid_pay", "fixmedins_setl_cnt")


def arrive(book: Book, event: Event, out: Out) -> None:
    """Keeps the message, or refuses it. A repeat is put off like the first one and gets its answer."""
    body: Any = event.body
    made = _statement(event)
    known = book.recon.statements.get(made.key)
    if why := _refusal(book, event, made, known):
        no = Refused(request_type=event.type, reasons=why)
        out.answer(
            no, to=Origin(source=event.source, id=event.id), type="answers.refused", subject=body.msgid
        )
        return
    if known is None:
        book.recon.statements[made.key] = made
        book.recon.new_statements.append(made)
        if isinstance(body, Detail):
            book.recon.new_rows.extend(_rows(body))
    entity = f"{body.fixmedins_code}/{body.msgid}/{event.source}/{event.id}"
    # Not `event.time`, which a sender may set: nothing that was appended before this message may be unread.
    at = max(event.time, event.appended_at)
    out.due(DUE, entity, at, {"code": body.fixmedins_code, "msgid": body.msgid, "source": event.source, "id": event.id})  # fmt: skip


def _statement(event: Event) -> Statement:
    body: Any = event.body
    kind = event.type.rpartition(".")[2]
    figures = {name: getattr(body, name) for name in FIGURES} if isinstance(body, Totals) else {}
    list, part, parts = "", 1, 1
    if isinstance(body, Detail):
        part, parts = body.part, body.parts
        list = "/".join((body.file_qury_no or body.msgid, body.insutype, body.clr_type, body.setl_optins, str(body.stmt_begndate), str(body.stmt_enddate), str(parts)))  # fmt: skip
    return Statement(
        body.msgid, body.fixmedins_code, kind, fingerprint(event.type, body.__dict__),
        Group(body.insutype, body.clr_type, body.setl_optins), body.stmt_begndate, body.stmt_enddate, list, part, parts, figures,
        event.time,
    )  # fmt: skip


def _rows(body: Detail) -> list[Row]:
    return [
        Row(
            body.fixmedins_code, body.msgid, row.msgid, _id(row.setl_id), row.setl_id, row.medfee_sumamt, row.acct_pay,
            row.acct_mulaid_pay, row.refd_setl_flag == "1",
        )
        for row in body.rows
    ]  # fmt: skip


def _id(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text) or None
    except ValueError:
        return None  # no settlement of ours: the comparison says so


def _refusal(book: Book, event: Event, made: Statement, known: Statement | None) -> tuple[Reason, ...]:
    code = made.fixmedins_code
    institution = book.institutions.get(code)
    theirs = institution is not None and institution.source not in (None, event.source)
    if not book.regions.may_bill(event.source, code) or theirs:
        return (reason("institution-not-yours", field="fixmedins_code"),)
    if institution is None:
        return (reason("institution-unknown", field="fixmedins_code"),)
    why = []
    if not event.time_believed:
        why.append(reason("time-not-believed", field="ce_time"))
    if not made.msgid.startswith(code) or (known is not None and known.hash != made.hash):
        why.append(reason("statement-msgid", field="msgid"))
    if made.kind in ("clear", "uncleared"):
        whole = made.begins == first_day(made.month) and made.ends == last_day(made.month)
        if not whole or made.ends >= day(event.time):
            why.append(reason("clearing-month", field="stmt_enddate"))
    elif not (made.begins <= made.ends <= day(event.time)) or made.ends > last_day(made.month):
        why.append(reason("statement-dates", field="stmt_enddate"))
    return tuple(why)


def day(at: datetime) -> date:
    """The Beijing day of a time."""
    return at.astimezone(BEIJING).date()
