"""Transfers: offered, accepted, declined, withdrawn, returned; and what is left of a wallet when the relation ends.

One `transfer_id` has one stored answer; every offer ends in the wallet or with its giver, once.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from services.settlement import wire
from services.settlement.deciding import apart
from services.settlement.deciding.asking import fingerprint, new_setl_id
from services.settlement.deciding.repeating import repeat
from services.settlement.deciding.to_holders import receives
from services.settlement.deciding.transfer_checks import Ready, accepting, channel, offering, region_of
from services.settlement.domain.accounts import CURRENT, HISTORIC, Account, held, move
from services.settlement.domain.bindings import TRANSFER_MODE
from services.settlement.domain.book import Book
from services.settlement.domain.earmarks import stands
from services.settlement.domain.results import Json
from services.settlement.domain.transfers import (
    State,
    Transfer,
    Wallet,
    count_offer,
    moving_name,
    return_time,
    uncount,
    wallet_name,
)
from shared.contracts.account_transfers import Accepted, Declined, Offered, Withdrawn
from shared.contracts.answers import Transfer as Answer
from shared.contracts.base import Origin, yuan
from shared.contracts.reasons import Reason, reason
from shared.messaging.handler import Due, Event, Out

DUE, WALLET_DUE = "transfer", "wallet"
MOVING, TAKEN, BACK, REMAINDER = "transfer", "transfer-accepted", "transfer-back", "wallet-back"


def order(book: Book, event: Event, out: Out) -> None:
    """Decides one message of `account.transfers`."""
    body: Any = event.body
    known = book.transfers.all.get(body.transfer_id)
    if isinstance(body, Offered):
        _repeat(known, event, out) if known is not None else _offer(book, event, body, out)
        return
    if known is None or not _speaks(known, body):
        _refuse(event, out, [reason("transfer-unknown", rule="transfer.id", field="transfer_id")])
        return
    wanted, step = _STEPS[type(body)]
    if known.state == wanted:
        _tell(known, event, out)
    elif known.state != State.OFFERED:
        _refuse(event, out, [reason("wrong-state", rule="transfer.state", state=known.state)], known)
    else:
        step(book, known, event, out)


def _speaks(known: Transfer, body: Accepted | Declined | Withdrawn) -> bool:
    """Whether it is the giver, or the receiver, who says it. A stranger learns nothing about it."""
    if isinstance(body, Withdrawn):
        return body.from_psn_no == known.giver
    return body.to_psn_no == known.receiver


def due(book: Book, item: Due, out: Out) -> None:
    """Nobody has accepted it in time."""
    known = book.transfers.all.get(UUID(item.entity))
    if known is not None and known.state == State.OFFERED:
        _returned(book, known, item.time, out)


def wallet_due(book: Book, item: Due, out: Out) -> None:
    """A day has come on which a relation or a region's mode begins or ends."""
    followed(book, UUID(item.entity), item.time, out)


def followed(book: Book, binding_id: UUID, at: datetime, out: Out) -> None:
    """Gives everything back when the relation is over; after a decision, and when a first or last day has come."""
    binding, wallet = book.bindings.get(binding_id), book.transfers.wallets.get(binding_id)
    if binding is None:
        return
    waiting = [t for t in book.transfers.pending(binding.sponsor) if t.binding_id == binding_id]
    if binding.facts.mode != TRANSFER_MODE and wallet is None and not waiting:
        return
    lasts = stands(binding, at.timestamp()) and apart.offered(book, binding.sponsor, TRANSFER_MODE, at)
    if not lasts:
        for known in waiting:
            _returned(book, known, at, out)
        if wallet is not None:
            _home(book, wallet.purse, wallet.giver, REMAINDER, binding_id, at, out)
            wallet.put(open=False)
    apart.schedule(book, binding, TRANSFER_MODE, WALLET_DUE, at, out)


