"""Terms of use that the sponsor chose: uses, dates, quota."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from services.eligibility.domain.inquiry import Inquiry, state_reason
from shared.contracts.binding_requests import USES_ZH, Terms
from shared.contracts.reasons import Reason
from shared.policies.values import RegionPolicy


def terms(q: Inquiry) -> Iterator[Reason]:
    """The terms of the request are within the region's bounds."""
    yield from judge(q.policy, q.request.terms, q.day, prefix="terms.")


def judge(
    policy: RegionPolicy, chosen: Terms, day: date, *, prefix: str = "", started: bool = False
) -> Iterator[Reason]:
    """Everything in `chosen` that the policy does not allow on `day`. `started`: a first day in the past stands already."""
    missing = [use for use in dict.fromkeys(chosen.scope) if use not in policy.binding.uses]
    if missing:
        uses = "、".join(f"{USES_ZH.get(use, use)}({use})" for use in missing)
        yield state_reason(
            policy,
            "scope-not-allowed",
            "terms.scope",
            cites="binding.uses",
            field=f"{prefix}scope",
            uses=uses,
        )
    if not _dates_fit(policy, chosen, day, started):
        yield state_reason(
            policy,
            "dates-not-allowed",
            "terms.dates",
            cites="binding.max_days_ahead",
            field=f"{prefix}begndate",
            bounds="—",
            bounds_en="—",
        )
    if chosen.quota is not None and policy.spending.quota_scope == "none":
        yield state_reason(
            policy, "quota-not-allowed", "terms.quota", cites="spending.quota_scope", field=f"{prefix}quota"
        )


def _dates_fit(policy: RegionPolicy, chosen: Terms, day: date, started: bool) -> bool:
    first = chosen.begndate or day
    ahead = policy.binding.max_days_ahead
    if first < day and not started:
        return False
    if ahead is not None and first > day + timedelta(days=ahead):
        return False
    return chosen.enddate is None or chosen.enddate >= max(first, day)


RULES = (terms,)
