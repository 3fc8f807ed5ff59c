"""The builders of made-up persons give well-formed certificates that are nobody's, one person per number."""

from datetime import UTC, datetime

import pytest
from stdnum import numdb

from shared.contracts.identity import birth_date, fault, normalise, sex
from shared.contracts.registry import PersonRecorded
from shared.testing.identities import adult, child, elder, person


@pytest.mark.parametrize("make", [adult, elder, child])
def test_certificates_are_well_formed(make: object) -> None:
    for number in range(300):
        who = make(number)  # type: ignore[operator]
        assert fault("01", who.certno) is None
        assert birth_date("01", who.certno) == who.brdy
        assert sex("01", who.certno) == who.gend
        assert normalise("01", who.certno.lower()) == who.certno


def test_nobody_has_such_a_number() -> None:
    for who in (adult(1), adult(2, admdvs="370900"), elder(3, admdvs="650100")):
        parts = numdb.get("cn/loc").info(who.certno[:6])
        assert not any("county" in properties for _, properties in parts)
    assert any("county" in properties for _, properties in numdb.get("cn/loc").info("330106"))


def test_one_number_is_one_person() -> None:
    everybody = [adult(number) for number in range(450)]
    for value in ("certno", "psn_no", "tel"):
        assert len({getattr(who, value) for who in everybody}) == len(everybody)
    assert adult(7) == adult(7)


def test_ages_are_as_promised() -> None:
    today = datetime(2026, 11, 23, tzinfo=UTC).date()
    years = {make: (today - make(3).brdy).days // 365 for make in (adult, elder, child)}
    assert 18 <= years[adult] <= 60
    assert years[elder] == 82
    assert years[child] == 10


@pytest.mark.parametrize("digit", "\u19da\u1369\u0663")
def test_digits_of_other_scripts_are_no_certificate(digit: str) -> None:
    for length in (15, 18):
        number = normalise("01", "1" * (length - 1) + digit)
        assert fault("01", number) == "certificate-length"
        assert birth_date("01", digit * 18) is None
        assert sex("01", digit * 18) is None


def test_the_same_person_in_all_roles() -> None:
    who = person(5, insutype="390", arrears=True)
    recorded = who.recorded(version=3, no_sms=True)
    assert isinstance(recorded, PersonRecorded)
    assert (recorded.version, recorded.no_sms, recorded.insurances[0].arrears) == (3, True, True)
    assert who.as_sponsor().psn_no == recorded.psn_no
    assert who.as_beneficiary().certno == recorded.certno
    assert "psn_no" not in type(who.as_beneficiary()).model_fields
