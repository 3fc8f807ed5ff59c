"""Setting money apart for a beneficiary, filling it up, giving it back exactly once.

Every movement is a posting of two accounts that sums to zero: the sponsor's own row and the earmark's.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.settlement.deciding.asking import new_setl_id
from services.settlement.domain.accounts import CURRENT, HISTORIC, Account, State, move
from services.settlement.domain.allocate import Candidate
from services.settlement.domain.bindings import EARMARK_MODE, Binding
from services.settlement.domain.book import Book
from services.settlement.domain.earmarks import (
    Earmark,
    Place,
    amount_at,
    back,
    free,
    next_edge,
    over,
    purse_name,
    stands,
)
from shared.messaging.handler import Due, Out
from shared.policies.values import Spending

DUE = "earmark"
SET_APART, GIVEN_BACK = "earmark", "earmark-back"


def followed(book: Book, binding_id: UUID, at: datetime, out: Out) -> None:
    """Brings an earmark to what its binding says at `at`: after a decision, and when a first or last day has come."""
    binding, mark = book.bindings.get(binding_id), book.earmarks.all.get(binding_id)
    if binding is None or (mark is None and binding.facts.mode != EARMARK_MODE):
        return
    second = at.timestamp()
    lasts = stands(binding, second) and _offered(book, binding.sponsor, at)
    if mark is None and lasts:
        mark = _open(book, binding, at)
    if mark is not None and mark.place != Place.ENDED:
        _bring(book, mark, binding, lasts, at, out)
    _schedule(book, binding, at, out)


def due(book: Book, item: Due, out: Out) -> None:
    """A day has come on which an earmark may begin or end."""
    followed(book, UUID(item.entity), item.time, out)


def _schedule(book: Book, binding: Binding, at: datetime, out: Out) -> None:
    """The next time at which the binding or its region's mode begins or ends is a due row."""
    edge = next_edge(binding, at.timestamp())
    edges = [datetime.fromtimestamp(edge, UTC)] if edge is not None else []
    if not over(binding):
        region = book.account(binding.sponsor).admdvs or NATION
        turn = book.regions.mode_turns(region, at, EARMARK_MODE)
        edges += [turn] if turn is not None else []
    if edges:
        out.due(DUE, str(binding.binding_id), min(edges))
    else:
        out.no_longer_due(DUE, str(binding.binding_id))


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
    surplus = mark.surplus(-change - waived, _spending(book, mark.sponsor, at))
    _give_back(book, mark, surplus, at, out, missed=False)


def credited(book: Book, psn_no: str, at: datetime, out: Out) -> None:
    """Fills the earmarks of an account up, oldest first; where the region has left the mode, what was set apart goes back."""
    for mark in book.earmarks.open_of(psn_no):
        if _offered(book, psn_no, at):
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
            _move(book, mark.purse, account, taken, GIVEN_BACK, mark, at, out)
            mark.missing, mark.changed = mark.missing + amount, True
            short -= amount


def turned(book: Book, psn_no: str, posting: bytes, at: datetime) -> None:
    """The year's turn moves the segments of what is set apart, too."""
    for mark in sorted(book.earmarks.of.get(psn_no, ()), key=lambda m: m.age):
        if amount := mark.purse.current:
            for segment, moved in ((CURRENT, -amount), (HISTORIC, amount)):
                entry = move(mark.purse, segment, moved, posting, "turn", at, mark.binding_id)
                book.new_entries.append(entry)


def closing(book: Book, psn_no: str, at: datetime, out: Out) -> None:
    """An account that is closed takes back what is set apart of it; nothing is set apart of it any more."""
    for mark in book.earmarks.open_of(psn_no):
        _give_back(book, mark, mark.purse.balance, at, out)


def candidate(book: Book, found: Candidate) -> Candidate:
    """The same binding with its earmark in place of the sponsor's account; nothing where nothing is set apart."""
    mark = book.earmarks.all.get(found.binding.binding_id)
    if mark is None or mark.place != Place.OPEN:
        return found._replace(current=0, historic=0)
    return found._replace(account=mark.purse, current=mark.purse.current, historic=mark.purse.historic)


def payer(book: Book, share: dict[str, Any]) -> Account:
    """The account row that a share of a stored result goes back to: the earmark while money is set apart, else the holder's own."""
    account = book.account(share["psn_no"])
    if not book.earmarks.all or not share["binding_id"] or account.state == State.CLOSED:
        return account
    mark = book.earmarks.all.get(UUID(share["binding_id"]))
    return account if mark is None or mark.place != Place.OPEN else mark.purse


def trim(book: Book, at: datetime, out: Out) -> None:
    """What came back from a bill and is above the amount goes on to the sponsor: it had been set apart again meanwhile."""
    above = [m for m in book.earmarks.all.values() if m.place == Place.OPEN and m.purse.balance > m.amount]
    for mark in sorted(above, key=lambda m: m.age):
        _give_back(book, mark, mark.purse.balance - mark.amount, at, out, missed=False)


def _offered(book: Book, psn_no: str, at: datetime) -> bool:
    """Whether the account's region has the mode. An account whose region is not known yet has no money to be set apart either."""
    account = book.account(psn_no)
    return not account.admdvs or EARMARK_MODE in _spending(book, psn_no, at).modes


def _spending(book: Book, psn_no: str, at: datetime) -> Spending:
    return book.regions.at(book.account(psn_no).admdvs or NATION, at).spending


NATION = "100000"


def _fill(book: Book, mark: Earmark, at: datetime, out: Out) -> None:
    account = book.account(mark.sponsor)
    if account.state == State.CLOSED or not account.balance:
        return
    spending = _spending(book, mark.sponsor, at)
    parts = free(account, spending, mark.wants(spending))
    if sum(parts):
        mark.missing, mark.changed = max(0, mark.missing - sum(parts)), True
        if mark.purse.admdvs != account.admdvs:
            mark.purse.admdvs, mark.purse.changed = account.admdvs, True
        _move(book, account, mark.purse, parts, SET_APART, mark, at, out)


def _give_back(
    book: Book, mark: Earmark, amount: int, at: datetime, out: Out, *, missed: bool = True
) -> None:
    """Money returns to the sponsor's own row. `missed`: it would be set apart again if the earmark opened again."""
    if amount:
        if missed:
            mark.missing, mark.changed = mark.missing + amount, True
        parts = back(mark.purse, amount)
        _move(book, mark.purse, book.account(mark.sponsor), parts, GIVEN_BACK, mark, at, out)


def _move(
    book: Book, giver: Account, taker: Account, parts: tuple[int, int], kind: str, mark: Earmark, at: datetime, out: Out
) -> None:  # fmt: skip
    posting = bytes.fromhex(new_setl_id(out.new_id()))
    for segment, amount in ((CURRENT, parts[0]), (HISTORIC, parts[1])):
        if amount:
            book.new_entries.append(move(giver, segment, -amount, posting, kind, at, mark.binding_id))
            book.new_entries.append(move(taker, segment, amount, posting, kind, at, mark.binding_id))
