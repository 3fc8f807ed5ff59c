"""Where money goes that goes back: to the holder who paid it, and to nobody else."""

from datetime import datetime
from uuid import UUID

from services.settlement.deciding import apart
from services.settlement.domain.accounts import CURRENT, HISTORIC, Account, State, held, move
from services.settlement.domain.book import Book
from services.settlement.domain.results import Json


def receives(book: Book, psn_no: str) -> bool:
    """Whether a person's account takes money back: not when it was closed, nor when the holder died."""
    person = book.persons.get(psn_no)
    return book.account(psn_no).state != State.CLOSED and (person is None or person.alive)


def place(book: Book, share: Json, segment: int, paid_at: datetime) -> tuple[Account, int]:
    """The row and segment to which a share of `paid_at` goes back. What was of the current year is historic once the year has turned.

    `share` has `psn_no` and `binding_id` as in a result.
    """
    turned = book.account(share["psn_no"]).turned_at
    if segment == CURRENT and turned is not None and paid_at < turned:
        segment = HISTORIC
    return apart.payer(book, share), segment


def to_holder(
    book: Book, share: Json, segment: int, paid_at: datetime, amount: int, posting: bytes, kind: str, at: datetime,
    original: bytes | None = None,
) -> None:  # fmt: skip
    """Books `amount` fen for the holder of a share; a closed account's or a deceased holder's money is held for staff."""
    psn_no = share["psn_no"]
    account, segment = place(book, share, segment, paid_at)
    if account.psn_no == psn_no and not receives(book, psn_no):
        book.new_entries.append(held(psn_no, amount, posting, kind, at, original))
        return
    binding_id = binding_of(share)
    book.new_entries.append(move(account, segment, amount, posting, kind, at, binding_id, original))


def binding_of(share: Json) -> UUID | None:
    """The binding that a share of a result names."""
    return UUID(share["binding_id"]) if share["binding_id"] else None


def off_recovery(book: Book, case: str | None, amount: int) -> int:
    """Takes `amount` fen off a case of what is to be recovered, if there is one; how much of it had come in already."""
    owed = None if case is None else book.recoveries.get(case)
    if owed is None:
        return 0
    less = min(amount, max(0, owed.amount - owed.settled))
    owed.settled, owed.changed = owed.settled + less, True
    return amount - less
