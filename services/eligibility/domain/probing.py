"""Asking for strangers: a sponsor who names too many people who cannot be confirmed is stopped for the day.

Without it anybody could find out, certificate by certificate, who is insured where.
"""

from __future__ import annotations

from dataclasses import replace

from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.screening import Finding, Outcome

NOT_CONFIRMED, STOPPED = "beneficiary-not-confirmed", "too-many-unconfirmed"


def stopped(q: Inquiry, unconfirmed: int) -> bool:
    """Whether the sponsor has named as many strangers today as the region bears. At a counter a clerk sees the certificates."""
    limit = q.policy.binding.max_unconfirmed_per_day
    seen = q.request.channel.in_person and q.request.counter is not None
    return limit is not None and unconfirmed >= limit and not seen


def blind(q: Inquiry) -> Inquiry:
    """The inquiry without anything about the relative."""
    return replace(q, beneficiary=None, relation=None)


def refusal(q: Inquiry) -> Finding:
    """The one reason; nothing else was looked at."""
    cites = "binding.max_unconfirmed_per_day"
    why = q.why(STOPPED, "sponsor.unconfirmed", cites=cites, field="sponsor")
    return Finding(Outcome.REFUSED, (why,), (), (), unknown_person=False)
