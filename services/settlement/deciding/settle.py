"""Quote and settle: check the bill, split it, book it, answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.settlement.deciding.asking import Asked, new_setl_id
from services.settlement.deciding.splitting import Split, split_bill
from services.settlement.domain import results
from services.settlement.domain.accounts import Account, move
from services.settlement.domain.allocate import Take
from services.settlement.domain.bill import check_amounts, check_patient, personal_part
from services.settlement.domain.book import Book
from services.settlement.domain.groups import Group, group_of
from services.settlement.domain.limits import POT, count
from services.settlement.domain.quotes import Quote, fingerprint
from services.settlement.domain.results import Json
from services.settlement.domain.undo import Settlement
from shared.contracts.account_credits import Segment
from shared.contracts.settlement_requests import Bill

SEGMENT = (Segment.CURRENT.value, Segment.HISTORIC.value)


class Paid(NamedTuple):
    """Shares as JSON, fen of own and of shared money, and the keys under which each share was counted."""

    shares: list[Json]
    acct: int
    mulaid: int
    periods: list[str]


def settle(ask: Asked, bill: Bill) -> None:
    """Books a bill, or quotes it when the request is a quote."""
    book, at = ask.book, ask.at
    patient = book.persons.get(ask.psn_no)
    no = check_amounts(bill, at) or check_patient(bill, patient, book.holders)
    if no is not None or patient is None:
        if no is not None:
            ask.decline(no)
        return
    split = split_bill(book, bill, patient, at)
    booking = ask.kind == "settle"
    setl_id = new_setl_id(ask.out.new_id()) if booking else ""
    posting = bytes.fromhex(setl_id)
    paid = _pay(book, split, bill, posting, at, booking)
    quote = _compared(ask, bill, split, paid, booking)
    cash = split.plan.cash
    reasons = []
    if cash:
        whys = [why for _, why in split.left_out]
        reasons = results.cash_reasons(
            cash, bill.acct_used_flag == "1", whys, split.sponsors, split.plan.bound, split.unpayable
        )
    body = results.allocation(
        bill, setl_id, 1, ask.event.source, ask.event.id, at, paid.acct, paid.mulaid, cash, paid.shares,
        [results.left_out(b.binding_id, why) for b, why in split.left_out], reasons, split.version, quote,
    )  # fmt: skip
    spending = split.policy.spending
    own = split.own
    balc = None if own is None else own.balance - (0 if booking else paid.acct)
    answer = results.answer(body, balc, spending.mutual_aid == "inside", spending.fund_includes_account)
    group = group_of(bill, patient, book.institutions.get(bill.fixmedins_code))
    answer |= group.shown
    value = results.encode(body)
    if booking:
        _keep(ask, bill, value, posting, paid.periods, group)
    ask.done("settled" if booking else "quoted", value, answer, posting or None)


def _compared(ask: Asked, bill: Bill, split: Split, paid: Paid, booking: bool) -> Quote | None:
    """Remembers a quote; for a settle the visit's quote if its shares were others."""
    quotes = ask.book.quotes
    visit = bill.fixmedins_code, bill.mdtrt_id, bill.psn_no
    if booking and visit not in quotes.known:
        return None
    takes: Sequence[Take] = split.plan.takes
    shares = fingerprint((t.candidate.binding.sponsor if t.candidate else bill.psn_no, t.segment, t.amount) for t in takes)  # fmt: skip
    if booking:
        known = quotes.known[visit]
        return known if known.shares != shares else None
    quotes.add(Quote(*visit, bill.msgid, paid.acct, paid.mulaid, split.plan.cash, shares, ask.at))
    return None


def _keep(ask: Asked, bill: Bill, value: bytes, posting: bytes, periods: list[str], group: Group) -> None:
    row = Settlement(
        posting, bill.msgid, bill.infno, bill.fixmedins_code, bill.psn_no, personal_part(bill), "settled", 1, 0, 0, None,
        "|".join(periods), value, ask.at, bill.insuplc_admdvs, group,
    )  # fmt: skip
    ask.book.settlements[posting] = row
    ask.book.new_settlements.append(row)


def _pay(book: Book, split: Split, bill: Bill, posting: bytes, at: datetime, booking: bool) -> Paid:
    """Who pays what, as it is said and as it is booked when `booking`."""
    shares: list[Json] = []
    periods: list[str] = []
    sums = [0, 0]
    own = split.own
    for take in split.plan.takes:
        candidate, segment, amount = take
        account = own if candidate is None else candidate.account
        assert account is not None  # a take is made of an account
        sums[candidate is not None] += amount
        if booking:
            periods.append(_book(book, take, account, posting, at))
        after = account.of(segment) - (0 if booking else amount)
        admdvs = account.admdvs or bill.insuplc_admdvs
        if candidate is None:
            shares.append(results.share(True, account.psn_no, SEGMENT[segment], amount, after, admdvs))
        else:
            b = candidate.binding
            shares.append(
                results.share(
                    False,
                    b.sponsor,
                    SEGMENT[segment],
                    amount,
                    after,
                    admdvs,
                    b.binding_id,
                    b.version,
                    b.relation,
                )
            )
    if booking and shares:
        book.book_counter(bill.fixmedins_code, sums[0] + sums[1], posting, "settle", at)
    return Paid(shares, sums[0], sums[1], periods)


def _book(book: Book, take: Take, account: Account, posting: bytes, at: datetime) -> str:
    candidate, segment, amount = take
    if candidate is None:
        book.new_entries.append(move(account, segment, -amount, posting, "settle", at))
        return ""
    binding = candidate.binding
    book.new_entries.append(move(account, segment, -amount, posting, "settle", at, binding.binding_id))
    pot = book.account(binding.sponsor) if POT in candidate.counted else None
    count(candidate.counted, binding, pot, amount)
    return candidate.counted
