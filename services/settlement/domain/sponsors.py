"""Whether a binding counts for a bill, and what its sponsor's account may then give. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from services.settlement.domain.accounts import Account, State, period_key
from services.settlement.domain.allocate import Candidate
from services.settlement.domain.bindings import OFFERED_MODE, Binding, Terms, effective_at
from services.settlement.domain.declines import LEFT_OUT
from services.settlement.domain.limits import POT, Limit, keys, left_of, named, quota_of
from services.settlement.domain.payable import Piece, mask
from services.settlement.domain.people import Person
from shared.policies.types import Cap
from shared.policies.values import RegionPolicy, Spending

QUOTA, FLOOR = LEFT_OUT["quota-used"], LEFT_OUT["floor-reached"]


class Occasion(NamedTuple):
    """The bill, as every sponsor is asked about it. `second`: event time since 1970; `use`: of a binding's scope; `pieces`: the personal
    part as far as a table of what may be paid is in force, else `None`; `counted`: keys under which the caps of the patient's region
    count what each sponsor pays."""

    second: float
    use: str
    med_type: str  # empty for a premium
    pharmacy: bool
    pieces: Sequence[Piece] | None
    counted: tuple[str, ...]


def judge(
    binding: Binding, account: Account | None, sponsor: Person | None, policy: RegionPolicy, bill: Occasion
) -> Candidate | str:
    """What the binding may pay for a bill, or the code of why it takes no part.

    `policy` is the one of the sponsor's account: it says which money of that account others may spend. A sponsor whom the
    registry does not know yet is not asleep: the binding was approved on facts that simply arrived earlier elsewhere.
    """
    why = effective_at(binding, bill.second)
    if why:
        return why
    if sponsor is not None and (asleep := sleeping(sponsor, policy)):
        return asleep
    terms = binding.facts.terms_at(bill.second)
    if terms is None or bill.use not in terms.uses:
        return "out-of-scope"
    spending = policy.spending
    if binding.facts.mode not in spending.modes:
        return "mode-not-offered"
    if bill.med_type and not spending.allows(bill.med_type):
        return "care-not-covered"
    if account is None:
        return "no-balance"
    if account.state != State.OPEN:
        return "frozen" if account.state == State.FROZEN else "closed"
    caps = tuple(c for c in spending.caps if c.by != "beneficiary" and c.concerns(bill.use, bill.med_type)) if spending.caps else ()  # fmt: skip
    masks = None
    if bill.pieces is not None:
        masks = masks_of(bill.pieces, spending, "sponsor", bill.med_type, bill.pharmacy)
        if not any(masks):
            return "not-payable"
    limit = None
    if caps or spending.floor or terms.quota is not None or spending.quota_default is not None:
        limit = _tightest(binding, account, terms, spending, caps, bill.second)
    current, historic = usable(account, spending)
    return Candidate(
        binding, account, current, historic, limit, _counted(spending, caps, bill), terms.order, masks
    )


def sleeping(person: Person, policy: RegionPolicy) -> str | None:
    """`sponsor-deceased`, `asleep` (no insurance with an account in normal status), or `None`."""
    if not person.alive:
        return "sponsor-deceased"
    for row in person.insured:
        if (
            row.insutype in policy.binding.sponsor_insurance
            and row.status in policy.spending.insurance_status
        ):
            return None
    return "asleep"


def insured_normally(person: Person, policy: RegionPolicy) -> bool:
    """Whether the patient has a basic insurance in normal status; without one no binding counts for him or her."""
    return any(
        i.insutype in policy.binding.beneficiary_insurance and i.status in policy.spending.insurance_status
        for i in person.insured
    )


def usable(account: Account, spending: Spending) -> tuple[int, int]:
    """(current, historic) fen that others' bills may use."""
    segments = spending.sponsor_segments
    return (
        account.current if "current" in segments else 0,
        account.historic if "historic" in segments else 0,
    )


def masks_of(
    pieces: Sequence[Piece], spending: Spending, payer: str, med_type: str, pharmacy: bool
) -> tuple[int, int]:
    """Which pieces the current year's and the historic money of a payer may pay."""
    return (
        mask(pieces, spending, payer, "current", med_type, pharmacy),
        mask(pieces, spending, payer, "historic", med_type, pharmacy),
    )


def _tightest(
    binding: Binding, account: Account, terms: Terms, spending: Spending, caps: Sequence[Cap], second: float
) -> Limit | None:
    """The tightest of floor, quota and the region's caps by sponsor and by binding; `None` where there is none of them."""
    found: Limit | None = None
    if spending.floor and binding.facts.mode == OFFERED_MODE:  # else it was kept when money was set apart
        found = Limit(account.balance - spending.floor, FLOOR)
    if terms.quota is not None or spending.quota_default is not None:
        quota = quota_of(spending, terms.quota)
        if quota is not None:
            left = left_of(quota, spending, second, binding, account)
            if found is None or left < found.left:
                found = Limit(left, QUOTA)
    for cap in caps:
        left = left_of(cap, spending, second, binding, account)
        if found is None or left < found.left:
            found = named(cap, left)
    return found


def _counted(spending: Spending, caps: Sequence[Cap], bill: Occasion) -> str:
    """Under which keys a share counts: the quota's whether there is one or not (one set later counts from the period's begin)."""
    key = period_key(spending.quota_period, bill.second, spending.insured_year_start)
    if key and spending.quota_scope == "all-members":
        key += POT
    if not caps and not bill.counted:
        return key
    every = {k for k in (key, *keys(caps, spending, bill.second), *bill.counted) if k}
    return ",".join(sorted(k for k in every if k.endswith(POT) or k + POT not in every))
