"""A binding that names nobody any more is still the edge that it was."""

from datetime import timedelta
from typing import Any

from services.eligibility.domain.binding import Binding, Queued, Stage
from services.eligibility.domain.person import person_key
from services.eligibility.domain.stripping import stripped
from shared.contracts.base import Origin
from shared.contracts.identity import CertType
from shared.testing.identities import adult, child
from shared.testing.messages import MONDAY, submitted
from shared.testing.proofs import counter, material

SPONSOR, CHILD = adult(1), child(2)
BINDING = Binding(
    binding_id=submitted(SPONSOR, CHILD).binding_id,
    stage=Stage.CLOSED,
    request=submitted(SPONSOR, CHILD, relation="child", materials=(material("id-card"),), counter=counter()),
    origin=Origin(source="zheliban", id="m1"),
    at=MONDAY,
    admdvs=SPONSOR.admdvs,
    materials=(material("id-card"),),
    queued=(
        Queued(
            type="binding.requests.withdrawn", source="zheliban", id="m2", time=MONDAY, body={"note": "旁注"}
        ),
    ),
    beneficiary_gend="2",
    short_code="ABCDEFGH",
    ever=True,
    ended_at=MONDAY + timedelta(days=1),
)


def test_names_numbers_and_proofs_are_gone() -> None:
    text = stripped(BINDING).model_dump_json()
    check = BINDING.request.face_check
    assert check is not None
    personal = [SPONSOR.certno, SPONSOR.psn_name, SPONSOR.psn_no, SPONSOR.tel, CHILD.certno, CHILD.psn_name]
    gone = [*personal, check.signature, "ABCDEFGH", "id-card-0001"]
    assert [trace for trace in gone if trace in text] == []


def test_nothing_of_the_request_is_left_but_what_it_was_about() -> None:
    left = stripped(BINDING)
    assert (left.materials, left.queued, left.beneficiary_gend, left.short_code) == ((), (), None, None)
    assert left.request.sponsor.psn_no == "0"
    nobody: dict[str, Any] = {"psn_cert_type": CertType.OTHER, "certno": "-", "psn_name": "-"}
    request = BINDING.request.model_dump() | {
        "sponsor": nobody | {"psn_no": "0", "tel": None},
        "beneficiary": nobody | {"insuplc_admdvs": None, "insutype": None},
        "commitment": None,
        "face_check": None,
        "counter": None,
        "materials": (),
    }
    assert left.request.model_dump() == request


def test_who_was_bound_to_whom_and_when_is_left() -> None:
    left = Binding.model_validate_json(stripped(BINDING).model_dump_json())
    assert (left.sponsor, left.beneficiary) == (
        person_key(SPONSOR.certificate()),
        person_key(CHILD.certificate()),
    )
    kept = {"binding_id", "stage", "at", "admdvs", "ever", "ended_at", "origin"}
    assert left.model_dump(include=kept) == BINDING.model_dump(include=kept)
    assert left.request.relation is BINDING.request.relation


def test_what_was_stripped_stays_as_it_is() -> None:
    once = stripped(BINDING)
    assert stripped(once) is once
