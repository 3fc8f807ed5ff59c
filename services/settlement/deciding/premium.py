"""Requests about premiums: pay, cancel, remitted. One `premium_id` has one stored answer for ever; another body under it is refused."""

from collections.abc import Callable
from typing import Any

from pydantic_core import to_json

from services.settlement import wire
from services.settlement.deciding import apart, earmark
from services.settlement.deciding.asking import fingerprint, new_setl_id
from services.settlement.deciding.premium_checks import Ready, check
from services.settlement.deciding.repeating import repeat
from services.settlement.deciding.to_holders import binding_of, off_recovery, place, to_holder
from services.settlement.domain import results
from services.settlement.domain.accounts import SEGMENT_OF, SEGMENTS, counter, held, move
from services.settlement.domain.book import Book, late_case
from services.settlement.domain.limits import count
from services.settlement.domain.premiums import KIND, PAID, Part, Premium
from services.settlement.domain.results import Json
from shared.contracts.answers import Premium as Answer
from shared.contracts.base import UUID, fen, yuan
from shared.contracts.premium_requests import Cancel, Pay, Remitted
from shared.contracts.reasons import Reason, reason
from shared.messaging.handler import Event, Out

OWNER = "premium"
"""Whose account the money goes to in the ledger, by month: the tax office collects it."""
PAYING, GIVING_BACK = "premium", "premium-back"


def order(book: Book, event: Event, out: Out) -> None:
    """Decides one message of `premium.requests`."""
    body: Any = event.body
    known = book.premiums.all.get(body.premium_id)
    if isinstance(body, Pay):
        _repeat(known, event, body, out) if known is not None else _pay(book, event, body, out)
        return
    if known is None or known.payer != body.payer_psn_no:
        _answer(event, out, "declined", (reason("premium-unknown", rule="premium.id"),))
    else:
        _LATER[type(body)](book, known, event, out)


def _repeat(known: Premium, event: Event, body: Pay, out: Out) -> None:
    repeat(
        known, event, reason("premium-id-reused", rule="premium.id", field="premium_id"),
        lambda first: _send(first, event, out, body.premium_id), lambda why: _answer(event, out, "declined", (why,)),
    )  # fmt: skip


def _pay(book: Book, event: Event, body: Pay, out: Out) -> None:
    ready = check(book, event, body)
    state, reasons = ("paid", ()) if isinstance(ready, Ready) else ("declined", tuple(ready))
    answer = _body(event, state, reasons, body.premium_id, body.amount)
    row = Premium(
        body.premium_id, fingerprint(event.type, body.__dict__), body.payer_psn_no, body.psn_no, KIND[body.insutype],
        body.insutype, body.year, body.amount, state, None, "", "[]", answer, event.time,
    )  # fmt: skip
    book.premiums.all[body.premium_id] = row
    book.premiums.new.append(row)
    if isinstance(ready, Ready):
        book.premiums.paid.add(row.paid_for)
        _book(book, row, ready, event, out)
    _send(answer, event, out, body.premium_id)


def _book(book: Book, row: Premium, ready: Ready, event: Event, out: Out) -> None:
    row.posting = posting = bytes.fromhex(new_setl_id(out.new_id()))
    shares = [_share(book, part, posting, event) for part in ready.parts]
    book.new_entries.append(counter(OWNER, row.amount, posting, PAYING, event.time))
    row.shares = to_json(shares).decode()
    row.periods = "|".join(part.purse.counted for part in ready.parts)
    _result(row, "premium-paid", row.amount, shares, event, out)


def _share(book: Book, part: Part, posting: bytes, event: Event) -> Json:
    account, binding, amount = part.purse.account, part.purse.binding, part.amount
    id = None if binding is None else binding.binding_id
    book.new_entries.append(move(account, part.segment, -amount, posting, PAYING, event.time, id))
    if binding is not None:
        count(part.purse.counted, binding, book.account(binding.sponsor), amount)
    holder = account.psn_no if binding is None else binding.sponsor
    segment, after = SEGMENTS[part.segment].value, account.of(part.segment)
    admdvs = account.admdvs or apart.NATION
    if binding is None:
        return results.share(True, holder, segment, amount, after, admdvs)
    return results.share(False, holder, segment, amount, after, admdvs, id, binding.version, binding.relation)


