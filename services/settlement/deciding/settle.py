"""Quote and settle: check the bill, split it, book it, answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.settlement.deciding import facts, holding
from services.settlement.deciding.apart import payer
from services.settlement.deciding.asking import Asked, new_setl_id
from services.settlement.deciding.splitting import Split, split_bill
from services.settlement.domain import results, share_list
from services.settlement.domain.accounts import Account, move
from services.settlement.domain.allocate import Take
from services.settlement.domain.bill import check_amounts, check_patient, personal_part
from services.settlement.domain.book import Book
from services.settlement.domain.groups import Group, group_of
from services.settlement.domain.holds import Hold
from services.settlement.domain.limits import POT, count
from services.settlement.domain.people import Person
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


class Told(NamedTuple):
    """What a result says: who paid, the cash, bindings left out, why there is cash, the policy's version, the visit's quote where it said
    otherwise, and more fields of the result."""

    paid: Paid
    cash: int
    out: list[Json]
    reasons: list[str]
    version: str
    quote: Quote | None
    more: Json


def settle(ask: Asked, bill: Bill) -> None:
    """Books a bill, or quotes it when the request is a quote."""
    book, at = ask.book, ask.at
    patient = book.persons.get(ask.psn_no)
    no = check_amounts(bill, at) or check_patient(bill, patient, book.holders)
    if no is not None or patient is None:
        if no is not None:
            ask.decline(no)
        return
    booking = ask.kind == "settle"
    hold = None
    if book.quotes.known:
        hold = holding.found(ask, bill, (bill.fixmedins_code, bill.mdtrt_id, bill.psn_no), booking)
    setl_id = new_setl_id(ask.out.new_id()) if booking else ""
    posting = bytes.fromhex(setl_id)
    if hold is not None:
        _say(ask, bill, patient, posting, _by_hold(ask, bill, hold, posting), hold.at)
        facts.paid_after_all(book, (UUID(s.binding_id) for s in hold.shares if s.binding_id))
        return
    split = split_bill(book, bill, patient, at)
    paid = _pay(book, split, bill, posting, at, booking)
    out = [results.left_out(b.binding_id, why) for b, why in split.left_out]
    reasons = _why_cash(bill, split)
    more = _known_to(book, split)
    held = ""
    if not booking and (end := holding.until(ask, bill, split)) is not None:
        held = holding.set_apart(ask, bill, split, paid.shares, end, (out, reasons))
        more["hold_until"] = end
    quote = _compared(ask, bill, split, paid, booking, held)
    _say(ask, bill, patient, posting, Told(paid, split.plan.cash, out, reasons, split.version, quote, more))


def _why_cash(bill: Bill, split: Split) -> list[str]:
    cash = split.plan.cash
    if not cash:
        return []
    whys = [why for _, why in split.left_out]
    return results.cash_reasons(
        cash, bill.acct_used_flag == "1", whys, split.sponsors, split.plan.bound, split.unpayable
    )


def _known_to(book: Book, split: Split) -> Json:
    """Up to when decisions on bindings were read, where a later one could make a difference."""
    if book.read_to is None or (not split.plan.cash and not split.sponsors and not split.left_out):
        return {}
    return {"bindings_read_to": book.read_to}


def _by_hold(ask: Asked, bill: Bill, hold: Hold, posting: bytes) -> Told:
    """The quoted shares, paid with what is held for them, whatever has become of the bindings since."""
    book, at = ask.book, ask.at
    shares: list[Json] = []
    sums = [0, 0]
    for share in hold.shares:
        binding_id = None if share.binding_id is None else UUID(share.binding_id)
        row = book.account(share.row)
        book.new_entries.append(move(row, share.segment, -share.amount, posting, "settle", at, binding_id))
        sums[binding_id is not None] += share.amount
        after = payer(book, {"psn_no": share.psn_no, "binding_id": share.binding_id}).of(share.segment)
        shares.append(
            results.share(
                binding_id is None, share.psn_no, SEGMENT[share.segment], share.amount, after, share.admdvs, binding_id,
                share.version, share.relation,
            )
        )  # fmt: skip
    book.book_counter(bill.fixmedins_code, hold.amount, posting, "settle", at)
    paid = Paid(shares, sums[0], sums[1], [share.counted for share in hold.shares])
    return Told(paid, personal_part(bill) - hold.amount, hold.out, hold.reasons, hold.policy, None, {})


def _say(
    ask: Asked, bill: Bill, patient: Person, posting: bytes, told: Told, held_at: datetime | None = None
) -> None:
    """Keeps a settlement (`held_at`: when a hold set apart what paid it), publishes the result and answers."""
    book, paid, booking = ask.book, told.paid, bool(posting)
    body = results.allocation(
        bill, posting.hex(), 1, ask.event.source, ask.event.id, ask.at, paid.acct, paid.mulaid, told.cash, paid.shares,
        told.out, told.reasons, told.version, told.quote,
    )  # fmt: skip
    if told.more:
        body |= told.more
    spending = book.regions.at(bill.insuplc_admdvs, ask.at).spending
    own = book.seen(bill.psn_no)
    balc = None if own is None else own.balance - (0 if booking or "hold_until" in told.more else paid.acct)
    answer = results.answer(body, balc, spending.mutual_aid == "inside", spending.fund_includes_account)
    place = book.institutions.get(bill.fixmedins_code)
    group = group_of(bill, patient, place)
    answer |= group.shown
    if paid.mulaid:
        answer |= share_list.told(paid.shares, place, book.regions, ask.at)
    value = results.encode(body)
    if booking:
        _keep(ask, bill, value, posting, paid.periods, group).held_at = held_at
    ask.done("settled" if booking else "quoted", value, answer, posting or None)


def _compared(ask: Asked, bill: Bill, split: Split, paid: Paid, booking: bool, held: str) -> Quote | None:
    """Remembers a quote with what is `held` for it; a settle takes the visit's quote, which is told if its shares were others."""
    quotes = ask.book.quotes
    visit = bill.fixmedins_code, bill.mdtrt_id, bill.psn_no
    if booking and visit not in quotes.known:
        return None
    takes: Sequence[Take] = split.plan.takes
    shares = fingerprint((t.candidate.binding.sponsor if t.candidate else bill.psn_no, t.segment, t.amount) for t in takes)  # fmt: skip
    if booking:
        known = quotes.take(visit)
        return known if known.shares != shares else None
    quotes.add(Quote(*visit, bill.msgid, paid.acct, paid.mulaid, split.plan.cash, shares, ask.at, held))
    return None


def _keep(
    ask: Asked, bill: Bill, value: bytes, posting: bytes, periods: list[str], group: Group
) -> Settlement:
    row = Settlement(
        posting, bill.msgid, bill.infno, bill.fixmedins_code, bill.psn_no, personal_part(bill), "settled", 1, 0, 0, None,
        "|".join(periods), value, ask.at, bill.insuplc_admdvs, group,
    )  # fmt: skip
    ask.book.settlements[posting] = row
    ask.book.new_settlements.append(row)
    return row


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
