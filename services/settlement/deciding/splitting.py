"""Who would pay what of a bill: what the book knows, brought before the rules of the domain. Changes nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.settlement.deciding import apart
from services.settlement.domain.accounts import Account, State
from services.settlement.domain.allocate import Candidate, Plan, Rules, Table, allocate, from_own
from services.settlement.domain.bill import personal_part
from services.settlement.domain.bindings import OFFERED_MODE, Binding, use_of
from services.settlement.domain.book import Book
from services.settlement.domain.declines import LEFT_OUT, Why
from services.settlement.domain.limits import common, keys
from services.settlement.domain.payable import Piece, pieces_of
from services.settlement.domain.people import Institution, Person
from services.settlement.domain.sponsors import Occasion, insured_normally, judge, masks_of
from shared.clock import BEIJING
from shared.contracts.settlement_requests import Bill
from shared.policies.values import RegionPolicy, within


class Split(NamedTuple):
    """A bill's allocation with what the answer has to say about it. `unpayable`: pieces of the bill that nobody may pay."""

    plan: Plan
    own: Account | None
    left_out: list[tuple[Binding, Why]]
    sponsors: bool
    policy: RegionPolicy
    version: str
    unpayable: Sequence[Piece] = ()


def split_bill(book: Book, bill: Bill, patient: Person, at: datetime) -> Split:
    """Who would pay what at `at`, by what the book knows. Changes nothing."""
    policy = book.regions.at(bill.insuplc_admdvs, at)
    own = book.seen(bill.psn_no)
    due = personal_part(bill)
    if bill.acct_used_flag != "1":
        return Split(Plan([], due, []), own, [], False, policy, policy.version)
    mine = (own.current, own.historic) if own is not None and own.state == State.OPEN else (0, 0)
    bindings = book.bound.get(bill.psn_no, ())
    tabled = bool(bill.feedetail) or policy.spending.payable is not None
    if not tabled and (not bindings or due <= mine[0] + mine[1]):
        return Split(from_own(due, mine), own, [], False, policy, policy.version)
    theirs: list[RegionPolicy] = []
    for binding in bindings:
        their = _policy_of(book, binding, bill.insuplc_admdvs, policy, at)
        theirs.append(their)
        tabled = tabled or their.spending.payable is not None
    return _with_sponsors(book, bill, patient, at, policy, theirs, mine, tabled)


def _policy_of(book: Book, binding: Binding, region: str, policy: RegionPolicy, at: datetime) -> RegionPolicy:
    """The policy of the sponsor's account; that of the patient's `region` while the account has none."""
    account = book.accounts.get(binding.sponsor)
    if account is None or not account.admdvs or account.admdvs == region:
        return policy
    return book.regions.at(account.admdvs, at)


def _with_sponsors(
    book: Book, bill: Bill, patient: Person, at: datetime, policy: RegionPolicy, theirs: list[RegionPolicy],
    mine: tuple[int, int], tabled: bool,
) -> Split:  # fmt: skip
    spending = policy.spending
    institution = book.institutions.get(bill.fixmedins_code)
    pharmacy = institution is not None and institution.pharmacy
    use, second = use_of(bill.med_type, pharmacy), at.timestamp()
    caps = [c for c in spending.caps if c.by == "beneficiary" and c.concerns(use, bill.med_type)] if spending.caps else ()  # fmt: skip
    pieces = pieces_of(bill, spending) if tabled else None
    asked = Occasion(second, use, bill.med_type, pharmacy, pieces, keys(caps, spending, second) if caps else ())  # fmt: skip
    table = None if pieces is None else Table(pieces, masks_of(pieces, spending, "own", bill.med_type, pharmacy))  # fmt: skip
    bindings = book.bound.get(bill.psn_no, ())
    why = _none_counts(bill, patient, institution, policy, at) if bindings else None
    if why is not None:
        candidates: list[Candidate] = []
        left_out, versions = [(b, why) for b in bindings], [policy.version]
    else:
        candidates, left_out, versions = _candidates(book, bindings, theirs, policy, asked)
    bound = common(caps, spending, second, bindings) if caps else None
    rules = Rules(spending.order, spending.tie_breakers, spending.one_sponsor_per_settlement, bound)
    plan = allocate(personal_part(bill), mine, candidates, rules, table)
    left_out.extend((c.binding, why) for c, why in plan.left_out)
    if not plan.cash and not any(take.candidate for take in plan.takes):
        left_out = []  # the own account sufficed: nobody was needed
    return Split(
        plan, book.seen(bill.psn_no), left_out, bool(candidates), policy, "+".join(dict.fromkeys(versions))[:64],
        _unpayable(table, candidates),
    )  # fmt: skip


def _none_counts(
    bill: Bill, patient: Person, institution: Institution | None, policy: RegionPolicy, at: datetime
) -> Why | None:
    """Why no binding of the patient counts for this bill, whoever the sponsor is."""
    if not insured_normally(patient, policy):
        return LEFT_OUT["beneficiary-asleep"]
    reach = policy.spending.unfiled_reach
    if reach is None or institution is None or within(reach, bill.insuplc_admdvs, institution.admdvs):
        return None
    day = bill.bill_at.astimezone(BEIJING).date()
    return None if patient.filed(institution.admdvs, day) else LEFT_OUT["not-filed"]


def _candidates(
    book: Book,
    bindings: Sequence[Binding],
    theirs: Sequence[RegionPolicy],
    policy: RegionPolicy,
    asked: Occasion,
) -> tuple[list[Candidate], list[tuple[Binding, Why]], list[str]]:
    candidates: list[Candidate] = []
    left_out: list[tuple[Binding, Why]] = []
    versions = [policy.version]
    payers: set[str] = set()
    for binding, their in zip(bindings, theirs, strict=True):
        sponsor = binding.sponsor
        found = judge(binding, book.seen(sponsor), book.persons.get(sponsor), their, asked)
        if isinstance(found, str):
            left_out.append((binding, LEFT_OUT[found]))
        elif sponsor in payers:  # never one account twice in a bill, whatever the bindings say
            left_out.append((binding, LEFT_OUT["bound-twice"]))
        else:
            payers.add(sponsor)
            if binding.facts.mode != OFFERED_MODE:
                found = apart.candidate(book, found)
            candidates.append(found)
            versions.append(their.version)
    return candidates, left_out, versions


def _unpayable(table: Table | None, candidates: Sequence[Candidate]) -> tuple[Piece, ...]:
    """Pieces that neither the own account nor any sponsor who takes part may pay."""
    if table is None:
        return ()
    bits = table.own[0] | table.own[1]
    for c in candidates:
        for mask in c.masks or ():
            bits |= mask
    return tuple(p for n, p in enumerate(table.pieces) if not bits >> n & 1)
