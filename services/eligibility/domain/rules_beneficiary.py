"""The beneficiary. Unless certificate and name are those of one insured person, nothing else is said about him or her."""

from __future__ import annotations

from collections.abc import Iterator

from services.eligibility.domain.inquiry import Inquiry
from shared.contracts.reasons import Reason
from shared.contracts.registry import InsuranceStatus

_REACH = {
    "pooling-region": "同一统筹区 same pooling region",
    "province": "同一省份 same province",
    "nationwide": "全国 nationwide",
}


def confirmed(q: Inquiry) -> Iterator[Reason]:
    """Certificate and name belong to one person of the registry; the answer does not say which of them is wrong."""
    if q.confirmed is None:
        yield q.why("beneficiary-not-confirmed", "beneficiary.confirmed", field="beneficiary")


def alive(q: Inquiry) -> Iterator[Reason]:
    """The beneficiary lives."""
    if (person := q.confirmed) and person.dead:
        yield q.why("beneficiary-deceased", "beneficiary.alive", field="beneficiary")


def insured(q: Inquiry) -> Iterator[Reason]:
    """The beneficiary has basic insurance with normal status and owes nothing."""
    if not (person := q.confirmed):
        return
    row = person.best(q.policy.binding.beneficiary_insurance)
    if row is None or row.psn_insu_stas is InsuranceStatus.ENDED:
        yield q.why(
            "beneficiary-not-insured",
            "beneficiary.insured",
            cites="binding.beneficiary_insurance",
            field="beneficiary",
        )
        return
    if row.psn_insu_stas not in q.policy.binding.insurance_status:
        yield q.why(
            "beneficiary-paused", "beneficiary.status", cites="binding.insurance_status", field="beneficiary"
        )
    if row.arrears:
        yield q.why(
            "beneficiary-in-arrears",
            "beneficiary.arrears",
            cites="binding.insurance_status",
            field="beneficiary",
        )


def near(q: Inquiry) -> Iterator[Reason]:
    """The two places of insurance are as near as the region asks."""
    if not (sponsor := q.known_sponsor) or not (person := q.confirmed):
        return
    mine = sponsor.best(q.policy.binding.sponsor_insurance)
    other = person.best(q.policy.binding.beneficiary_insurance)
    if mine and other and not q.policy.allows_distance(mine.insuplc_admdvs, other.insuplc_admdvs):
        allowed = _REACH[q.policy.binding.reach]
        yield q.why(
            "region-too-far", "beneficiary.near", cites="binding.reach", field="beneficiary", allowed=allowed
        )


RULES = (confirmed, alive, insured, near)
