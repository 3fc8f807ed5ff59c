"""Terms of use that the sponsor chose: uses, quota, dates. The same rules hold for a request and for a later change."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta

from services.eligibility.domain import rules_proof
from services.eligibility.domain.inquiry import Inquiry, state_reason
from shared.contracts.binding_requests import USES_ZH, Material, Terms
from shared.contracts.reasons import Reason
from shared.policies.values import Binding, RegionPolicy


def terms(q: Inquiry) -> Iterator[Reason]:
    """The terms of the request are within the region's bounds."""
    chosen = q.request.terms
    yield from scope(q.policy, chosen.scope, prefix="terms.")
    yield from dates(q.policy, chosen, q.day, prefix="terms.")
    yield from quota(q.policy, chosen, prefix="terms.")


def scope(policy: RegionPolicy, uses: Collection[str], *, prefix: str = "") -> Iterator[Reason]:
    """Every chosen use is one of the region's. The list is open: a use is a line in a region file."""
    missing = [use for use in dict.fromkeys(uses) if use not in policy.binding.uses]
    if missing:
        shown = "、".join(f"{USES_ZH.get(use, use)}({use})" for use in missing)
        yield state_reason(
            policy,
            "scope-not-allowed",
            "terms.scope",
            cites="binding.uses",
            field=f"{prefix}scope",
            uses=shown,
        )


def quota(policy: RegionPolicy, chosen: Terms, *, prefix: str = "") -> Iterator[Reason]:
    """A quota is set only where the region has quotas."""
    if chosen.quota is not None and policy.spending.quota_scope == "none":
        yield state_reason(
            policy, "quota-not-allowed", "terms.quota", cites="spending.quota_scope", field=f"{prefix}quota"
        )


def earmark(policy: RegionPolicy, standing: Terms, chosen: Terms) -> Iterator[Reason]:
    """The amount set apart is changed only where one is: the mode of a standing binding stays."""
    if standing.earmark is None and chosen.earmark is not None:
        yield state_reason(
            policy, "earmark-not-allowed", "terms.earmark", cites="binding.mode", field="earmark"
        )


def dates(
    policy: RegionPolicy, chosen: Terms, day: date, *, prefix: str = "", begun: date | None = None
) -> Iterator[Reason]:
    """First and last day are within the region's bounds on `day`, one reason for each bound that is broken.

    Both days count, the last one until 24:00 Beijing time. `begun`: the first day of a binding that counts already, when the change leaves it as
    it is; a term is counted from it.
    """
    for key, name in _broken(policy.binding, chosen, day, begun):
        zh, en = bounds(policy.binding, day)
        cites = f"binding.{key}" if key else None
        yield state_reason(
            policy,
            "dates-not-allowed",
            f"terms.dates.{key.replace('_', '-')}" if key else "terms.dates",
            cites=cites,
            field=prefix + name,
            bounds=zh,
            bounds_en=en,
        )


def _broken(binding: Binding, chosen: Terms, day: date, begun: date | None) -> Iterator[tuple[str, str]]:
    """Keys that are broken, "" for what needs no key (no first day in the past, no end before the start), with the field."""
    first, last = begun or chosen.begndate or day, chosen.enddate
    if begun is None and first < day:
        yield "", "begndate"
    if begun is None and binding.max_days_ahead is not None and (first - day).days > binding.max_days_ahead:
        yield "max_days_ahead", "begndate"
    if last is None:
        if binding.max_term_days is not None:
            yield "max_term_days", "enddate"
        return
    if last < max(first, day):
        yield "", "enddate"
        return
    length = (last - first).days + 1
    if binding.max_term_days is not None and length > binding.max_term_days:
        yield "max_term_days", "enddate"
    if binding.min_term_days is not None and length < binding.min_term_days:
        yield "min_term_days", "enddate"


def bounds(binding: Binding, day: date) -> tuple[str, str]:
    """What dates may be chosen on a day, in Chinese and English."""
    zh, en = [f"开始日期不早于{day}"], [f"first day from {day}"]
    if binding.max_days_ahead is not None:
        latest = day + timedelta(days=binding.max_days_ahead)
        zh.append(f"不晚于{latest}")
        en.append(f"to {latest}")
    zh.append("结束日期不早于开始日期和当日")
    en.append("last day not before the first day and today")
    shortest, longest = binding.min_term_days, binding.max_term_days
    if longest is not None:
        zh.append("须选结束日期")
        en.append("a last day has to be chosen")
    if shortest is not None:
        zh.append(f"有结束日期的至少{shortest}天")
        en.append(f"a chosen term has at least {shortest} days")
    if longest is not None:
        zh.append(f"最多{longest}天")
        en.append(f"at most {longest} days")
    return "，".join(zh), ", ".join(en)


def use_proofs(policy: RegionPolicy, uses: Collection[str], given: Collection[Material]) -> Iterator[Reason]:
    """Uses that a change adds have the documents that they need among those of the binding."""
    needed = policy.binding.use_proofs
    for use in uses:
        if use in policy.binding.uses and use in needed and not rules_proof.met(needed[use], given):
            yield rules_proof.use_reason(policy, use, needed[use])


RULES = (terms,)
