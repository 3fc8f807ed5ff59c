"""Who pays for a bill."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.settlement.kit import (
    HOSPITAL,
    NOW,
    PHARMACY,
    World,
    binding_id,
    decision,
    family,
    money,
    person,
)


def paid(answer: dict[str, Any]) -> tuple[int, int, int]:
    """Own account, sponsors, cash, in fen."""
    assert answer["infcode"] == "0", answer
    return money(answer["acct_pay"]), money(answer["acct_mulaid_pay"]), money(answer["psn_cash_pay"])


def test_own_account_comes_first() -> None:
    world = family()
    assert paid(world.bill("6.00")) == (600, 0, 0)
    assert world.balance("child") == 400
    assert world.balance("mother") == 2000


def test_then_the_oldest_binding_then_the_next() -> None:
    world = family()
    assert paid(world.bill("35.00")) == (1000, 2500, 0)
    assert (world.balance("mother"), world.balance("father")) == (0, 2500)


def test_the_rest_is_cash_with_an_explanation() -> None:
    world = family()
    answer = world.bill("70.00")
    assert paid(answer) == (1000, 5000, 1000)
    assert answer["explained"]
    assert world.balance("father") == 0


def test_fund_and_hospital_parts_are_not_the_persons() -> None:
    world = family()
    answer = world.bill("100.00", fund_pay_sumamt="80.00", hosp_part_amt="5.00", inscp_scp_amt="95.00")
    assert paid(answer) == (1000, 500, 0)
    assert answer["fund_pay_sumamt"] == "80.00"


def test_a_personal_part_of_zero_settles() -> None:
    world = family()
    assert paid(world.bill("10.00", fund_pay_sumamt="10.00")) == (0, 0, 0)


def test_accounts_are_left_alone_when_the_patient_says_so() -> None:
    world = family()
    answer = world.bill("5.00", acct_used_flag="0")
    assert paid(answer) == (0, 0, 500)
    assert world.balance("child") == 1000


def test_a_quote_books_nothing() -> None:
    world = family()
    before = world.balance("child"), world.balance("mother")
    assert paid(world.bill("15.00", kind="quote", infno="2206")) == (1000, 500, 0)
    assert (world.balance("child"), world.balance("mother")) == before
    assert paid(world.bill("15.00")) == (1000, 500, 0)


def test_highest_balance_first_in_lincang() -> None:
    world = family("530900")
    said = world.send(
        "settlement.requests.settle", world.request("15.00", insuplc_admdvs="530900"), source="his-first"
    )
    shares = said[0].body["shares"]
    assert [(s["psn_no"], s["amount"]) for s in shares] == [("child", "10.00"), ("father", "5.00")]


def test_the_beneficiarys_order_in_xinjiang() -> None:
    world = family("650100")
    world.send(
        "binding.decisions.changed",
        decision(binding_id(1), "mother", version=2, order=2, region="650100"),
        source="gongji-audit",
    )
    world.send(
        "binding.decisions.changed",
        decision(binding_id(2), "father", version=2, order=1, region="650100"),
        source="gongji-audit",
    )
    said = world.send(
        "settlement.requests.settle", world.request("15.00", insuplc_admdvs="650100"), source="his-first"
    )
    assert [s["psn_no"] for s in said[0].body["shares"]] == ["child", "father"]


def test_only_historic_money_of_sponsors_in_zhejiang() -> None:
    world = family()
    world.credit("mother", "100.00", segment="current")
    assert paid(world.bill("70.00")) == (1000, 5000, 1000)
    assert world.balance("mother") == 10_000


def test_quota_of_a_binding_holds_over_several_bills() -> None:
    world = family(quota="3.00")
    assert paid(world.bill("12.00")) == (1000, 200, 0)
    answer = world.bill("9.00")
    assert paid(answer) == (0, 400, 500)
    said = world.send("settlement.requests.settle", world.request("1.00"), source="his-first")
    assert {o["code"] for o in said[0].body["left_out"]} == {"quota-used"}


def test_one_quota_for_all_members_in_taian() -> None:
    world = family("370900", quota="5.00")
    world.send("registry.persons.recorded", person("aunt", region="370900"))
    world.send(
        "binding.decisions.approved",
        decision(binding_id(9), "mother", "aunt", quota="5.00", region="370900"),
        source="gongji-audit",
    )
    bill = {"insuplc_admdvs": "370900"}
    assert paid(world.bill("14.00", psn_no="aunt", mdtrt_cert_no="Paunt", mdtrt_cert_type="02", **bill)) == (
        0,
        500,
        900,
    )
    said = world.send("settlement.requests.settle", world.request("12.00", **bill), source="his-first")
    assert [(s["psn_no"], s["amount"]) for s in said[0].body["shares"]] == [
        ("child", "10.00"),
        ("father", "2.00"),
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": "ended", "end": NOW - timedelta(hours=1)}, "not-effective"),
        ({"state": "ended", "end": NOW + timedelta(hours=1)}, "not-effective"),
        ({"state": "suspended", "suspended": ({"begin": NOW - timedelta(days=1)},)}, "suspended"),
        ({"scope": ("pharmacy",)}, "out-of-scope"),
        ({"since": NOW + timedelta(days=1)}, "not-effective"),
    ],
)
def test_a_binding_that_does_not_count_is_listed(change: dict[str, Any], code: str) -> None:
    world = family()
    world.send(
        "binding.decisions.changed",
        decision(binding_id(1), "mother", version=2, **change),
        source="gongji-audit",
    )
    said = world.send("settlement.requests.settle", world.request("15.00"), source="his-first")
    assert [(s["psn_no"], s["amount"]) for s in said[0].body["shares"]] == [
        ("child", "10.00"),
        ("father", "5.00"),
    ]
    assert [(o["binding_id"], o["code"]) for o in said[0].body["left_out"]] == [(str(binding_id(1)), code)]


def test_a_binding_of_a_mode_in_which_bills_are_not_settled_takes_no_part_and_the_answer_says_why() -> None:
    world = family()
    body = decision(binding_id(1), "mother", version=2)
    body["case"]["mode"] = "transfer"
    world.send("binding.decisions.changed", body, source="gongji-audit")
    said = world.send("settlement.requests.settle", world.request("45.00"), source="his-first")
    assert [(s["psn_no"], s["amount"]) for s in said[0].body["shares"]] == [
        ("child", "10.00"),
        ("father", "30.00"),
    ]
    (out,) = said[0].body["left_out"]
    assert (out["binding_id"], out["code"]) == (str(binding_id(1)), "mode-not-offered")
    assert any("未开通该绑定的共济方式" in text for text in said[1].body["explained"])


def test_a_sponsor_whose_insurance_is_paused_sleeps_and_wakes_by_itself() -> None:
    world = family()
    world.send("registry.persons.recorded", person("mother", status="2", version=2))
    said = world.send("settlement.requests.settle", world.request("15.00"), source="his-first")
    assert [o["code"] for o in said[0].body["left_out"]] == ["asleep"]
    world.send("registry.persons.recorded", person("mother", version=3))
    assert paid(world.bill("5.00")) == (0, 500, 0), "and no decision was needed"


def test_frozen_and_closed_accounts_pay_nothing() -> None:
    world = family()
    world.send("account.credits.frozen", {"psn_no": "mother", "entry_id": "F1", "at": NOW})
    world.send("account.credits.closed", {"psn_no": "father", "entry_id": "F2", "at": NOW})
    said = world.send("settlement.requests.settle", world.request("15.00"), source="his-first")
    assert [o["code"] for o in said[0].body["left_out"]] == ["frozen", "closed"]
    world.send("account.credits.unfrozen", {"psn_no": "mother", "entry_id": "F3", "at": NOW})
    assert paid(world.bill("5.00")) == (0, 500, 0)


def test_no_inpatient_care_in_xinjiang() -> None:
    world = family("650100", scope=("outpatient", "inpatient"))
    request = world.request("15.00", insuplc_admdvs="650100", med_type="21", infno="2304")
    said = world.send("settlement.requests.settle", request, source="his-first")
    assert {o["code"] for o in said[0].body["left_out"]} == {"care-not-covered"}


def test_a_pharmacy_bill_needs_the_pharmacy_use() -> None:
    world = family(scope=("outpatient",))
    request = world.request("15.00", fixmedins_code=PHARMACY, med_type="41", infno="2102")
    said = world.send("settlement.requests.settle", request, source="pharmacy-chain")
    assert {o["code"] for o in said[0].body["left_out"]} == {"out-of-scope"}


def test_the_institution_reads_no_sponsor() -> None:
    world = family()
    said = world.send("settlement.requests.settle", world.request("35.00"), source="his-first")
    assert said[1].topic == "answers.his-first"
    assert said[1].headers["x-request-source"] == "his-first"
    text = str(said[1].body)
    assert "mother" not in text
    assert str(binding_id(1)) not in text


def test_an_older_version_of_a_binding_changes_nothing() -> None:
    world = family()
    world.send(
        "binding.decisions.ended",
        decision(binding_id(1), "mother", version=5, state="ended", end=NOW),
        source="gongji-audit",
    )
    world.send(
        "binding.decisions.changed", decision(binding_id(1), "mother", version=4), source="gongji-audit"
    )
    assert world.book.bindings[binding_id(1)].state == "ended"


def test_msgid_prefix() -> None:
    world: World = family()
    answer = world.bill("1.00", msgid="H65010000002202611231000000001")
    assert (answer["code"], answer["fixmedins_code"]) == ("msgid-not-yours", HOSPITAL)
