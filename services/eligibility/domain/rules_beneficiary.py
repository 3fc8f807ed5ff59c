"""The beneficiary. Unless certificate and name are those of one person of the registry, nothing else is said about him or her."""

from __future__ import annotations

from collections.abc import Iterator

from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.person import of_category
from shared.contracts.reasons import Reason
from shared.contracts.registry import InsuranceStatus
from shared.policies.values import pooling_region


def confirmed(q: Inquiry) -> Iterator[Reason]:
    """Certificate and name belong to one person of the registry; the answer does not say which of them is wrong."""
    if q.confirmed is None:
        yield q.why("beneficiary-not-confirmed", "beneficiary.confirmed", field="beneficiary")


def alive(q: Inquiry) -> Iterator[Reason]:
    """The beneficiary lives."""
    if (person := q.confirmed) and person.dead:
        yield q.why("beneficiary-deceased", "beneficiary.alive", field="beneficiary")


def insured(q: Inquiry) -> Iterator[Reason]:
    """The beneficiary has basic insurance that has not ended."""
    if q.confirmed and ((row := q.beneficiary_row) is None or row.psn_insu_stas is InsuranceStatus.ENDED):
        cites = "binding.beneficiary_insurance"
        yield q.why("beneficiary-not-insured", "beneficiary.insured", cites=cites, field="beneficiary")


def status(q: Inquiry) -> Iterator[Reason]:
    """That insurance has normal status; one that has ended is `insured`'s business."""
    row = q.beneficiary_row
    if row is None or row.psn_insu_stas is InsuranceStatus.ENDED:
        return
    if row.psn_insu_stas not in q.policy.binding.insurance_status:
        cites = "binding.insurance_status"
        yield q.why("beneficiary-paused", "beneficiary.status", cites=cites, field="beneficiary")


def arrears(q: Inquiry) -> Iterator[Reason]:
    """The beneficiary owes nothing."""
    row = q.beneficiary_row
    if row and row.arrears and row.psn_insu_stas is not InsuranceStatus.ENDED:
        cites = "binding.insurance_status"
        yield q.why("beneficiary-in-arrears", "beneficiary.arrears", cites=cites, field="beneficiary")


def category(q: Inquiry) -> Iterator[Reason]:
    """The beneficiary's category of person takes part."""
    if (row := q.beneficiary_row) and of_category(row, q.policy.binding.beneficiary_excluded):
        cites = "binding.beneficiary_excluded"
        yield q.why("beneficiary-category-excluded", "beneficiary.category", cites=cites, field="beneficiary")


def place(q: Inquiry) -> Iterator[Reason]:
    """The declared place of insurance is that of the registry, to the pooling region; the answer repeats what was declared."""
    declared, row = q.request.beneficiary.insuplc_admdvs, q.beneficiary_row
    if not (declared and row and q.confirmed) or pooling_region(declared) == pooling_region(
        row.insuplc_admdvs
    ):
        return
    rows = q.confirmed.equals(row, q.policy.binding.beneficiary_insurance)
    if pooling_region(declared) not in {pooling_region(r.insuplc_admdvs) for r in rows}:
        yield q.why(
            "declared-place-differs",
            "beneficiary.place",
            field="beneficiary.insuplc_admdvs",
            declared=declared,
        )


def kind(q: Inquiry) -> Iterator[Reason]:
    """The declared kind of insurance is that of the registry."""
    declared, row = q.request.beneficiary.insutype, q.beneficiary_row
    if not (declared and row and q.confirmed) or declared == row.insutype:
        return
    rows = q.confirmed.equals(row, q.policy.binding.beneficiary_insurance)
    if declared not in {r.insutype for r in rows}:
        yield q.why(
            "declared-insutype-differs", "beneficiary.kind", field="beneficiary.insutype", declared=declared
        )


RULES = (confirmed, alive, insured, status, arrears, category, place, kind)
