"""Answers and persons of the national interface: exact in writing, tolerant in reading."""

from datetime import date, datetime
from typing import Any

import pytest

from shared.clock import BEIJING
from shared.contracts.answers import OpenShare, Reconciliation, Settlement
from shared.contracts.relations import Relation
from shared.contracts.settlement_results import Holder
from shared.national import replies
from shared.national.convention import Convention
from shared.national.fields import Fault, Untranslatable
from shared.national.persons import read_person, write_person

AT = datetime(2026, 11, 22, 10, 0, 0, 123_000, tzinfo=BEIJING)
REF = "330100202611221000000000000001"
MSGID = "H33010000001202611221000000001"
ANSWER = Settlement(
    infcode="0", msgid=MSGID, infno="2207", setl_id="S1", mdtrt_id="M1", setl_time=AT.replace(microsecond=0),
    medfee_sumamt=12850, fund_pay_sumamt=6000, hosp_part_amt=50, acct_pay=2000, acct_mulaid_pay=4000, psn_cash_pay=800,
    balc=0, refd_setl_flag="0", insutype="310", clr_type="11", clr_optins="330100",
)  # fmt: skip
PERSON: dict[str, Any] = {
    "baseinfo": {
        "psn_no": "1",
        "psn_cert_type": "1",
        "certno": "c",
        "psn_name": "n",
        "gend": 1,
        "brdy": "19800101",
    },
    "insuinfo": [
        {"insutype": 310, "psn_insu_stas": 1, "insuplc_admdvs": "330100", "balc": 12, "psn_type": "11"}
    ],
}


def test_an_answer_carries_the_total_of_shared_accounts_and_no_sponsor() -> None:
    sent = replies.write_settlement(ANSWER, Convention(), REF, AT)
    assert sent == {
        "infcode": "0", "inf_refmsgid": REF, "refmsg_time": "20261122100000123", "respond_time": "20261122100000123",
        "err_msg": "", "output": {"setldetail": [], "setlinfo": {
            "setl_id": "S1", "mdtrt_id": "M1", "medfee_sumamt": "128.50", "fund_pay_sumamt": "60.00", "hosp_part_amt": "0.50",
            "acct_pay": "20.00", "acct_mulaid_pay": "40.00", "psn_cash_pay": "8.00", "balc": "0.00",
            "setl_time": "2026-11-22 10:00:00", "medins_setl_id": MSGID, "refd_setl_flag": "0", "insutype": "310",
            "clr_type": "11", "clr_optins": "330100", "psn_part_amt": "68.00",
        }},
    }  # fmt: skip


def test_the_persons_part_counts_shared_money_once_where_acct_pay_contains_it() -> None:
    inside = ANSWER.model_copy(update={"acct_pay": 6000})
    sent = replies.write_settlement(inside, Convention(shared_in_account=True), REF, AT)
    assert sent["output"]["setlinfo"]["psn_part_amt"] == "68.00"


def test_an_answer_comes_back_the_same() -> None:
    sent = replies.write_settlement(ANSWER, Convention(), REF, AT)
    assert replies.read_settlement(sent, "2207", MSGID) == ANSWER


def test_known_misspellings_nulls_and_negative_refunds_are_understood() -> None:
    info = {
        "setl_id": "S1", "refd_setl_flag": 1, "medfee_sumamt": -128, "acct_mulaid_pay": None, "pdn_cash_pay": "-8",
        "acct_pay": "-20.0",
    }  # fmt: skip
    found = replies.read_settlement({"infcode": 0, "output": {"setlinfo": info}}, "2208", MSGID)
    assert (found.medfee_sumamt, found.psn_cash_pay, found.acct_pay, found.acct_mulaid_pay) == (
        12800,
        800,
        2000,
        None,
    )
    query = replies.read_settlement({"infcode": "0", "output": {"cash_payamt": "8.00"}}, "5203", MSGID)
    assert query.psn_cash_pay == 800


def test_a_decline_keeps_its_words_within_what_the_field_holds() -> None:
    sent = replies.write_settlement(
        Settlement(infcode="-1", err_msg="错" * 300, msgid=MSGID), Convention(), REF, AT
    )
    assert (sent["infcode"], len(sent["err_msg"]), sent["output"]) == ("-1", 200, {})
    read = replies.read_settlement({"infcode": -1, "err_msg": "错"}, "2207", MSGID)
    assert (read.infcode, read.err_msg) == ("-1", "错")


