"""What all settlement requests have in common: one `msgid` of one institution has one stored answer, declines included."""

import hashlib
import re
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from services.settlement import wire
from services.settlement.domain import results
from services.settlement.domain.bill import check_institution, check_sender
from services.settlement.domain.book import Book, Stored
from services.settlement.domain.declines import Decline
from services.settlement.domain.results import Json
from shared.contracts.base import UUID
from shared.contracts.settlement_requests import DeclineCode, Query, Refund
from shared.messaging.handler import Event, Invalid, Out

CODE = re.compile(r"[HP][0-9]{11}")
MSGID = re.compile(r"[HP][0-9]{29}")
UNDOABLE = ("settle", "cancel")
ANSWER = "answers.settlement"
LATER = {"feedetail": (), "hold_minutes": None}
"""Optional last fields of a bill that came later, as they are when they are left out."""
NO_INFNO = {Query: "5203", Refund: ""}


class Asked:
    """One request with its address fields, and the way to answer it. `kind` is the suffix of its type, such as `settle`."""

    __slots__ = ("at", "book", "code", "event", "hash", "infno", "kind", "msgid", "out", "psn_no")

    def __init__(
        self, book: Book, event: Event, out: Out, msgid: str, code: str, psn_no: str, infno: str, hash: bytes
    ) -> None:
        self.book, self.event, self.out = book, event, out
        self.kind = event.type.rpartition(".")[2]
        self.msgid, self.code, self.psn_no, self.infno, self.hash = msgid, code, psn_no, infno, hash
        self.at: datetime = event.time

    def decline(self, no: Decline, store: bool = True) -> None:
        """Nothing is booked; the answer says why and is kept unless the `msgid` has an answer already."""
        event = self.event
        body, answer = results.declined(
            no,
            self.msgid,
            self.infno or None,
            event.source,
            event.id,
            self.code or None,
            self.psn_no,
            self.at,
        )
        self._say("declined", results.encode(body), answer, None, 0, store)

    def done(
        self, kind: str, body: bytes, answer: Json, setl_id: bytes | None = None, amount: int = 0
    ) -> None:
        """Publishes the result of type `settlement.results.<kind>` and answers the institution."""
        self._say(kind, body, answer, setl_id, amount, True)

    def _say(
        self, kind: str, body: bytes, answer: Json, setl_id: bytes | None, amount: int, store: bool
    ) -> None:
        value = results.encode(answer)
        wire.publish(self.out, f"settlement.results.{kind}", body, self.psn_no)
        wire.answer(self.out, value, self.event, ANSWER, self.msgid)
        if store:
            row = Stored(
                self.code,
                self.msgid,
                self.hash,
                self.kind,
                self.infno,
                self.psn_no,
                setl_id,
                amount,
                value,
                self.at,
            )
            self.book.answered(row)


def asked(book: Book, event: Event, out: Out) -> Asked | None:
    """The request if it is to be decided; otherwise it has been answered here: a repeat, another body under a used
    `msgid`, invalid fields, or an institution that may not ask."""
    body: Any = event.body
    if isinstance(body, Invalid):
        _invalid(book, event, out, body)
        return None
    ask = Asked(
        book, event, out, body.msgid, body.fixmedins_code, body.psn_no, getattr(body, "infno", None) or NO_INFNO[type(body)],
        fingerprint(event.type, body.__dict__),
    )  # fmt: skip
    # A stranger neither reads the institution's stored answers nor takes its `msgid`s.
    entitled = book.regions.may_bill(event.source, ask.code)
    if entitled and repeated(ask):
        return None
    no = _refused(ask, entitled)
    if no is not None:
        ask.decline(no, store=entitled)
        return None
    return ask


def repeated(ask: Asked) -> bool:
    """Whether the `msgid` has its answer; then the same one is given again, or the other body is declined."""
    stored = ask.book.requests.get((ask.code, ask.msgid))
    if stored is None:
        return False
    if stored.hash == ask.hash:
        wire.answer(ask.out, stored.answer, ask.event, ANSWER, ask.msgid)
    else:
        ask.decline(Decline(DeclineCode.MSGID_REUSED, "msgid"), store=False)
    return True


def _refused(ask: Asked, entitled: bool) -> Decline | None:
    book, event = ask.book, ask.event
    institution = book.institutions.get(ask.code)
    if not ask.msgid.startswith(ask.code):
        return Decline(DeclineCode.MSGID_NOT_YOURS, "msgid")
    if (no := check_sender(institution, entitled, event.source)) is not None:
        return no
    if not event.time_believed:
        return Decline(DeclineCode.TIME_NOT_BELIEVED, "ce_time")
    if ask.kind in UNDOABLE and (ask.code, ask.msgid, ask.infno, ask.psn_no) in book.tombstones:
        return Decline(DeclineCode.REVERSED_BEFORE, "msgid")
    return check_institution(institution, ask.at, new=ask.kind in ("quote", "settle"))


def _invalid(book: Book, event: Event, out: Out, body: Invalid) -> None:
    fields = body.fields
    msgid, code, infno = (fields.get(n) for n in ("msgid", "fixmedins_code", "infno"))
    good_msgid = isinstance(msgid, str) and MSGID.fullmatch(msgid) is not None
    good_code = isinstance(code, str) and CODE.fullmatch(code) is not None
    known = infno if isinstance(infno, str) and len(infno) <= 4 and infno.isalnum() else ""
    ask = Asked(
        book, event, out, str(msgid) if good_msgid else (event.subject or "")[:64], str(code) if good_code else "",
        str(fields.get("psn_no", "")), known, fingerprint(event.type, fields),
    )  # fmt: skip
    storable = good_msgid and good_code and book.regions.may_bill(event.source, ask.code)
    if storable and repeated(ask):
        return
    first = body.errors[0]
    others = f"（另有{len(body.errors) - 1}处）" if len(body.errors) > 1 else ""
    example = f"，例如 {first.example}" if first.example else ""
    no = Decline(
        DeclineCode.FIELD_INVALID,
        first.field[:200],
        {"field": first.field[:100], "problem": first.reason[:200] + example + others},
    )
    ask.decline(no, store=storable)


def fingerprint(type: str, fields: Any) -> bytes:
    """16 bytes that tell two bodies of a type apart, whatever their spelling as JSON."""
    try:
        values = [*fields.values()]
        for name in reversed(
            fields
        ):  # left out, they leave the mark that a body had before there were such fields
            if name not in LATER or fields[name] != LATER[name]:
                break
            values.pop()
        text = repr(values)
    except (TypeError, ValueError):
        text = to_json(fields, fallback=str).decode()
    return hashlib.blake2b(
        text.encode(errors="replace"), digest_size=16, person=b"gongji-msgid", key=type.encode()
    ).digest()


def new_setl_id(id: UUID) -> str:
    """A settlement's id: the 30 hexadecimal digits of a UUIDv7 that are not fixed by its version; time-ordered."""
    text = id.hex
    return f"{text[:12]}{text[13:16]}{text[17:]}"
