"""A binding without personal data: what is left of it once it is over and a person was erased, or a year has passed."""

from __future__ import annotations

from services.eligibility.domain.binding import Binding
from shared.contracts.binding_requests import Beneficiary, Sponsor
from shared.contracts.identity import CertType

_NOBODY = {"psn_cert_type": CertType.OTHER, "certno": "-", "psn_name": "-"}


def stripped(binding: Binding) -> Binding:
    """The edge that it was, when, and how it ended: for limits over a lifetime and for waiting times between the same two.

    Names, certificates, numbers, telephones, proofs and documents are gone; the two are told apart by their keys only.
    """
    if binding.persons:
        return binding
    request = binding.request.model_copy(
        update={
            "sponsor": Sponsor(psn_no="0", **_NOBODY),
            "beneficiary": Beneficiary(**_NOBODY),
            "commitment": None,
            "face_check": None,
            "counter": None,
            "materials": (),
        }
    )
    persons = binding.sponsor.hex(), binding.beneficiary.hex()
    nothing = {"materials": (), "queued": (), "beneficiary_gend": None, "short_code": None}
    return binding.model_copy(update={"request": request, "persons": persons, **nothing})
