"""Setting a quote's shares apart, paying the visit's settle with them, giving them back.

Every movement is a posting that sums to zero: the holders' own rows (or earmarks) and the rows of what is held of them. Money that cannot
go back, because the account was closed or the holder died, is held for staff like any other.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.settlement.deciding import earmark
from services.settlement.deciding.asking import Asked, new_setl_id
from services.settlement.deciding.splitting import Split
from services.settlement.deciding.to_holders import to_holder
from services.settlement.domain.accounts import Account, move
from services.settlement.domain.allocate import Take
from services.settlement.domain.book import Book
from services.settlement.domain.holds import (
    HeldShare,
    Hold,
    bill_digest,
    hold_name,
    hold_text,
    lasts,
    read_hold,
)
from services.settlement.domain.limits import POT, count
from services.settlement.domain.quotes import Quote, Visit
from services.settlement.domain.results import Json
from shared.contracts.settlement_requests import Bill
from shared.messaging.handler import Due, Out

DUE = "hold"
SET_APART, GIVEN_BACK = "hold", "hold-back"


def found(ask: Asked, bill: Bill, visit: Visit, booking: bool) -> Hold | None:
    """The hold that pays this settle. What is held of the visit for another bill, or no longer, is given back first; so it is when the
    visit is quoted again."""
    quote = ask.book.quotes.known.get(visit)
    if quote is None or not quote.hold:
        return None
    hold = read_hold(quote.hold)
    if booking and ask.at < hold.until and hold.bill == bill_digest(bill):
        ask.book.quotes.take(visit)
        ask.out.no_longer_due(DUE, hold.id)
        return hold
    ask.out.no_longer_due(DUE, hold.id)
    release(ask.book, quote, hold, ask.at, ask.out)
    return None


def until(ask: Asked, bill: Bill, split: Split) -> datetime | None:
    """Until when the shares of a quote are to be set apart; `None`: they are not."""
    wanted = getattr(bill, "hold_minutes", None)
    if wanted is None or not split.plan.takes:
        return None
    return lasts(ask.at, wanted, split.policy.spending.hold_minutes)


def set_apart(
    ask: Asked, bill: Bill, split: Split, shares: Sequence[Json], end: datetime, said: tuple[list[Json], list[str]]
) -> str:  # fmt: skip
    """Moves the quoted shares to the rows of what is held, counts them, and says when they are free again; the hold as text."""
    book = ask.book
    id = new_setl_id(ask.out.new_id())
    posting = bytes.fromhex(id)
    held = tuple(
        _hold(book, take, share, posting, ask.at)
        for take, share in zip(split.plan.takes, shares, strict=True)
    )
    ask.out.due(DUE, id, end, {"visit": [bill.fixmedins_code, bill.mdtrt_id, bill.psn_no]})
    return hold_text(Hold(id, ask.at, end, bill_digest(bill), held, *said, split.version))


def _hold(book: Book, take: Take, share: Json, posting: bytes, at: datetime) -> HeldShare:
    candidate, segment, amount = take
    psn_no = share["psn_no"]
    account = book.account(psn_no) if candidate is None else candidate.account
    binding = None if candidate is None else candidate.binding
    binding_id = None if binding is None else binding.binding_id
    counted = "" if candidate is None else candidate.counted
    row = row_of(book, account)
    for one, moved in ((account, -amount), (row, amount)):
        book.new_entries.append(move(one, segment, moved, posting, SET_APART, at, binding_id))
    if binding is not None:
        count(counted, binding, book.account(psn_no) if POT in counted else None, amount)
    return HeldShare(
        psn_no, segment, amount, share["admdvs"], counted, share["binding_id"], share["binding_version"], share["relation"],
        "" if account.psn_no == psn_no else account.psn_no,
    )  # fmt: skip


def row_of(book: Book, account: Account) -> Account:
    """The row that has what is held of an account, earmark or wallet; in its region."""
    name, admdvs = hold_name(account.psn_no), account.admdvs
    row = book.accounts.get(name)
    if row is None:
        row = book.accounts[name] = Account(name, admdvs)
        book.new_rows.append(row)
    elif row.admdvs != admdvs:
        row.admdvs, row.changed = admdvs, True
    return row


def release(book: Book, quote: Quote, hold: Hold, at: datetime, out: Out) -> None:
    """Gives everything back to the holders, the last share first, and forgets what was counted."""
    posting = bytes.fromhex(new_setl_id(out.new_id()))
    for share in reversed(hold.shares):
        binding_id = None if share.binding_id is None else UUID(share.binding_id)
        row = book.account(share.row)
        book.new_entries.append(move(row, share.segment, -share.amount, posting, GIVEN_BACK, at, binding_id))
        said = {"psn_no": share.psn_no, "binding_id": share.binding_id}
        to_holder(book, said, share.segment, hold.at, share.amount, posting, GIVEN_BACK, at)
        binding = None if binding_id is None else book.bindings.get(binding_id)
        if binding is not None:
            pot = book.account(binding.sponsor) if POT in share.counted else None
            count(share.counted, binding, pot, -share.amount)
    book.quotes.add(quote._replace(hold=""))
    earmark.trim(book, at, out)


def due(book: Book, item: Due, out: Out) -> None:
    """The time of a hold is over; one that was used, given back or replaced meanwhile is not touched."""
    code, mdtrt_id, psn_no = item.body["visit"]
    quote = book.quotes.known.get((code, mdtrt_id, psn_no))
    if quote is not None and quote.hold and (hold := read_hold(quote.hold)).id == item.entity:
        release(book, quote, hold, item.time, out)
