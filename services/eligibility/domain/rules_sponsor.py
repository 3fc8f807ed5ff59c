"""The sponsor: known, alive, in employee insurance with normal status, account usable, balance high enough."""

from __future__ import annotations

from collections.abc import Iterator

from services.eligibility.domain.inquiry import Inquiry
from shared.contracts.base import yuan
from shared.contracts.reasons import Reason


def known(q: Inquiry) -> Iterator[Reason]:
    """The registry knows the sponsor, by number, certificate and name."""
    if q.sponsor is None:
        yield q.why("sponsor-unknown", "sponsor.known", field="sponsor.psn_no")
    elif q.known_sponsor is None:
        yield q.why("sponsor-mismatch", "sponsor.known", field="sponsor")


def alive(q: Inquiry) -> Iterator[Reason]:
    """The sponsor lives."""
    if (person := q.known_sponsor) and person.dead:
        yield q.why("sponsor-deceased", "sponsor.alive", field="sponsor")


def insured(q: Inquiry) -> Iterator[Reason]:
    """The sponsor has employee insurance (310) with normal status, in whichever row."""
    if not (person := q.known_sponsor):
        return
    row = person.best(q.policy.binding.sponsor_insurance)
    if row is None:
        yield q.why(
            "sponsor-not-employee", "sponsor.insured", cites="binding.sponsor_insurance", field="sponsor"
        )
    elif row.psn_insu_stas not in q.policy.binding.insurance_status:
        yield q.why(
            "sponsor-not-normal", "sponsor.insured", cites="binding.insurance_status", field="sponsor"
        )


def account(q: Inquiry) -> Iterator[Reason]:
    """The account is not frozen or closed, and the family account is open where the region has that step."""
    if not (person := q.known_sponsor):
        return
    if person.frozen or person.closed:
        yield q.why("account-frozen", "sponsor.account", field="sponsor")
    if q.policy.binding.account_opening and not person.opened:
        yield q.why(
            "account-not-opened", "sponsor.account-opened", cites="binding.account_opening", field="sponsor"
        )


def balance(q: Inquiry) -> Iterator[Reason]:
    """The balance that the registry reports is at least what the region asks; an unknown balance counts as nothing."""
    minimum = q.policy.binding.min_balance
    if not (person := q.known_sponsor) or not (row := person.best(q.policy.binding.sponsor_insurance)):
        return
    if (row.balc or 0) < minimum:
        shown = row.balc_date.isoformat() if row.balc_date else "—"
        yield q.why(
            "balance-too-low",
            "sponsor.balance",
            cites="binding.min_balance",
            field="sponsor",
            minimum=yuan(minimum),
            balance_date=shown,
        )


RULES = (known, alive, insured, account, balance)
