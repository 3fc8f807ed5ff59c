"""The institution, the patient's insurance and life, filings for care elsewhere: held against the registry at event time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.settlement.domain.people import covers_region, read_filings, read_insured, rows_text
from shared.clock import BEIJING
from tests.unit.settlement.kit import HOSPITAL, NOW, World, family, institution, person
from tests.unit.settlement.ruling import Ruling, by, left_out, paid, settled

DIED = "2026-11-20"


def with_person(**changes: Any) -> World:
    """The family after another record of the child."""
    world = family()
    world.send("registry.persons.recorded", person("child", version=2) | changes)
    return world


@pytest.mark.parametrize(
    ("bill_at", "settles"),
    [
        (datetime(2026, 11, 19, 10, tzinfo=BEIJING), True),
        (datetime(2026, 11, 20, 23, 59, 59, tzinfo=BEIJING), True),
        (datetime(2026, 11, 21, 0, 0, tzinfo=BEIJING), False),
        (NOW, False),
    ],
)
def test_a_bill_from_before_the_day_after_a_death_settles_and_a_later_one_does_not(bill_at: datetime, settles: bool) -> None:  # fmt: skip
    world = with_person(surv_stas="2", death_date=DIED)
    answer = world.bill("5.00", bill_at=bill_at)
    assert answer["infcode"] == ("0" if settles else "-1")
    if not settles:
        assert (answer["code"], answer["field"]) == ("patient-deceased", "psn_no")
        assert answer["remedy"]


def test_a_registered_death_without_a_day_settles_nothing_any_more() -> None:
    world = with_person(surv_stas="2")
    assert world.bill("5.00", bill_at=NOW - timedelta(days=900))["code"] == "patient-deceased"


@pytest.mark.parametrize("surv_stas", ["3", "4", "9"])
def test_who_is_missing_or_imprisoned_is_not_dead(surv_stas: str) -> None:
    assert with_person(surv_stas=surv_stas).bill("5.00")["infcode"] == "0"


def test_what_was_settled_before_a_death_can_still_be_taken_back() -> None:
    world = family()
    setl_id = world.bill("5.00")["setl_id"]
    world.send(
        "registry.persons.recorded", person("child", version=2) | {"surv_stas": "2", "death_date": DIED}
    )
    assert world.back("cancel", setl_id=setl_id)["acct_pay"] == "5.00"


def insured(*rows: tuple[str, str]) -> list[dict[str, str]]:
    """Insurance rows: region and status."""
    return [{"insutype": "310", "psn_insu_stas": status, "insuplc_admdvs": region} for region, status in rows]


@pytest.mark.parametrize(
    ("rows", "region", "settles"),
    [
        ([("330100", "1")], "330106", True),
        ([("330106", "1")], "330100", True),
        ([("330100", "1")], "330200", False),
        ([("310104", "1")], "310000", True),
        ([("330200", "4"), ("330100", "1")], "330200", False),
        ([("330200", "4")], "330200", True),
        ([("330200", "1"), ("330100", "2")], "330100", True),
        ([], "650100", True),
    ],
)
def test_the_bills_region_is_held_against_the_registrys_insurance(rows: list[tuple[str, str]], region: str, settles: bool) -> None:  # fmt: skip
    world = with_person(insurances=insured(*rows))
    answer = world.bill("5.00", insuplc_admdvs=region)
    assert answer["infcode"] == ("0" if settles else "-1"), answer
    if not settles:
        assert (answer["code"], answer["field"]) == ("insured-elsewhere", "insuplc_admdvs")
        assert region in answer["err_msg"]
        assert "1101" in answer["remedy"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"designated": False}, "institution-suspended"),
        ({"suspended_from": NOW - timedelta(days=1)}, "institution-suspended"),
        ({"suspended_from": NOW, "suspended_to": NOW + timedelta(seconds=1)}, "institution-suspended"),
        ({"suspended_from": NOW + timedelta(seconds=1)}, None),
        ({"suspended_from": NOW - timedelta(days=9), "suspended_to": NOW}, None),
    ],
)
def test_an_institution_bills_while_it_is_designated_and_not_suspended_at_event_time(changes: dict[str, Any], code: str | None) -> None:  # fmt: skip
    world = family()
    world.send("registry.institutions.recorded", institution(HOSPITAL, version=2, **changes))
    assert world.bill("5.00").get("code") == code


def elsewhere(region: str, filings: list[dict[str, Any]]) -> dict[str, Any]:
    """A bill of 15 yuan of a hospital in another region."""
    world = with_person(filings=filings)
    world.send("registry.institutions.recorded", institution(HOSPITAL, version=2, admdvs=region))
    return settled(world, "15.00")[0]


def filing(region: str, begin: str = "2026-11-23", end: str | None = None) -> dict[str, Any]:
    """A filing as the registry records it."""
    return {"mdtrtarea_admdvs": region, "begndate": begin, "enddate": end}


def test_no_region_wants_a_filing_unless_it_says_so() -> None:
    assert paid(elsewhere("650100", [])) == ("10.00", "5.00", "0.00")


@pytest.mark.parametrize(
    ("reach", "region", "filings", "counts"),
    [
        ("province", "330200", [], True),
        ("province", "310104", [], False),
        ("pooling-region", "330200", [], False),
        ("pooling-region", "330106", [], True),
        ("nationwide", "650100", [], True),
        ("province", "310104", [filing("310104")], True),
        ("province", "310104", [filing("310000")], True),
        ("province", "310104", [filing("320000")], False),
        ("province", "310104", [filing("310000", "2026-11-24")], False),
        ("province", "310104", [filing("310000", "2026-11-01", "2026-11-23")], True),
        ("province", "310104", [filing("310000", "2026-11-01", "2026-11-22")], False),
        ("province", "320500", [filing("320500")], True),
        ("province", "320506", [filing("320500")], True),
        ("province", "320506", [filing("320600"), filing("320506")], True),
    ],
)  # fmt: skip
def test_where_the_region_wants_a_filing_sponsors_pay_elsewhere_only_with_one(
    reach: str, region: str, filings: list[dict[str, Any]], counts: bool, rule: Ruling
) -> None:
    rule(unfiled_reach=reach)
    result = elsewhere(region, filings)
    if counts:
        assert paid(result) == ("10.00", "5.00", "0.00")
    else:
        assert by(result) == {"child": "10.00"}
        assert left_out(result) == {1: "not-filed", 2: "not-filed"}
        assert any("备案" in said for said in result["cash_reasons"])


def test_filings_are_stored_as_they_were_recorded() -> None:
    world = with_person(filings=[filing("310000"), filing("320500", end="2026-12-31")])
    filings = world.book.persons["child"].filings
    assert len(filings) == 2
    assert read_filings(rows_text(filings)) == filings
    assert rows_text(()) == "[]"
    rows = world.book.persons["child"].insured
    assert read_insured(rows_text(rows)) == rows


def test_a_code_covers_what_lies_in_it() -> None:
    assert covers_region("330106", "330106")
    assert not covers_region("330106", "330105")
    assert not covers_region("330200", "330100")
