"""Whether a binding counts for a bill, and what its sponsor's account may then give. Pure."""

from services.settlement.domain.accounts import Account, State, period_key
from services.settlement.domain.allocate import Candidate
from services.settlement.domain.bindings import Binding, effective_at
from services.settlement.domain.people import Person
from shared.policies.values import RegionPolicy, Spending


def judge(
    binding: Binding, account: Account | None, sponsor: Person | None, policy: RegionPolicy, second: float,
    use: str, med_type: str,
) -> Candidate | str:  # fmt: skip
    """What the binding may pay at a time (seconds since 1970), or the code of why it takes no part.

    `policy` is the one of the sponsor's account: it says which money of that account others may spend. A sponsor whom the
    registry does not know yet is not asleep: the binding was approved on facts that simply arrived earlier elsewhere.
    """
    why = effective_at(binding, second)
    if why:
        return why
    if sponsor is not None and (asleep := sleeping(sponsor, policy)):
        return asleep
    terms = binding.facts.terms_at(second)
    if terms is None or use not in terms.uses:
        return "out-of-scope"
    spending = policy.spending
    if not spending.allows(med_type):
        return "care-not-covered"
    if account is None:
        return "no-balance"
    if account.state != State.OPEN:
        return "frozen" if account.state == State.FROZEN else "closed"
    period = period_key(spending.quota_period, second)
    quota = quota_left(binding, account, terms.quota, spending, period)
    return Candidate(
        binding, account, *usable(account, spending), account.balance - spending.floor, quota, period,
        spending.quota_scope == "all-members", terms.order,
    )  # fmt: skip


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


def quota_left(
    binding: Binding, account: Account, quota: int | None, spending: Spending, period: str
) -> int | None:
    """What is left of the quota in the period, `None` for no quota. With `all-members` all beneficiaries share one pot."""
    if spending.quota_scope == "none":
        return None
    limit = spending.quota_default if quota is None else quota
    if limit is None:
        return None
    used = account.usage if spending.quota_scope == "all-members" else binding.usage
    return limit - used.get(period, 0)
