"""Certificates: check digit, date of birth, length. GB 11643; the address code is never judged (it may be historic)."""

from __future__ import annotations

from collections.abc import Iterator

from services.eligibility.domain.certificates import said
from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.person import person_key
from shared.contracts.identity import Certificate
from shared.contracts.reasons import Reason


def _certificate(q: Inquiry, of: Certificate, side: str) -> Iterator[Reason]:
    _, code, _, born = said(of.psn_cert_type, of.certno)
    if code is None and born is not None and born > q.day:
        code = "certificate-birth-future"
    if code:
        yield q.why(code, f"identity.{side}-certificate", field=f"{side}.certno")


def sponsor_certificate(q: Inquiry) -> Iterator[Reason]:
    """The sponsor's certificate number is possible."""
    yield from _certificate(q, q.request.sponsor, "sponsor")


def beneficiary_certificate(q: Inquiry) -> Iterator[Reason]:
    """The beneficiary's certificate number is possible."""
    yield from _certificate(q, q.request.beneficiary, "beneficiary")


def two_persons(q: Inquiry) -> Iterator[Reason]:
    """Sponsor and beneficiary are two persons, whatever the notation of their certificates."""
    if person_key(q.request.sponsor) == person_key(q.request.beneficiary):
        yield q.why("same-person", "identity.two-persons", field="beneficiary.certno")


RULES = (sponsor_certificate, beneficiary_certificate, two_persons)
