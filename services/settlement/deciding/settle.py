"""Quote and settle: check the bill, split it, book it, answer."""

from datetime import datetime
from typing import NamedTuple

from services.settlement.deciding.asking import Asked, new_setl_id
from services.settlement.domain import results
from services.settlement.domain.accounts import Account, State, counter, move, use
from services.settlement.domain.allocate import Candidate, Plan, Take, allocate
from services.settlement.domain.bill import check_amounts, check_patient, personal_part
from services.settlement.domain.bindings import Binding, use_of
from services.settlement.domain.book import Book
from services.settlement.domain.people import Person
from services.settlement.domain.results import Json
from services.settlement.domain.sponsors import insured_normally, judge
from services.settlement.domain.undo import Settlement
from shared.contracts.account_credits import Segment
from shared.contracts.settlement_requests import Bill
from shared.policies.values import RegionPolicy

SEGMENT = (Segment.CURRENT.value, Segment.HISTORIC.value)


class Split(NamedTuple):
    """A bill's allocation with what the answer has to say about it."""

    plan: Plan
    own: Account | None
    left_out: list[tuple[Binding, str]]
    sponsors: bool
    policy: RegionPolicy
    version: str


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
    shares, acct, mulaid, periods = _pay(book, split, bill, posting, at, booking)
    cash = split.plan.cash
    used = bill.acct_used_flag == "1"
    codes = [code for _, code in split.left_out]
    reasons = results.cash_reasons(cash, used, codes, split.sponsors) if cash else []
    body = results.allocation(
        bill, setl_id, 1, ask.event.source, ask.event.id, at, acct, mulaid, cash, shares,
        [results.left_out(b.binding_id, code) for b, code in split.left_out], reasons, split.version,
    )  # fmt: skip
    spending = split.policy.spending
    own = split.own
    balc = None if own is None else own.balance - (0 if booking else acct)
    answer = results.answer(body, balc, spending.mutual_aid == "inside", spending.fund_includes_account)
    value = results.encode(body)
    if booking:
        _keep(ask, bill, value, posting, periods)
    ask.done("settled" if booking else "quoted", value, answer, posting or None)


def _keep(ask: Asked, bill: Bill, value: bytes, posting: bytes, periods: list[str]) -> None:
    row = Settlement(
        posting, bill.msgid, bill.infno, bill.fixmedins_code, bill.psn_no, personal_part(bill), "settled", 1, 0, 0, None,
        "|".join(periods), value, ask.at, bill.insuplc_admdvs,
    )  # fmt: skip
    ask.book.settlements[posting] = row
    ask.book.new_settlements.append(row)


def split_bill(book: Book, bill: Bill, patient: Person, at: datetime) -> Split:
    """Who would pay what at `at`, by what the book knows. Changes nothing."""
    policy = book.regions.at(bill.insuplc_admdvs, at)
    own = book.accounts.get(bill.psn_no)
    due = personal_part(bill)
    if bill.acct_used_flag != "1":
        return Split(Plan([], due, []), own, [], False, policy, policy.version)
    mine = (own.current, own.historic) if own is not None and own.state == State.OPEN else (0, 0)
    bindings = book.bound.get(bill.psn_no, ())
    if not bindings or due <= mine[0] + mine[1]:
        return Split(allocate(due, mine, (), "", False), own, [], False, policy, policy.version)
    candidates, left_out, versions = _candidates(book, bill, patient, at, policy)
    spending = policy.spending
    plan = allocate(due, mine, candidates, spending.order, spending.one_sponsor_per_settlement)
    left_out.extend((c.binding, code) for c, code in plan.left_out)
    return Split(plan, own, left_out, bool(candidates), policy, "+".join(dict.fromkeys(versions))[:64])


def _candidates(
    book: Book, bill: Bill, patient: Person, at: datetime, policy: RegionPolicy
) -> tuple[list[Candidate], list[tuple[Binding, str]], list[str]]:
    institution = book.institutions.get(bill.fixmedins_code)
    use = use_of(bill.med_type, institution is not None and institution.pharmacy)
    awake = insured_normally(patient, policy)
    candidates: list[Candidate] = []
    left_out: list[tuple[Binding, str]] = []
    versions = [policy.version]
    second = at.timestamp()
    payers: set[str] = set()
    for binding in book.bound[bill.psn_no]:
        account = book.accounts.get(binding.sponsor)
        theirs = book.regions.at(account.admdvs, at) if account is not None and account.admdvs else policy
        found: Candidate | str = "beneficiary-asleep"
        if awake:
            found = judge(
                binding, account, book.persons.get(binding.sponsor), theirs, second, use, bill.med_type
            )
        if isinstance(found, str):
            left_out.append((binding, found))
        elif binding.sponsor in payers:  # never one account twice in a bill, whatever the bindings say
            left_out.append((binding, "bound-twice"))
        else:
            payers.add(binding.sponsor)
            candidates.append(found)
            versions.append(theirs.version)
    return candidates, left_out, versions


def _pay(
    book: Book, split: Split, bill: Bill, posting: bytes, at: datetime, booking: bool
) -> tuple[list[Json], int, int, list[str]]:
    """Shares as JSON, sums of own and shared money, and the quota period of each share; books them when `booking`."""
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
                    account.psn_no,
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
        book.new_entries.append(counter(bill.fixmedins_code, sums[0] + sums[1], posting, "settle", at))
    return shares, sums[0], sums[1], periods


def _book(book: Book, take: Take, account: Account, posting: bytes, at: datetime) -> str:
    candidate, segment, amount = take
    if candidate is None:
        book.new_entries.append(move(account, segment, -amount, posting, "settle", at))
        return ""
    binding = candidate.binding
    book.new_entries.append(move(account, segment, -amount, posting, "settle", at, binding.binding_id))
    use(binding.usage, candidate.period, amount)
    binding.changed = True
    if candidate.shared_pot:
        use(account.usage, candidate.period, amount)
        account.changed = True
        return candidate.period + "*"
    return candidate.period
