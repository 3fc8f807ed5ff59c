"""Rules about certificates, region, sponsor and beneficiary: each both ways."""

from datetime import date, timedelta

import pytest

from services.eligibility.domain.person import Person, person_key
from shared.contracts.registry import Insurance, InsuranceStatus
from shared.testing.identities import adult, certno, child, elder, insurance
from shared.testing.identities import person as make
from shared.testing.messages import MONDAY
from tests.unit.eligibility.demo import demo_policies
from tests.unit.eligibility.rules import CHILD, SPONSOR, codes, found, inquiry, person, policy


def test_everything_in_order_gives_no_reason() -> None:
    assert codes(inquiry()) == []


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("33019919800315011", "certificate-length"),
        ("330199198003150110", "certificate-check-digit"),
        (certno(date(1980, 1, 1))[:10] + "0230" + "0019", "certificate-check-digit"),
    ],
)
def test_an_impossible_certificate_is_named_with_its_field(number: str, code: str) -> None:
    q = inquiry(request={"sponsor": SPONSOR.as_sponsor(certno=number)}, sponsor=None)
    reason = next(r for r in found(q).reasons if r.code.startswith("certificate"))
    assert (reason.code, reason.field) == (code, "sponsor.certno")


def test_a_date_of_birth_that_does_not_exist() -> None:
    body = "33019919800230001"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    digit = "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]
    q = inquiry(request={"beneficiary": CHILD.as_beneficiary(certno=body + digit)}, beneficiary=None)
    assert "certificate-date" in codes(q)


@pytest.mark.parametrize(("days", "wrong"), [(-1, False), (0, False), (1, True)])
def test_nobody_is_born_after_the_request(days: int, wrong: bool) -> None:
    baby = child(8, born=MONDAY.date() + timedelta(days=days))
    assert ("certificate-birth-future" in codes(inquiry(SPONSOR, baby))) is wrong


def test_fifteen_digits_full_width_and_small_x_are_one_person() -> None:
    old = make(3, born=date(1962, 9, 27))
    short = old.certno[:6] + old.certno[8:17]
    wide = "".join(chr(ord(c) + 0xFEE0) for c in old.certno.lower())
    keys = {
        person_key(old.as_beneficiary(certno=n)) for n in (old.certno, short, wide, f" {old.certno.lower()} ")
    }
    assert len(keys) == 1
    assert codes(inquiry(old, CHILD, request={"sponsor": old.as_sponsor(certno=short)})) == []
    assert codes(inquiry(old, old, relation="child")) == ["same-person"]


def test_region_offers_from_a_day_on() -> None:
    before, after = date(2021, 4, 21), date(2021, 4, 22)
    assert not demo_policies().on("110000", before).binding.offered
    assert demo_policies().on("110000", after).binding.offered
    assert codes(inquiry(policy=policy(offered=False))) == ["region-not-offered"]


def test_channel_kinds_where_the_region_lists_them() -> None:
    only_web = policy(channels=frozenset({"website"}))
    assert codes(inquiry(policy=only_web)) == ["channel-not-allowed"]
    assert codes(inquiry(policy=only_web, request={"channel": "website"})) == []
    assert codes(inquiry(policy=only_web, request={"channel": "counter"})) == []


def test_sponsor_unknown_or_somebody_else() -> None:
    assert codes(inquiry(sponsor=None)) == ["sponsor-unknown"]
    named = inquiry(request={"sponsor": SPONSOR.as_sponsor(psn_name="王五")})
    assert codes(named) == ["sponsor-mismatch"]
    assert codes(inquiry(sponsor=person(adult(9)))) == ["sponsor-mismatch"]


def test_the_310_row_makes_a_sponsor_wherever_it_stands() -> None:
    rows = (insurance("390", psn_insu_stas=InsuranceStatus.ENDED), insurance("310"))
    for order in (rows, rows[::-1]):
        assert codes(inquiry(SPONSOR.but(insurances=order))) == []
    resident = SPONSOR.but(insurances=(insurance("390"),))
    assert codes(inquiry(resident)) == ["sponsor-not-employee"]
    paused = SPONSOR.but(insurances=(insurance("390"), insurance(psn_insu_stas=InsuranceStatus.PAUSED)))
    assert codes(inquiry(paused)) == ["sponsor-not-normal"]


def test_two_310_rows_the_normal_one_counts() -> None:
    rows = (insurance(psn_insu_stas=InsuranceStatus.ENDED), insurance())
    assert codes(inquiry(SPONSOR.but(insurances=rows))) == []


def test_one_person_under_two_numbers_has_all_rows() -> None:
    first, second = SPONSOR.but(insurances=(insurance("390"),)).recorded(), SPONSOR.recorded(psn_no="33019")
    both = Person(person_key(SPONSOR.certificate()), (first, second))
    assert codes(inquiry(sponsor=both)) == []


def test_dead_frozen_or_not_opened() -> None:
    assert codes(inquiry(SPONSOR.but(surv_stas="2"))) == ["sponsor-deceased"]
    assert codes(inquiry(sponsor=person(SPONSOR, frozen=True))) == ["account-frozen"]
    assert codes(inquiry(sponsor=person(SPONSOR, closed=True))) == ["account-frozen"]
    opening = policy(account_opening=True)
    assert codes(inquiry(policy=opening)) == ["account-not-opened"]
    assert codes(inquiry(policy=opening, sponsor=person(SPONSOR, opened=True))) == []


@pytest.mark.parametrize(
    ("balance", "low"), [(9_999, True), (10_000, False), (10_001, False), (None, True), (0, True)]
)
def test_minimum_balance_and_the_date_of_the_balance(balance: int | None, low: bool) -> None:
    q = inquiry(SPONSOR.but(insurances=(insurance(balc=balance),)), policy=policy(min_balance=10_000))
    reasons = found(q).reasons
    assert [r.code for r in reasons] == ["balance-too-low"] * low
    if low:
        assert "100.00" in reasons[0].zh
        assert "2026-10-31" in reasons[0].zh


def test_a_minimum_of_zero_refuses_nobody() -> None:
    q = inquiry(SPONSOR.but(insurances=(insurance(balc=0),)), policy=policy(min_balance=0))
    assert codes(q) == []


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (insurance("390"), []),
        (insurance("310"), []),
        (insurance("410"), ["beneficiary-not-insured"]),
        (insurance("390", psn_insu_stas=InsuranceStatus.ENDED), ["beneficiary-not-insured"]),
        (insurance("390", psn_insu_stas=InsuranceStatus.PAUSED), ["beneficiary-paused"]),
        (insurance("390", arrears=True), ["beneficiary-in-arrears"]),
        (
            insurance("390", arrears=True, psn_insu_stas=InsuranceStatus.PAUSED),
            ["beneficiary-paused", "beneficiary-in-arrears"],
        ),
    ],
)
def test_the_beneficiary_is_insured(row: Insurance, expected: list[str]) -> None:
    assert codes(inquiry(SPONSOR, CHILD.but(insurances=(row,)))) == expected


def test_not_confirmed_is_all_that_is_said_of_a_stranger() -> None:
    dead = elder(6).but(surv_stas="2", insurances=())
    q = inquiry(SPONSOR, dead, request={"beneficiary": dead.as_beneficiary(psn_name="王五")})
    assert codes(q) == ["beneficiary-not-confirmed"]
    assert codes(inquiry(SPONSOR, dead)) == ["beneficiary-deceased", "beneficiary-not-insured"]
