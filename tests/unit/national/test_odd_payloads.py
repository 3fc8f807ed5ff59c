"""Payloads as no sender should write them: understood without a doubt, or refused by field; and no amount ever changes on the way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from deploy.cli import build
from shared.clock import BEIJING
from shared.national import replies
from shared.national.convention import Convention
from shared.national.persons import read_person, write_person
from shared.national.requests import read_request, write_request
from shared.national.scalars import MOST, amount, parse

AT = datetime(2026, 11, 22, 10, 0, tzinfo=BEIJING)
PLAIN = Convention()
BILL = {
    "psn_no": "33010000000000000001", "mdtrt_id": "V1", "mdtrt_cert_type": "02", "mdtrt_cert_no": "c", "med_type": "11",
    "begntime": "2026-11-22 09:00:00", "medfee_sumamt": "128.50", "fund_pay_sumamt": "60.00", "inscp_scp_amt": "128.50",
}  # fmt: skip
HEAD = {
    "infno": "2207", "msgid": "H33010000001202611221000000001", "fixmedins_code": "H33010000001",
    "inf_time": "2026-11-22 10:00:00", "insuplc_admdvs": "330100", "mdtrtarea_admvs": "330100",
}  # fmt: skip
GOOD = json.dumps(HEAD | {"input": {"data": BILL}})


def swapped(old: str, new: str) -> bytes:
    """The good request with a part of its text replaced."""
    assert old in GOOD
    return GOOD.replace(old, new).encode()


def message(document: bytes, tmp_path: Path) -> Result:
    """`gongji national message` of a document."""
    (tmp_path / "given.json").write_bytes(document)
    words = ["national", "message", str(tmp_path / "given.json"), "--source", "his-first"]
    return CliRunner().invoke(build("national"), words)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (swapped('"medfee_sumamt": "128.50"', '"medfee_sumamt": 1e999999'), "input.data.medfee_sumamt"),
        (swapped('"medfee_sumamt": "128.50"', '"medfee_sumamt": 1e-999999'), "input.data.medfee_sumamt"),
        (swapped('"medfee_sumamt": "128.50"', '"medfee_sumamt": 1e99999999999999999999'), "envelope"),
        (swapped('"medfee_sumamt": "128.50"', f'"medfee_sumamt": {"9" * 5000}'), "envelope"),
        (swapped('"medfee_sumamt": "128.50"', '"medfee_sumamt": NaN'), "envelope"),
        (swapped('"medfee_sumamt": "128.50"', '"medfee_sumamt": "1.00", "medfee_sumamt": "128.50"'), "envelope"),
        (swapped('"infno": "2207"', '"infno": "2208", "infno": "2207"'), "envelope"),
        (swapped('"medfee_sumamt": "128.50"', '"medfee_sumamt": "１２８.50"'), "input.data.medfee_sumamt"),
        (swapped('"medfee_sumamt": "128.50"', '"medfee_sumamt": "128.50元"'), "input.data.medfee_sumamt"),
        (swapped('"medfee_sumamt": "128.50"', '"medfee_sumamt": "-128.50"'), "input.data.medfee_sumamt"),
        (swapped('"medfee_sumamt": "128.50"', '"medfee_sumamt": ["128.50"]'), "input.data.medfee_sumamt"),
        (swapped('"medfee_sumamt": "128.50"', '"medfee_sumamt": true'), "input.data.medfee_sumamt"),
        (swapped('"medfee_sumamt": "128.50"', '"medfee_sumamt": null'), "input.data.medfee_sumamt"),
        (swapped('"V1"', '"V\\u00001"'), "input.data.mdtrt_id"),
        (swapped('"V1"', '"\\ud800"'), "input.data.mdtrt_id"),
        (swapped('"33010000000000000001"', "33010000000000000001.0"), "input.data.psn_no"),
        (swapped('"2026-11-22 09:00:00"', '"2026-02-30 09:00:00"'), "input.data.begntime"),
        (swapped('"mdtrtarea_admvs": "330100"', '"mdtrtarea_admvs": "abc"'), "envelope.mdtrtarea_admvs"),
        (swapped('{"data": ', '{"feedetail": [null], "data": '), "input.feedetail.0"),
        (swapped('{"data": ', '{"feedetail": [{"feedetl_sn": "1"}], "data": '), "input.feedetail.0.det_item_fee_sumamt"),
        (swapped('{"data": ', '{"feedetail": {"a": 1}, "data": '), "input.feedetail"),
        (json.dumps(HEAD | {"input": [{"data": BILL}]}).encode(), "input.data"),
        (json.dumps(HEAD | {"input": {"data": [BILL]}}).encode(), "input.data"),
        (json.dumps(HEAD | {"input": {"data": "{"}}).encode(), "input.data"),
        (json.dumps(HEAD | {"input": None}).encode(), "input.data"),
        (json.dumps(HEAD | {"psn_name": "王小明"}, ensure_ascii=False).encode("gbk"), "envelope"),
        (b"[" * 100_000, "envelope"),
        (json.dumps([HEAD]).encode(), "envelope"),
        (b"", "envelope"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_without_a_doubt_is_refused_by_field(
    document: bytes, field: str, tmp_path: Path
) -> None:
    done = message(document, tmp_path)
    assert (done.exit_code, done.exception.__class__) == (1, SystemExit)
    refusal = json.loads(done.stdout)
    assert (refusal["infcode"], len(refusal["err_msg"]) <= 200) == ("-1", True)
    assert refusal["err_msg"].partition(": ")[0] == field
    assert all(value not in done.output for value in ("王小明", "128.50元", "9999"))


@pytest.mark.parametrize(
    "document",
    [
        swapped('"128.50"', "128.5"),
        swapped('"128.50"', "1.285e2"),
        swapped('"128.50"', '" +128.500 "'),
        swapped('"330100"', "330100"),
        swapped('"2207"', "2207"),
        swapped('"02"', "2"),
        swapped('"2026-11-22 09:00:00"', "20261122090000"),
        swapped('"mdtrtarea_admvs"', '"mdtrtarea_admdvs"'),
        swapped('"med_type"', '"MED_TYPE": null, "hosp_part_amt": "", "med_type"'),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.encode("utf-16"),
        json.dumps(HEAD | {"input": json.dumps({"data": BILL})}).encode(),
        json.dumps(HEAD | {"input": {"data": json.dumps(BILL)}}).encode(),
        json.dumps(HEAD | {"input": BILL}).encode(),
    ],
)
def test_what_can_be_understood_is_the_same_message(document: bytes, tmp_path: Path) -> None:
    done = message(document, tmp_path)
    assert done.exit_code == 0, done.output
    (tmp_path / "good").mkdir()
    good = message(GOOD.encode(), tmp_path / "good")
    assert json.loads(done.stdout)["data"] == json.loads(good.stdout)["data"]


fen = st.integers(0, MOST - 1)
least = st.integers(-MOST + 1, MOST - 1)


@st.composite
def noted(draw: st.DrawFn, amounts: st.SearchStrategy[int] = fen) -> tuple[int, Any]:
    """Fen and one of the ways in which senders write them, as it stands in JSON."""
    found = draw(amounts)
    exact = Decimal(found).scaleb(-2)
    plain = f"{exact:.2f}"
    short = plain.rstrip("0").rstrip(".") if "." in plain else plain
    ways = [plain, f'"{plain}"', f'" {plain} "', f'"{plain}000"', short, f'"{short}"', f"{exact:E}"]
    return found, draw(st.sampled_from(ways))


def json_of(values: Mapping[str, Any]) -> str:
    """An object whose amounts stand there as they were written."""
    return "{" + ", ".join(f'"{k}": {v if isinstance(v, Written) else json.dumps(v)}' for k, v in values.items()) + "}"  # fmt: skip


class Written(str):
    """A value in JSON already."""

    __slots__ = ()


@given(st.data())
def test_an_amount_is_read_to_the_fen_however_it_is_written(data: st.DataObject) -> None:
    found, written = data.draw(noted(least))
    assert amount(parse(written)) == found


NAMES = ("medfee_sumamt", "fund_pay_sumamt", "hosp_part_amt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")  # fmt: skip
ROW = ("det_item_fee_sumamt", "fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")


@given(st.data())
def test_reading_and_writing_a_bill_keeps_every_amount_to_the_fen(data: st.DataObject) -> None:
    whole = {name: data.draw(noted()) for name in NAMES}
    rows = [{name: data.draw(noted()) for name in ROW} for _ in range(data.draw(st.integers(0, 3)))]
    infno = data.draw(st.sampled_from(["2102", "2206", "2207", "2304"]))
    wrapper, lines = ("druginfo", "drugdetail") if infno == "2102" else ("data", "feedetail")
    body = BILL | {name: Written(text) for name, (_, text) in whole.items()}
    listed = [json_of({"feedetl_sn": str(n)} | {k: Written(t) for k, (_, t) in row.items()}) for n, row in enumerate(rows)]  # fmt: skip
    sent = Written(f'{{"{wrapper}": {json_of(body)}, "{lines}": [{", ".join(listed)}]}}')
    read = read_request(parse(json_of(HEAD | {"infno": infno, "input": sent})), PLAIN).body
    written = write_request(read, infno, AT, PLAIN)["input"]
    assert {name: amount(written[wrapper][name]) for name in NAMES} == {n: v for n, (v, _) in whole.items()}
    again = [{name: amount(row[name]) for name in ROW} for row in written.get(lines, [])]
    assert again == [{name: value for name, (value, _) in row.items()} for row in rows]
    assert all(len(text.partition(".")[2]) == 2 for text in (written[wrapper][name] for name in NAMES))


@given(st.data())
def test_reading_and_writing_an_answer_keeps_every_amount_to_the_fen(data: st.DataObject) -> None:
    names = [field.name for field in replies.AMOUNTS]
    whole = {name: data.draw(noted()) for name in names}
    paid = [data.draw(noted()) for _ in range(data.draw(st.integers(0, 3)))]
    rows = ", ".join(json_of({"yka065": Written(text), "ykc178": "1"}) for _, text in paid)
    info = json_of({"refd_setl_flag": "0"} | {name: Written(text) for name, (_, text) in whole.items()})
    given = parse(f'{{"infcode": 0, "output": {{"setlinfo": {info}, "datayka065": [{rows}]}}}}')
    read = replies.read_settlement(given, "2207", HEAD["msgid"])
    output = replies.write_settlement(read, PLAIN, "3", AT)["output"]
    assert {name: amount(output["setlinfo"][name]) for name in names} == {n: v for n, (v, _) in whole.items()}
    assert [amount(row["yka065"]) for row in output.get("datayka065", [])] == [value for value, _ in paid]


@given(noted())
def test_reading_and_writing_a_balance_keeps_it_to_the_fen(balance: tuple[int, str]) -> None:
    base = {"psn_no": "1", "psn_cert_type": "01", "certno": "c", "psn_name": "n", "gend": "1", "brdy": "1980-01-01"}  # fmt: skip
    row = json_of({"insutype": "310", "psn_insu_stas": "1", "insuplc_admdvs": "330100", "balc": Written(balance[1])})  # fmt: skip
    person = read_person(parse(f'{{"baseinfo": {json_of(base)}, "insuinfo": [{row}]}}'), 1)
    assert amount(write_person(person)["insuinfo"][0]["balc"]) == balance[0]


@given(st.data())
def test_reading_and_writing_totals_and_lists_keeps_every_amount_to_the_fen(data: st.DataObject) -> None:
    days = {"insutype": "310", "clr_type": "11", "setl_optins": "330100", "stmt_begndate": "2026-11-01", "stmt_enddate": "2026-11-30"}  # fmt: skip
    sums = {name: data.draw(noted(least)) for name in ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "acct_mulaid_pay")}  # fmt: skip
    body = json_of(
        days | {"fixmedins_setl_cnt": 3} | {name: Written(text) for name, (_, text) in sums.items()}
    )
    totals = read_request(parse(json_of(HEAD | {"infno": "3201", "input": Written(f'{{"data": {body}}}')})), PLAIN).body  # fmt: skip
    written = write_request(totals, "3201", AT, PLAIN)["input"]["data"]
    assert {name: amount(written[name]) for name in sums} == {
        name: value for name, (value, _) in sums.items()
    }
    row = {name: data.draw(noted()) for name in ("medfee_sumamt", "acct_pay", "acct_mulaid_pay")}
    line = json_of({"setl_id": "S", "msgid": HEAD["msgid"], "refd_setl_flag": "0"} | {name: Written(text) for name, (_, text) in row.items()})  # fmt: skip
    listed = Written(f'{{"data": {json_of(days)}, "detail": [{line}]}}')
    detail = read_request(parse(json_of(HEAD | {"infno": "3202", "input": listed})), PLAIN).body
    (again,) = write_request(detail, "3202", AT, PLAIN)["input"]["detail"]
    assert {name: amount(again[name]) for name in row} == {name: value for name, (value, _) in row.items()}
