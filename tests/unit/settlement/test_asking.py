"""One `msgid`, one answer; what is declined and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.settlement.kit import CERTS, HOSPITAL, NOW, family, institution


def test_a_repeat_gets_the_stored_answer_and_changes_nothing() -> None:
    world = family()
    request = world.request("15.00")
    first = world.send("settlement.requests.settle", request, source="his-first")
    balance = world.balance("child"), world.balance("mother")
    again = world.send("settlement.requests.settle", request, source="his-first")
    assert [s.topic for s in again] == ["answers.his-first"]
    assert again[0].body == first[-1].body
    assert again[0].headers["x-request-id"] != first[-1].headers["x-request-id"]
    assert (world.balance("child"), world.balance("mother")) == balance
    assert len(world.book.new_requests) == 1


def test_another_body_under_the_same_msgid_is_declined_and_stores_nothing() -> None:
    world = family()
    request = world.request("15.00")
    world.send("settlement.requests.settle", request, source="his-first")
    for change in (
        {"mdtrt_id": "V2"},
        {"bill_at": NOW - timedelta(seconds=1)},
        {"medfee_sumamt": "16.00", "inscp_scp_amt": "16.00"},
    ):
        said = world.send("settlement.requests.settle", request | change, source="his-first")
        assert [s.body["code"] for s in said] == ["msgid-reused", "msgid-reused"]
    quote = world.send("settlement.requests.quote", request | {"infno": "2206"}, source="his-first")
    assert quote[-1].body["code"] == "msgid-reused"
    assert len(world.book.new_requests) == 1


def test_a_decline_is_stored_too() -> None:
    world = family()
    request = world.request("15.00", mdtrt_cert_no=CERTS["mother"])
    first = world.send("settlement.requests.settle", request, source="his-first")
    again = world.send("settlement.requests.settle", request, source="his-first")
    assert again[0].body == first[-1].body
    assert again[0].body["code"] == "credential-not-patient"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"medfee_sumamt": "15.01"}, "parts-do-not-add-up", "medfee_sumamt"),
        ({"fund_pay_sumamt": "15.01"}, "fund-above-total", "fund_pay_sumamt"),
        (
            {"fund_pay_sumamt": "10.00", "inscp_scp_amt": "5.00", "fulamt_ownpay_amt": "10.00"},
            "parts-do-not-add-up",
            "medfee_sumamt",
        ),
        ({"bill_at": NOW + timedelta(minutes=6)}, "bill-in-future", "bill_at"),
        ({"mdtrt_cert_no": "110101199003078110"}, "credential-not-patient", "mdtrt_cert_no"),
        (
            {"mdtrt_cert_type": "03", "mdtrt_cert_no": CERTS["mother"]},
            "credential-not-patient",
            "mdtrt_cert_no",
        ),
        ({"psn_no": "nobody"}, "patient-unknown", "psn_no"),
        ({"medfee_sumamt": "-15.00"}, "field-invalid", "medfee_sumamt"),
        ({"medfee_sumamt": "15.000"}, "field-invalid", "medfee_sumamt"),
        ({"medfee_sumamt": 15.0}, "field-invalid", "medfee_sumamt"),
        ({"medfee_sumamt": "99999999999999999999.00"}, "field-invalid", "medfee_sumamt"),
        ({"infno": "9999"}, "field-invalid", "infno"),
    ],
)
def test_declines(change: dict[str, Any], code: str, field: str) -> None:
    world = family()
    request = world.request("15.00") | change
    said = world.send("settlement.requests.settle", request, source="his-first")
    assert [s.type for s in said] == ["settlement.results.declined", "answers.settlement"]
    answer = said[1].body
    assert (answer["infcode"], answer["code"], answer["field"]) == ("-1", code, field)
    assert answer["remedy"]
    assert answer["err_msg"]
    assert world.balance("child") == 1000
    again = world.send("settlement.requests.settle", request, source="his-first")
    assert [s.body for s in again] == [answer]


def test_parts_are_shown_with_both_sums() -> None:
    answer = family().bill("15.00", medfee_sumamt="20.00")
    assert "15.00" in answer["err_msg"]
    assert "20.00" in answer["err_msg"]


def test_a_token_that_nobody_is_known_by_is_the_issuers_business() -> None:
    assert family().bill("1.00", mdtrt_cert_type="01", mdtrt_cert_no="TOKEN-7788")["infcode"] == "0"


def test_institutions() -> None:
    world = family()
    assert world.bill("1.00", source="his-second")["code"] == "not-your-institution"
    world.send(
        "registry.institutions.recorded",
        institution(HOSPITAL, version=2, suspended_from=NOW - timedelta(days=1)),
    )
    assert world.bill("1.00")["code"] == "institution-suspended"
    world.send("registry.institutions.recorded", institution(HOSPITAL, version=3, designated=False))
    assert world.bill("1.00")["code"] == "institution-suspended"
    del world.book.institutions[HOSPITAL]
    assert world.bill("1.00")["code"] == "institution-unknown"


def test_a_stranger_neither_reads_a_stored_answer_nor_takes_a_msgid() -> None:
    world = family()
    request = world.request("15.00")
    said = world.send("settlement.requests.settle", request, source="his-second")
    assert said[1].body["code"] == "not-your-institution"
    assert world.send("settlement.requests.settle", request, source="his-first")[1].body["infcode"] == "0"
    again = world.send("settlement.requests.settle", request, source="his-second")
    assert again[1].body["code"] == "not-your-institution"
    assert len(world.book.new_requests) == 1


def test_a_time_that_is_not_believed() -> None:
    world = family()
    said = world.send("settlement.requests.settle", world.request("1.00"), source="his-first", believed=False)
    assert said[1].body["code"] == "time-not-believed"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 3)), max_size=8))
def test_the_same_events_twice_change_nothing(bills: list[tuple[int, int]]) -> None:
    """Whatever was sent, sending all of it again moves no money and answers the same."""
    world = family(quota="12.00")
    requests = []
    for yuan, kind in bills:
        request = world.request(f"{yuan}.00") | ({"inscp_scp_amt": "0.00"} if kind == 3 else {})
        requests.append(request)
    first = [world.send("settlement.requests.settle", r, source="his-first")[-1].body for r in requests]
    balances = {n: world.balance(n) for n in CERTS}
    entries = len(world.book.new_entries)
    again = [world.send("settlement.requests.settle", r, source="his-first")[-1].body for r in requests]
    assert again == first
    assert {n: world.balance(n) for n in CERTS} == balances
    assert len(world.book.new_entries) == entries
    assert sum(e.amount for e in world.book.new_entries) == 0


def test_a_stranger_is_not_told_that_a_message_was_reversed() -> None:
    world = family()
    request = world.request("15.00")
    world.back("reverse", omsgid=request["msgid"], oinfno="2207")
    codes = [
        world.send("settlement.requests.settle", request, source=source)[1].body["code"]
        for source in ("his-second", "his-first")
    ]
    assert codes == ["not-your-institution", "reversed-before"]