def turned(book: Book, psn_no: str, posting: bytes, at: datetime, young: int) -> int:
    """The year's turn of the giver's account moves the segments of what he or she gave, too; `young` fen of the new year stay with what
    was given last."""
    for binding_id, purse in book.transfers.purses(psn_no):
        young = apart.turn(book, purse, binding_id, posting, at, young)
    return young


def closing(book: Book, psn_no: str, at: datetime, out: Out) -> None:
    """An account that is closed takes back what is still on its way."""
    for known in book.transfers.pending(psn_no):
        _returned(book, known, at, out)


def _repeat(known: Transfer, event: Event, out: Out) -> None:
    repeat(
        known, event, reason("transfer-id-reused", rule="transfer.id", field="transfer_id"),
        lambda first: _send(first, event.source, event.id, known.transfer_id, out), lambda why: _refuse(event, out, [why]),
    )  # fmt: skip


def _offer(book: Book, event: Event, body: Offered, out: Out) -> None:
    ready = offering(book, event, body)
    spending = apart.spending(book, body.from_psn_no, event.time)
    row = Transfer(
        body.transfer_id, fingerprint(event.type, body.__dict__), body.binding_id, body.from_psn_no, body.to_psn_no, body.amount,
        State.REFUSED, event.source, event.id, b"", event.time, return_time(event.time, spending), new=True,
    )  # fmt: skip
    book.transfers.add(row)
    if isinstance(ready, Ready):
        giver = book.account(row.giver)
        row.state, row.purse = State.OFFERED, _new_row(book, moving_name(row.transfer_id), giver)
        apart.shift(book, giver, row.purse, ready.parts, MOVING, row.binding_id, event.time, out)
        count_offer(giver, row.amount, row.at)
        out.due(DUE, str(row.transfer_id), row.until)
        row.answer = _body(row, row.state, (), event.time)
        told = {
            "admdvs": region_of(book, row.receiver),
            "relation": book.bindings[row.binding_id].relation,
        }
        _result(row, event.source, event.id, event.time, out, told)
    else:
        row.answer = _body(row, row.state, tuple(ready), event.time)
    _send(row.answer, event.source, event.id, row.transfer_id, out)


def _accept(book: Book, known: Transfer, event: Event, out: Out) -> None:
    reasons = accepting(book, event, known)
    if reasons or known.purse is None:
        _refuse(event, out, reasons, known)
        return
    wallet = _wallet(book, known)
    parts = known.purse.current, known.purse.historic
    apart.shift(book, known.purse, wallet.purse, parts, TAKEN, known.binding_id, event.time, out)
    _end(known, State.ACCEPTED, event.time, out)
    _result(known, event.source, event.id, event.time, out)
    _tell(known, event, out)


def _wallet(book: Book, known: Transfer) -> Wallet:
    """The receiver's wallet for this giver, open."""
    wallet = book.transfers.wallets.get(known.binding_id)
    giver = book.account(known.giver)
    if wallet is None:
        purse = _new_row(book, wallet_name(known.binding_id), giver)
        wallet = Wallet(known.binding_id, known.giver, True, purse, new=True)
        book.transfers.wallets[known.binding_id] = wallet
    elif wallet.purse.admdvs != giver.admdvs:
        wallet.purse.admdvs, wallet.purse.changed = giver.admdvs, True
    wallet.put(open=True)
    return wallet


def _new_row(book: Book, name: str, giver: Account) -> Account:
    row = book.accounts[name] = Account(name, giver.admdvs)
    return row


def _decline(book: Book, known: Transfer, event: Event, out: Out) -> None:
    _undo(book, known, State.DECLINED, region_of(book, known.receiver), event, out)


def _withdraw(book: Book, known: Transfer, event: Event, out: Out) -> None:
    _undo(book, known, State.WITHDRAWN, book.account(known.giver).admdvs, event, out)


