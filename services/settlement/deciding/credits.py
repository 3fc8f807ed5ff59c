"""Movements that the authority orders on accounts. Each of its entry numbers counts once."""

import hashlib
from datetime import datetime
from typing import Any

from services.settlement.deciding import apart, earmark, transfer
from services.settlement.deciding.asking import new_setl_id
from services.settlement.domain.accounts import (
    CURRENT,
    SEGMENT_OF,
    Account,
    State,
    counter,
    held,
    move,
    new_year,
)
from services.settlement.domain.bindings import OFFERED_MODE
from services.settlement.domain.book import Book, Recovery
from services.settlement.domain.earmarks import Place, over
from shared.contracts.account_credits import Closed, Corrected, Credited, Frozen, Unfrozen, YearTurned
from shared.contracts.answers import Refused
from shared.contracts.base import Origin
from shared.contracts.reasons import reason
from shared.messaging.handler import Event, Out

AUTHORITY = "authority"


def order(book: Book, event: Event, out: Out) -> None:
    """Carries out one order; a repeated entry number changes nothing, and is refused when it orders something else."""
    body: Any = event.body
    digest = _digest(event.type, body)
    known = book.orders.get(body.entry_id)
    if known is not None:
        if known != digest:
            no = Refused(
                request_type=event.type,
                reasons=(reason("entry-reused", field="entry_id", entry_id=body.entry_id),),
            )
            out.answer(
                no, to=Origin(source=event.source, id=event.id), type="answers.refused", subject=body.entry_id
            )
        return
    book.orders[body.entry_id] = digest
    book.new_orders.append((body.entry_id, digest))
    account = book.account(body.psn_no)
    posting = bytes.fromhex(new_setl_id(out.new_id()))
    if isinstance(body, Credited):
        moved = account.admdvs != body.admdvs
        _credit(book, account, body, posting, event)
        if moved:
            _moved(book, account, event.time, out)
    elif isinstance(body, Corrected):
        if body.amount < 0:
            earmark.cover(book, account, SEGMENT_OF[body.segment.value], -body.amount, event.time, out)
        _correct(book, account, body, posting, event)
    elif isinstance(body, YearTurned):
        _turn(book, account, posting, event, body.year)
    elif isinstance(body, Frozen | Unfrozen | Closed):
        if isinstance(body, Closed):
            earmark.closing(book, account.psn_no, event.time, out)
            transfer.closing(book, account.psn_no, event.time, out)
        _state(account, body)
    earmark.credited(book, account.psn_no, event.time, out)


def _digest(type: str, body: Any) -> bytes:
    text = repr([type, *body.__dict__.values()])
    return hashlib.blake2b(text.encode(), digest_size=16, person=b"gongji-order").digest()


def _credit(book: Book, account: Account, body: Credited, posting: bytes, event: Event) -> None:
    account.admdvs = body.admdvs
    account.changed = True
    if body.amount:
        _book(book, account, SEGMENT_OF[body.segment.value], body.amount, posting, "credit", event)


def _correct(book: Book, account: Account, body: Corrected, posting: bytes, event: Event) -> None:
    """A correction below zero takes what is there; the rest is listed for recovery."""
    segment = SEGMENT_OF[body.segment.value]
    amount = max(body.amount, -account.of(segment))
    if amount:
        _book(book, account, segment, amount, posting, "correct", event)
    if amount != body.amount:
        book.new_recoveries.append(
            Recovery(
                f"correction-{body.entry_id}", "corrected-below-zero", body.psn_no, amount - body.amount, body.entry_id, None,
                event.time,
            )
        )  # fmt: skip


def _moved(book: Book, account: Account, at: datetime, out: Out) -> None:
    """The account is under the rules of another region: what stands apart of it goes with it, or back where that has no such mode; what
    that region lets be set apart is."""
    marks, wallets = book.earmarks, book.transfers.purses(account.psn_no)
    lasting = [m.purse for m in marks.of.get(account.psn_no, ()) if m.place != Place.ENDED]
    for purse in lasting + [purse for _, purse in wallets]:
        if purse.admdvs != account.admdvs:
            purse.admdvs, purse.changed = account.admdvs, True
    theirs = [
        b for b in book.bindings.values() if b.sponsor == account.psn_no and b.facts.mode != OFFERED_MODE
    ]
    for binding in sorted(theirs, key=lambda b: marks.rank(b.binding_id)):
        if not over(binding):
            earmark.followed(book, binding.binding_id, at, out)
            transfer.followed(book, binding.binding_id, at, out)


def _turn(book: Book, account: Account, posting: bytes, event: Event, year: int) -> None:
    """What is left of the year that ended becomes historic, wherever it stands apart. A turn that comes late leaves what was credited of
    the new year, and what of it was set apart or given since; what was spent since was the old money."""
    begin, psn_no = new_year(year), account.psn_no
    heard = max(event.time, event.appended_at)
    if account.turned_at is None or account.turned_at < heard:
        account.turned_at, account.changed = heard, True
    young, given = (
        max(0, sum(amount for at, amount in moved.get(psn_no, ()) if at >= begin))
        for moved in (book.new_money, book.new_apart)
    )
    young = min(given, apart.turn(book, account, None, posting, event.time, young))
    young = earmark.turned(book, psn_no, posting, event.time, young)
    transfer.turned(book, psn_no, posting, event.time, young)


def _state(account: Account, body: Frozen | Unfrozen | Closed) -> None:
    """Closed is for good; freezing a closed account changes nothing."""
    if account.state != State.CLOSED:
        account.state = {Frozen: State.FROZEN, Unfrozen: State.OPEN, Closed: State.CLOSED}[type(body)]
    account.changed = True


def _book(
    book: Book, account: Account, segment: int, amount: int, posting: bytes, kind: str, event: Event
) -> None:
    """What comes for a closed account is held for staff."""
    if amount > 0 and account.state == State.CLOSED:
        book.new_entries.append(held(account.psn_no, amount, posting, kind, event.time, None))
    else:
        book.new_entries.append(move(account, segment, amount, posting, kind, event.time))
        if segment == CURRENT and account.psn_no in book.new_money:
            book.new_money[account.psn_no].append((event.time, amount))
    book.new_entries.append(counter(AUTHORITY, -amount, posting, kind, event.time))