@pytest.mark.parametrize("output", [None, 5, {"setlinfo": 3}, {"setlinfo": {"acct_pay": "x"}}])
def test_an_answer_that_is_none_is_named(output: object) -> None:
    with pytest.raises(Untranslatable, match=r"output\.setlinfo"):
        replies.read_settlement({"infcode": "0", "output": output}, "2207", MSGID)


def test_statements_and_refusals_are_written() -> None:
    found = replies.write_statement(
        Reconciliation(msgid=MSGID, stmt_rslt="1", stmt_rslt_dscr="笔数不符"), REF, AT
    )
    assert found["output"] == {"stmtinfo": {"stmt_rslt": "1", "stmt_rslt_dscr": "笔数不符"}}
    refusal = replies.write_refusal(Untranslatable([Fault("msgid", "is missing", "H")]), REF, AT)
    assert (refusal["infcode"], refusal["err_msg"]) == ("-1", "msgid: is missing，如 H")


def test_a_person_of_1101_becomes_a_registry_record_and_comes_back() -> None:
    person = read_person(PERSON, 3)
    assert (person.psn_cert_type, person.brdy, person.version) == ("01", date(1980, 1, 1), 3)
    assert [(i.insutype, i.psn_insu_stas, i.balc) for i in person.insurances] == [("310", "1", 1200)]
    assert read_person(write_person(person), 3) == person
    assert write_person(person)["insuinfo"][0]["balc"] == "12.00"


def test_every_fault_of_a_person_is_named_without_its_value() -> None:
    wrong = {
        "baseinfo": PERSON["baseinfo"] | {"brdy": "gestern", "psn_no": None},
        "insuinfo": [{"balc": "viel"}],
    }
    with pytest.raises(Untranslatable) as error:
        read_person(wrong, 1)
    assert {"output.baseinfo.brdy", "output.baseinfo.psn_no", "output.insuinfo.0.balc"} <= {
        f.field for f in error.value.faults
    }
    assert "gestern" not in str(error.value)
    with pytest.raises(Untranslatable, match="is no list"):
        read_person(PERSON | {"insuinfo": 3}, 1)


def test_rows_of_insurance_of_kinds_nobody_knows_are_refused() -> None:
    row = PERSON["insuinfo"][0] | {"psn_insu_stas": "9"}
    with pytest.raises(Untranslatable, match=r"output\.insuinfo"):
        read_person(PERSON | {"insuinfo": [row]}, 1)


PAID = (
    OpenShare(holder=Holder.OWN, amount=2000),
    OpenShare(holder=Holder.SPONSOR, amount=1500, relation=Relation.CHILD),
    OpenShare(holder=Holder.SPONSOR, amount=2400, relation=Relation.SIBLING),
    OpenShare(holder=Holder.SPONSOR, amount=100),
)


def test_the_list_of_who_paid_says_what_the_holder_is_to_the_patient_and_nothing_else() -> None:
    listed = ANSWER.model_copy(update={"shares": PAID})
    sent = replies.write_settlement(listed, Convention(), REF, AT)["output"]["datayka065"]
    assert sent == [
        {"yka065": "20.00", "ykc178": "5"},
        {"yka065": "15.00", "ykc178": "1"},
        {"yka065": "24.00", "ykc178": "4"},
        {"yka065": "1.00"},
    ]


def test_there_is_no_list_where_the_answer_has_none() -> None:
    assert "datayka065" not in replies.write_settlement(ANSWER, Convention(), REF, AT)["output"]


def test_a_list_of_who_paid_is_read_without_names_numbers_and_balances() -> None:
    rows = [
        {"yka065": 20, "ykc178": 5, "aac001": "n", "aac002": "c", "aac003": "王", "ykc177": "9.00"},
        {"yka065": "15.0", "ykc178": "1"},
        {"yka065": "24.00", "ykc178": 4},
    ]
    given = {"infcode": "0", "output": {"setlinfo": {"refd_setl_flag": "0"}, "datayka065": rows}}
    found = replies.read_settlement(given, "2207", MSGID)
    assert found.shares == (*PAID[:2], PAID[2].model_copy(update={"relation": None}))


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ({}, "output.datayka065"),
        ([{"ykc178": "1"}], "output.datayka065.0.yka065"),
        ([{"yka065": 1.5}], "output.datayka065.0.yka065"),
        (["x"], "output.datayka065.0"),
    ],
)
def test_a_list_of_who_paid_that_is_none_is_refused_by_field(rows: Any, field: str) -> None:
    given = {"infcode": "0", "output": {"setlinfo": {}, "datayka065": rows}}
    with pytest.raises(Untranslatable) as found:
        replies.read_settlement(given, "2207", MSGID)
    assert field in [fault.field for fault in found.value.faults]
