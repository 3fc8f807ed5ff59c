"""Setting money apart for a beneficiary, filling it up, giving it back exactly once.

Every movement is a posting of two accounts that sums to zero: the sponsor's own row and the earmark's.
"""

from datetime import datetime
from uuid import UUID

from services.settlement.deciding import apart
from services.settlement.domain.accounts import HISTORIC, Account, State
from services.settlement.domain.bindings import EARMARK_MODE, Binding
from services.settlement.domain.book import Book
from services.settlement.domain.earmarks import (
    Earmark,
    Place,
    amount_at,
    back,
    free,
    over,
    purse_name,
    stands,
)
from shared.messaging.handler import Due, Out

DUE = "earmark"
SET_APART, GIVEN_BACK = "earmark", "earmark-back"


def followed(book: Book, binding_id: UUID, at: datetime, out: Out) -> None:
    """Brings an earmark to what its binding says at `at`: after a decision, and when a first or last day has come."""
    binding, mark = book.bindings.get(binding_id), book.earmarks.all.get(binding_id)
    if binding is None or (mark is None and binding.facts.mode != EARMARK_MODE):
        return
    second = at.timestamp()
    lasts = stands(binding, second) and apart.offered(book, binding.sponsor, EARMARK_MODE, at)
    if mark is None and lasts:
        mark = _open(book, binding, at)
    if mark is not None and mark.place != Place.ENDED:
        _bring(book, mark, binding, lasts, at, out)
    apart.schedule(book, binding, EARMARK_MODE, DUE, at, out)


def due(book: Book, item: Due, out: Out) -> None:
    """A day has come on which an earmark may begin or end."""
    followed(book, UUID(item.entity), item.time, out)


def _open(book: Book, binding: Binding, at: datetime) -> Earmark:
    purse = Account(purse_name(binding.binding_id), book.account(binding.sponsor).admdvs)
    book.accounts[purse.psn_no] = purse
    mark = Earmark(binding.binding_id, binding.sponsor, 0, 0, Place.OPEN, at, purse, new=True)
    book.earmarks.add(mark)
    return mark


def _bring(book: Book, mark: Earmark, binding: Binding, lasts: bool, at: datetime, out: Out) -> None:
    if not lasts:
        _give_back(book, mark, mark.purse.balance, at, out)
        _put(mark, Place.ENDED if over(binding) else Place.RESTING)
        return
    _put(mark, Place.OPEN)
    amount = amount_at(binding, at.timestamp())
    if amount != mark.amount:
        _resize(book, mark, amount, at, out)
    _fill(book, mark, at, out)


def _put(mark: Earmark, place: Place) -> None:
    if mark.place != place:
        mark.place, mark.changed = place, True


def _resize(book: Book, mark: Earmark, amount: int, at: datetime, out: Out) -> None:
    """More is wanted: it is missing. Less: it is not missing any longer, and what is above goes back."""
    change = amount - mark.amount
    mark.amount, mark.changed = amount, True
    if change >= 0:
        mark.missing += change
        return
    waived = min(mark.missing, -change)
    mark.missing -= waived
    surplus = mark.surplus(-change - waived, apart.spending(book, mark.sponsor, at))
    _give_back(book, mark, surplus, at, out, missed=False)


def credited(book: Book, psn_no: str, at: datetime, out: Out) -> None:
    """Fills the earmarks of an account up, oldest first; where the region has left the mode, what was set apart goes back."""
    for mark in book.earmarks.open_of(psn_no):
        if apart.offered(book, psn_no, EARMARK_MODE, at):
            _fill(book, mark, at, out)
        else:
            _give_back(book, mark, mark.purse.balance, at, out)
            _put(mark, Place.RESTING)


def cover(book: Book, account: Account, segment: int, needed: int, at: datetime, out: Out) -> None:
    """Takes back from earmarks, newest first, what a correction needs and the account has no more. The money is the sponsor's own."""
    short = needed - account.of(segment)
    for mark in reversed(book.earmarks.open_of(account.psn_no)):
        amount = min(short, mark.purse.of(segment))
        if amount > 0:
            taken = (0, amount) if segment == HISTORIC else (amount, 0)
            apart.shift(book, mark.purse, account, taken, GIVEN_BACK, mark.binding_id, at, out)
            mark.missing, mark.changed = mark.missing + amount, True
            short -= amount


def turned(book: Book, psn_no: str, posting: bytes, at: datetime, young: int) -> int:
    """The year's turn moves the segments of what is set apart, too; `young` fen of the new year stay with the newest earmarks."""
    for mark in sorted(book.earmarks.of.get(psn_no, ()), key=lambda m: m.age, reverse=True):
        young = apart.turn(book, mark.purse, mark.binding_id, posting, at, young)
    return young


def closing(book: Book, psn_no: str, at: datetime, out: Out) -> None:
    """An account that is closed takes back what is set apart of it; nothing is set apart of it any more."""
    for mark in book.earmarks.open_of(psn_no):
        _give_back(book, mark, mark.purse.balance, at, out)


def trim(book: Book, at: datetime, out: Out) -> None:
    """What came back from a bill and is above the amount goes on to the sponsor: it had been set apart again meanwhile."""
    above = [m for m in book.earmarks.all.values() if m.place == Place.OPEN and m.purse.balance > m.amount]
    for mark in sorted(above, key=lambda m: m.age):
        _give_back(book, mark, mark.purse.balance - mark.amount, at, out, missed=False)


def _fill(book: Book, mark: Earmark, at: datetime, out: Out) -> None:
    account = book.account(mark.sponsor)
    if account.state == State.CLOSED or not account.balance:
        return
    spending = apart.spending(book, mark.sponsor, at)
    parts = free(account, spending, mark.wants(spending))
    if sum(parts):
        mark.missing, mark.changed = max(0, mark.missing - sum(parts)), True
        if mark.purse.admdvs != account.admdvs:
            mark.purse.admdvs, mark.purse.changed = account.admdvs, True
        apart.shift(book, account, mark.purse, parts, SET_APART, mark.binding_id, at, out)


def _give_back(
    book: Book, mark: Earmark, amount: int, at: datetime, out: Out, *, missed: bool = True
) -> None:
    """Money returns to the sponsor's own row. `missed`: it would be set apart again if the earmark opened again."""
    if amount:
        if missed:
            mark.missing, mark.changed = mark.missing + amount, True
        parts = back(mark.purse, amount)
        apart.shift(book, mark.purse, book.account(mark.sponsor), parts, GIVEN_BACK, mark.binding_id, at, out)