def _undo(book: Book, known: Transfer, state: State, region: str, event: Event, out: Out) -> None:
    reasons = [*channel(event, region)] if event.time_believed else [reason("time-not-believed")]
    if reasons:
        _refuse(event, out, reasons, known)
        return
    _give_back(book, known, state, event.time, out)
    _result(known, event.source, event.id, event.time, out)
    _tell(known, event, out)


def _returned(book: Book, known: Transfer, at: datetime, out: Out) -> None:
    """Nobody asked for it, so whoever offered it is told."""
    _give_back(book, known, State.RETURNED, at, out)
    _result(known, known.source, known.message, at, out)
    _send(_body(known, known.state, (), at), known.source, known.message, known.transfer_id, out)


def _give_back(book: Book, known: Transfer, state: State, at: datetime, out: Out) -> None:
    if known.purse is not None:
        _home(book, known.purse, known.giver, BACK, known.binding_id, at, out)
    uncount(book.account(known.giver), known.amount, known.at)
    _end(known, state, at, out)


def _home(
    book: Book, purse: Account, giver: str, kind: str, binding_id: UUID, at: datetime, out: Out
) -> None:
    """Everything goes back to the giver's own row, each segment for itself; it is held for staff where that was closed or the giver died."""
    parts = purse.current, purse.historic
    if not sum(parts):
        return
    if receives(book, giver):
        apart.shift(book, purse, book.account(giver), parts, kind, binding_id, at, out)
        return
    posting = bytes.fromhex(new_setl_id(out.new_id()))
    for segment, amount in ((CURRENT, parts[0]), (HISTORIC, parts[1])):
        if amount:
            book.new_entries.append(move(purse, segment, -amount, posting, kind, at, binding_id))
    book.new_entries.append(held(giver, sum(parts), posting, kind, at, None))


def _end(known: Transfer, state: State, at: datetime, out: Out) -> None:
    known.end(state, at)
    out.no_longer_due(DUE, str(known.transfer_id))


_STEPS: dict[type, tuple[State, Callable[[Book, Transfer, Event, Out], None]]] = {
    Accepted: (State.ACCEPTED, _accept),
    Declined: (State.DECLINED, _decline),
    Withdrawn: (State.WITHDRAWN, _withdraw),
}


def _result(known: Transfer, source: str, id: str, at: datetime, out: Out, told: Json | None = None) -> None:
    """Publishes what it has become; `told` of an offer says how the receiver is to hear of it."""
    body = {
        "transfer_id": known.transfer_id, "psn_no": known.receiver, "from_psn_no": known.giver, "amount": yuan(known.amount),
        "state": known.state, "binding_id": known.binding_id, "until": known.until,
        "origin": {"source": source, "id": id}, "at": at, **(told or {}),
    }  # fmt: skip
    wire.publish(out, "settlement.results.transferred", to_json(body), known.receiver)


def _body(known: Transfer, state: str, reasons: tuple[Reason, ...], at: datetime) -> bytes:
    until = known.until if state == State.OFFERED else None
    made = Answer(
        transfer_id=known.transfer_id, state=state, amount=known.amount, until=until, reasons=reasons, at=at
    )
    return made.model_dump_json().encode()


def _tell(known: Transfer, event: Event, out: Out) -> None:
    """The state that it has, to whoever asked."""
    body = _body(known, known.state, (), known.ended_at or event.time)
    _send(body, event.source, event.id, known.transfer_id, out)


def _refuse(event: Event, out: Out, reasons: list[Reason], known: Transfer | None = None) -> None:
    """Nothing is moved; the answer says why."""
    body: Any = event.body
    amount = None if known is None else known.amount
    made = Answer(
        transfer_id=body.transfer_id, state=State.REFUSED, amount=amount, reasons=tuple(reasons), at=event.time
    )  # fmt: skip
    _send(made.model_dump_json().encode(), event.source, event.id, body.transfer_id, out)


def _send(answer: bytes, source: str, id: str, transfer_id: UUID, out: Out) -> None:
    wire.answer(out, answer, Origin(source=source, id=id), "answers.transfer", str(transfer_id))
