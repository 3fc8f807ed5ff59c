"""National requests become our messages and come back the same; what cannot be translated is named, field by field."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import BEIJING
from shared.contracts.base import Message
from shared.contracts.reconciliation import Clear, Detail, Totals
from shared.contracts.settlement_requests import Bill, Cancel, FeeDetail, Query, Quote, Reverse, Settle
from shared.national.convention import Convention
from shared.national.fields import Untranslatable
from shared.national.requests import read_request, write_request
from shared.national.scalars import parse
from shared.national.transactions import TRANSACTIONS

AT = datetime(2026, 11, 22, 10, 0, tzinfo=BEIJING)
MSGID = "H33010000001202611221000000001"
PLAIN = Convention()
CONVENTIONS = [
    Convention(fund, inside, hospital)
    for fund in (False, True)
    for inside in (False, True)
    for hospital in ("beside", "in-scope", "in-fund")
]
fen = st.integers(0, 10**9)


def envelope(infno: str, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "infno": infno, "msgid": MSGID, "fixmedins_code": "H33010000001", "insuplc_admdvs": "330100",
        "mdtrtarea_admvs": "330100", "inf_time": "2026-11-22 10:00:00", "input": {"data": data},
    } | more  # fmt: skip


def bill(**more: Any) -> dict[str, Any]:
    return {
        "psn_no": "33010000000000000001", "mdtrt_id": "M1", "mdtrt_cert_type": "02", "mdtrt_cert_no": "certificate",
        "med_type": "11", "medfee_sumamt": "128.50", "inscp_scp_amt": "128.50",
    } | more  # fmt: skip


def settled(given: dict[str, Any], convention: Convention = PLAIN) -> Bill:
    body = read_request(given, convention).body
    assert isinstance(body, Bill)
    return body


def faults(given: dict[str, Any], convention: Convention = PLAIN) -> dict[str, str]:
    with pytest.raises(Untranslatable) as error:
        read_request(given, convention)
    assert all(fault.example for fault in error.value.faults)
    assert all(re.search("[\u4e00-\u9fff].* / ", fault.reason) for fault in error.value.faults)
    fields = [fault.field for fault in error.value.faults]
    assert len(set(fields)) == len(fields)
    return {fault.field: fault.reason.partition(" / ")[2] for fault in error.value.faults}


@st.composite
def bills(draw: st.DrawFn) -> Bill:
    infno = draw(st.sampled_from(["2206", "2207", "2102", "2304"]))
    outside = {name: draw(fen) for name in ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt")}
    fund, own, hospital = draw(fen), draw(fen), draw(fen)
    lines = tuple(
        FeeDetail(feedetl_sn=str(n), det_item_fee_sumamt=draw(fen)) for n in range(draw(st.integers(0, 3)))
    )
    return (Quote if infno == "2206" else Settle)(
        msgid=MSGID, fixmedins_code="H33010000001", psn_no="33010000000000000001", infno=infno, mdtrt_id="M1",
        mdtrt_cert_type="02", mdtrt_cert_no="certificate", med_type="11", insuplc_admdvs="330100",
        bill_at=AT - timedelta(minutes=draw(st.integers(0, 10**6))), medfee_sumamt=sum(outside.values()) + fund + own + hospital,
        fund_pay_sumamt=fund, hosp_part_amt=hospital, inscp_scp_amt=fund + own, feedetail=lines, **outside,
    )  # fmt: skip


@given(convention=st.sampled_from(CONVENTIONS), message=bills(), accounts=fen)
def test_a_bill_comes_back_the_same_in_every_convention(
    convention: Convention, message: Bill, accounts: int
) -> None:
    sent = write_request(message, message.infno, AT, convention, accounts=accounts)
    found = read_request(sent, convention)
    assert (found.body, found.infno, found.sent_at) == (message, message.infno, AT)


HEAD = {"msgid": MSGID, "fixmedins_code": "H33010000001"}
PERIOD = {
    "insutype": "310", "clr_type": "11", "setl_optins": "330100", "stmt_begndate": date(2026, 11, 1),
    "stmt_enddate": date(2026, 11, 30),
}  # fmt: skip


@pytest.mark.parametrize(
    ("infno", "message"),
    [
        ("2103", Cancel(infno="2103", psn_no="1", setl_id="S1", **HEAD)),
        ("2208", Cancel(infno="2208", psn_no="1", setl_id="S1", **HEAD)),
        ("2305", Cancel(infno="2305", psn_no="1", setl_id="S1", **HEAD)),
        ("2601", Reverse(psn_no="1", omsgid=MSGID, oinfno="2207", **HEAD)),
        ("5203", Query(psn_no="1", omsgid=MSGID, **HEAD)),
        (
            "3201",
            Totals(medfee_sumamt=-5, fund_pay_sumamt=0, acct_pay=1, fixmedins_setl_cnt=3, **HEAD, **PERIOD),
        ),
        ("3202", Detail(rows=(), **HEAD, **PERIOD)),
        ("3203", Clear(**HEAD, **PERIOD)),
    ],
)
def test_every_other_request_comes_back_the_same(infno: str, message: Message) -> None:
    sent = write_request(message, infno, AT, PLAIN)
    found = read_request(parse(str(sent).replace("'", '"')), PLAIN)
    assert found.body == message
    assert found.short == TRANSACTIONS[infno].short


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("128.5", 12850), ("128", 12800), ("128.500", 12850), (Decimal("128.5"), 12850), (128, 12800), (" 128.50 ", 12850),
        (Decimal("1.285E+2"), 12850),
    ],
)  # fmt: skip
def test_amounts_are_read_however_a_sender_writes_them(written: object, expected: int) -> None:
    assert settled(envelope("2207", bill(medfee_sumamt=written))).medfee_sumamt == expected


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("128.505", "has at most two decimals"), (128.5, "is an amount in yuan, as text or as an exact number"),
        (True, "is an amount in yuan, as text or as an exact number"), ("1e2", "is an amount in yuan: digits and a point"),
        ("1,280.00", "is an amount in yuan: digits and a point"), ("NaN", "is an amount in yuan: digits and a point"),
        ("12.340000000000000000000000000001", "has at most 14 digits before the point and two decimals"),
        ("9" * 15, "has at most 14 digits before the point"), ({}, "is an amount in yuan, as text or as an exact number"),
    ],
)  # fmt: skip
def test_an_amount_that_is_none_is_named(written: object, reason: str) -> None:
    assert faults(envelope("2207", bill(medfee_sumamt=written))) == {"input.data.medfee_sumamt": reason}


def test_no_number_of_a_document_is_ever_a_binary_fraction() -> None:
    assert parse('{"a": 0.1, "b": 1e-1, "c": 3}') == {"a": Decimal("0.1"), "b": Decimal("0.1"), "c": 3}
    for wrong in ("NaN", "[Infinity]", "{", "[" * 100_000):
        with pytest.raises(ValueError, match="not JSON"):
            parse(wrong)


def test_empty_texts_nulls_numbers_and_dropped_zeros_are_understood() -> None:
    found = settled(
        envelope(
            "2207",
            bill(psn_no=33010000000000000001, mdtrt_cert_type=2, preselfpay_amt=None, overlmt_selfpay=" "),
        )
    )
    assert (found.psn_no, found.mdtrt_cert_type) == ("33010000000000000001", "02")
    assert (found.preselfpay_amt, found.overlmt_selfpay) == (0, 0)


def test_a_body_without_its_wrapper_or_as_text_is_understood() -> None:
    plain = envelope("2208", {"psn_no": "1", "setl_id": "S1"})
    for body in ({"psn_no": "1", "setl_id": "S1"}, '{"data": {"psn_no": "1", "setl_id": "S1"}}'):
        assert read_request(plain | {"input": body}, PLAIN).body == read_request(plain, PLAIN).body


def test_a_pharmacy_writes_its_bill_as_druginfo_and_drugdetail() -> None:
    rows = [{"feedetl_sn": "1", "med_chrgitm_type": 9, "det_item_fee_sumamt": "128.50"}]
    given = envelope("2102", {}) | {
        "input": {"druginfo": bill(begntime="20261122095500"), "drugdetail": rows}
    }
    found = settled(given)
    assert found.bill_at == AT - timedelta(minutes=5)
    assert [(row.med_chrgitm_type, row.det_item_fee_sumamt) for row in found.feedetail] == [("09", 12850)]


def test_the_accounts_money_is_taken_out_of_a_fund_that_contains_it() -> None:
    given = envelope("2207", bill(fund_pay_sumamt="90.00", acct_pay="20.00", acct_mulaid_pay="10.00"))
    assert settled(given, Convention(account_in_fund=True)).fund_pay_sumamt == 6000
    assert settled(given, Convention(account_in_fund=True, shared_in_account=True)).fund_pay_sumamt == 7000
    assert settled(given).fund_pay_sumamt == 9000


def test_what_cannot_be_taken_apart_is_declined_with_both_sums() -> None:
    region = Convention(account_in_fund=True)
    assert faults(envelope("2207", bill(fund_pay_sumamt="90.00")), region) == {
        "input.data.acct_pay": "is missing: fund_pay_sumamt contains it in this region"
    }
    assert faults(envelope("2207", bill(fund_pay_sumamt="9.00", acct_pay="20.00")), region) == {
        "input.data.fund_pay_sumamt": "is 9.00, less than the accounts' part 20.00 that it contains"
    }
    assert faults(envelope("2207", bill(acct_pay="20.00")), region) == {
        "input.data.fund_pay_sumamt": "is 0.00, less than the accounts' part 20.00 that it contains"
    }
    assert faults(
        envelope("2207", bill(inscp_scp_amt="1.00", hosp_part_amt="2.00")), Convention(hospital="in-scope")
    ) == {"input.data.inscp_scp_amt": "is 1.00, less than hosp_part_amt 2.00 that it contains"}


def test_parts_that_do_not_add_up_are_passed_on_as_they_are() -> None:
    assert settled(envelope("2207", bill(inscp_scp_amt="100.00"))).inscp_scp_amt == 10000


def test_all_faults_are_told_at_once_by_their_national_path() -> None:
    given = envelope("2207", bill(psn_no=None, medfee_sumamt="x", med_type="outpatient"), msgid="H1")
    assert set(faults(given)) == {
        "input.data.psn_no",
        "input.data.medfee_sumamt",
        "input.data.med_type",
        "msgid",
    }
    assert set(faults(envelope("2207", bill()) | {"insuplc_admdvs": None})) == {"insuplc_admdvs"}
    assert set(faults(envelope("9999", {}))) == {"infno"}
    assert "input.data" in faults(envelope("2208", {}) | {"input": 5})
    assert "input" in faults(envelope("2208", {}) | {"input": "{"})
    assert "input.detail" in faults(envelope("3202", {}) | {"input": {"data": {}, "detail": 3}})
    assert "input.detail.0" in faults(envelope("3202", {}) | {"input": {"data": {}, "detail": [1]}})


def test_a_fault_never_quotes_the_payload() -> None:
    with pytest.raises(Untranslatable) as error:
        read_request(envelope("2207", bill(mdtrt_cert_no="330106198001011234" * 9, psn_no="不是编号")), PLAIN)
    assert "330106" not in str(error.value)
    assert "不是编号" not in str(error.value)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=BEIJING)), ("2026-11-22 10:00:00.123", AT), ("20261122100000", AT),
        ("2026-11-22T02:00:00.000+0000", AT), ("2026-11-22T10:00:00.000+0800", AT), ("2026-11-22T02:00:00Z", AT),
    ],
)  # fmt: skip
def test_a_time_is_beijings_unless_it_says_otherwise_however_it_is_written(
    written: str, read: datetime
) -> None:
    given = envelope("2208", {"psn_no": "1", "setl_id": "S"}) | {"inf_time": written}
    assert read_request(given, PLAIN).sent_at == read


def test_a_time_with_an_offset_is_believed() -> None:
    found = read_request(
        envelope("2208", {"psn_no": "1", "setl_id": "S"}) | {"inf_time": "2026-11-22T02:00:00+00:00"}, PLAIN
    )
    assert found.sent_at == datetime(2026, 11, 22, 2, tzinfo=UTC)
    for wrong in (
        "gestern",
        "2026-13-01 00:00:00",
        "2026-11-22T02:00:00+99:00",
        "2026-11-22 10:00:00.xyz",
        ["x"],
    ):
        assert set(faults(envelope("2208", {"psn_no": "1", "setl_id": "S"}) | {"inf_time": wrong})) == {
            "envelope.inf_time"
        }