def _cancel(book: Book, row: Premium, event: Event, out: Out) -> None:
    """Gives the money back to those who paid, last first; again: the same answer."""
    if row.state == "cancelled":
        _answer(event, out, "cancelled", (), row.amount)
    elif row.state != "paid":
        _answer(event, out, "declined", (_wrong(row),), row.amount)
    elif not event.time_believed:
        _answer(event, out, "declined", (reason("time-not-believed"),), row.amount)
    else:
        _end(book, row, "cancelled", event)
        book.premiums.paid.discard(row.paid_for)
        shares = _give_back(book, row, event, out)
        _result(row, "premium-cancelled", row.amount, shares, event, out)
        _answer(event, out, "cancelled", (), row.amount)


def _give_back(book: Book, row: Premium, event: Event, out: Out) -> list[Json]:
    posting = bytes.fromhex(new_setl_id(out.new_id()))
    shares: list[Json] = []
    periods = row.periods.split("|")
    for share, period in reversed(list(zip(row.share_list(), periods, strict=True))):
        amount, paid = fen(share["amount"]), SEGMENT_OF[share["segment"]]
        id = binding_of(share)
        over = off_recovery(book, None if id is None else late_case(row.premium_id.bytes, id), amount)
        if over:
            line = held(share["psn_no"], over, posting, GIVING_BACK, event.time, row.posting)
            book.new_entries.append(line)
        if over < amount:
            less = amount - over
            to_holder(book, share, paid, row.at, less, posting, GIVING_BACK, event.time, row.posting)
        if id is not None and (binding := book.bindings.get(id)) is not None:
            count(period, binding, book.account(binding.sponsor), -amount)
        account, segment = place(book, share, paid, row.at)
        said = {"segment": SEGMENTS[segment].value, "balance_after": yuan(account.of(segment))}
        shares.append(share | said)
    book.new_entries.append(counter(OWNER, -row.amount, posting, GIVING_BACK, event.time, row.posting))
    earmark.trim(book, event.time, out)
    return shares


def _remitted(book: Book, row: Premium, event: Event, out: Out) -> None:
    if row.state not in PAID:
        _answer(event, out, "declined", (_wrong(row),), row.amount)
        return
    if row.state == "paid":
        _end(book, row, "remitted", event)
    _answer(event, out, "remitted", (), row.amount)


_LATER: dict[type, Callable[[Book, Premium, Event, Out], None]] = {Cancel: _cancel, Remitted: _remitted}


def _end(book: Book, row: Premium, state: str, event: Event) -> None:
    row.state, row.ended_at, row.changed = state, event.time, True


def _wrong(row: Premium) -> Reason:
    return reason("wrong-state", rule="premium.state", state=row.state)


def _result(row: Premium, type: str, amount: int, shares: list[Json], event: Event, out: Out) -> None:
    body = {
        "premium_id": row.premium_id, "psn_no": row.psn_no, "insutype": row.insutype, "year": row.year,
        "origin": {"source": event.source, "id": event.id}, "at": event.time, "amount": yuan(amount), "shares": shares,
    }  # fmt: skip
    wire.publish(out, f"settlement.results.{type}", to_json(body), row.psn_no)


def _body(
    event: Event, state: str, reasons: tuple[Reason, ...], premium_id: UUID, amount: int | None
) -> bytes:
    made = Answer(premium_id=premium_id, state=state, amount=amount, reasons=reasons, at=event.time)
    return made.model_dump_json().encode()


def _answer(
    event: Event, out: Out, state: str, reasons: tuple[Reason, ...], amount: int | None = None
) -> None:
    body: Any = event.body
    _send(_body(event, state, reasons, body.premium_id, amount), event, out, body.premium_id)


def _send(answer: bytes, event: Event, out: Out, premium_id: UUID) -> None:
    wire.answer(out, answer, event, "answers.premium", str(premium_id))
