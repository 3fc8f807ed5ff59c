"""The sponsor: known, alive, in employee insurance with normal status, of no excluded category, account usable, balance high enough for it and for what is set apart."""

from __future__ import annotations

from collections.abc import Iterator

from services.eligibility.domain import rules_distance
from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.person import of_category
from shared.contracts.base import yuan
from shared.contracts.reasons import Reason
from shared.contracts.registry import Insurance


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
    if not q.known_sponsor:
        return
    if (row := q.sponsor_row) is None:
        cites = "binding.sponsor_insurance"
        yield q.why("sponsor-not-employee", "sponsor.insured", cites=cites, field="sponsor")
    elif row.psn_insu_stas not in q.policy.binding.insurance_status:
        yield q.why("sponsor-not-normal", "sponsor.status", cites="binding.insurance_status", field="sponsor")


def category(q: Inquiry) -> Iterator[Reason]:
    """The sponsor's category of person takes part."""
    if (row := q.sponsor_row) and of_category(row, q.policy.binding.sponsor_excluded):
        cites = "binding.sponsor_excluded"
        yield q.why("sponsor-category-excluded", "sponsor.category", cites=cites, field="sponsor")


def account(q: Inquiry) -> Iterator[Reason]:
    """The account is not frozen or closed by the authority."""
    if (person := q.known_sponsor) and (person.frozen or person.closed):
        yield q.why("account-frozen", "sponsor.account", field="sponsor")


def opened(q: Inquiry) -> Iterator[Reason]:
    """The family account is open where the region has that step."""
    if q.policy.binding.account_opening and (person := q.known_sponsor) and not person.opened:
        cites = "binding.account_opening"
        yield q.why("account-not-opened", "sponsor.account-opened", cites=cites, field="sponsor")


def balance(q: Inquiry) -> Iterator[Reason]:
    """The balance that the registry reports is at least what the region asks; an unknown balance counts as nothing."""
    minimum = q.policy.binding.min_balance
    if (row := q.sponsor_row) and (row.balc or 0) < minimum:
        yield q.why(
            "balance-too-low",
            "sponsor.balance",
            cites="binding.min_balance",
            field="sponsor",
            minimum=yuan(minimum),
            balance_date=_date_of(row),
        )


def reserve(q: Inquiry) -> Iterator[Reason]:
    """The balance is above what must stay in the account: exactly that much leaves nothing to share."""
    kept = q.policy.binding.base_reserve
    if kept is not None and (row := q.sponsor_row) and (row.balc or 0) <= kept:
        yield q.why(
            "balance-below-reserve",
            "sponsor.reserve",
            cites="binding.base_reserve",
            field="sponsor",
            reserve=yuan(kept),
            balance_date=_date_of(row),
        )


def earmark(q: Inquiry) -> Iterator[Reason]:
    """What is to be set apart is in the account, where the region says so; all of the balance may be."""
    given, row = q.request.terms.earmark, q.sponsor_row
    if not q.policy.binding.earmark_within_balance or given is None or not (row and q.beneficiary_row):
        return
    if given > (row.balc or 0) and rules_distance.mode(q) == "earmark":
        yield q.why(
            "earmark-above-balance",
            "sponsor.earmark",
            cites="binding.earmark_within_balance",
            field="terms.earmark",
            earmark=yuan(given),
            balance_date=_date_of(row),
        )


def _date_of(row: Insurance) -> str:
    return row.balc_date.isoformat() if row.balc_date else "—"


RULES = (known, alive, insured, category, account, opened, balance, reserve, earmark)
