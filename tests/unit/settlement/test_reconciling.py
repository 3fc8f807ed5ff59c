"""Headings, months, what went back, and how differences become cases: the pure parts of reconciliation."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from services.settlement.domain import comparing, groups, months
from services.settlement.domain.groups import Group
from services.settlement.domain.people import Institution, Insured, Person
from services.settlement.domain.reconciled import Break, Found, Statement
from services.settlement.reconciling.permissions import objections
from shared.contracts.operators import Operator, Role
from shared.contracts.reconciliation import BreakClosed, Detail, HeldReleased
from shared.contracts.settlement_requests import Settle
from tests.unit.settlement import kit

GROUP = Group("310", "11", "330100")
PLACE = comparing.Place("330100", "2026-11", kit.NOW + timedelta(days=10))
DAY = date(2026, 11, 23)


def bill(**changes: Any) -> Settle:
    return Settle.model_validate(kit.World().request("10.00") | changes)


def patient(*insured: tuple[str, str, str]) -> Person:
    return Person("child", 1, b"", True, tuple(Insured(*one) for one in insured))


def institution() -> Institution:
    return Institution(kit.HOSPITAL, 1, False, "330106", True, None, None, None)


@pytest.mark.parametrize(
    ("insured", "expected"),
    [
        ((), ""),
        ((("390", "2", "330100"),), "390"),
        ((("390", "2", "330100"), ("310", "1", "330700")), "310"),
        ((("310", "1", "330700"), ("390", "1", "330100")), "390"),
    ],
)
def test_a_bill_that_names_no_insurance_is_under_the_one_in_normal_status_where_the_patient_is_insured(
    insured: tuple[tuple[str, str, str], ...], expected: str
) -> None:
    assert groups.group_of(bill(), patient(*insured), institution()) == Group(expected, "11", "330106")


def test_what_the_bill_names_goes_before_the_registry() -> None:
    named = bill(insutype="391", clr_type="9902", clr_optins="330700")
    assert groups.group_of(named, patient(("310", "1", "330100")), institution()) == Group("391", "9902", "330700")  # fmt: skip
    assert groups.group_of(bill(), patient(("310", "1", "330100")), None).shown == {"insutype": "310", "clr_type": "11"}  # fmt: skip


@pytest.mark.parametrize(
    ("infno", "med_type", "expected"),
    [("2207", "11", "11"), ("2207", "140104", "11"), ("2102", "11", "41"), ("2207", "41", "41"), ("2304", "11", "21"), ("2207", "21", "21")],
)  # fmt: skip
def test_kind_of_clearing_follows_the_kind_of_care(infno: str, med_type: str, expected: str) -> None:
    assert groups.clr_type_of(infno, med_type) == expected


@pytest.mark.parametrize(
    ("closed", "account"),
    [(None, "2026-11"), ("2026-10", "2026-11"), ("2026-11", "2026-12"), ("2026-12", "2027-01")],
)
def test_what_happened_in_a_closed_month_is_booked_in_the_first_open_one(
    closed: str | None, account: str
) -> None:
    known = months.Months()
    if closed is not None:
        known.closed[kit.HOSPITAL] = closed
    line, late = months.booked(known, kit.HOSPITAL, 500, b"p", "settle", kit.NOW, None)
    assert (line.account, line.at) == (f"{kit.HOSPITAL}/{account}", kit.NOW)
    assert (late is None) == (account == "2026-11")


@pytest.mark.parametrize(
    ("month", "region", "first_open"),
    [
        ("2026-09", "A", "2026-11"),  # closed by A
        ("2026-11", "A", "2026-11"),  # A's, which B has closed
        ("2026-12", "A", "2026-12"),
        ("2027-01", "B", "2027-03"),
        ("2027-03", "B", "2027-03"),
    ],
)
def test_a_month_of_an_institution_that_moved_is_closed_by_the_region_to_which_it_belongs(
    month: str, region: str, first_open: str
) -> None:
    known = months.Months()
    known.close("A", "2026-10", [("H", "A")])
    assert known.relocate("H", "A", "B", "2026-11", "2026-12") == ("H", "2026-12", "A")
    for closed in ("2027-01", "2027-02"):
        known.close("B", closed, [("H", "B"), ("other", "A")])
    assert (known.region("H", month, "B"), known.open_from("H", month)) == (region, first_open)
    assert "other" not in known.closed


def test_who_moves_on_before_a_month_of_its_own_begins_leaves_no_trace() -> None:
    known = months.Months()
    assert known.relocate("H", "A", "B", "2026-11", None) == ("H", "2026-11", "A")
    assert known.relocate("H", "B", "C", "2026-11", None) is None
    assert known.relocate("H", "C", "A", "2026-12", "2026-10") == ("H", "2026-12", "C")
    assert [known.region("H", m, "A") for m in ("2026-11", "2026-12", "2027-01")] == ["A", "C", "A"]
    assert known.closed == {"H": "2026-10"}
    assert known.open_from("H", "2026-10") == "2026-10"


def test_months_have_first_and_last_days() -> None:
    assert (months.first_day("2028-02"), months.last_day("2028-02")) == (date(2028, 2, 1), date(2028, 2, 29))


def statement(kind: str = "detail", begins: date = DAY, ends: date = DAY, group: Group = GROUP) -> Statement:
    return Statement("m", kit.HOSPITAL, kind, b"", group, begins, ends, "", 1, 1, {}, kit.NOW)


def difference(msgid: str = "m1", theirs: int = 100) -> Found:
    return Found("detail", "amount-differs", msgid, None, {"acct_pay": 200}, {"acct_pay": theirs})


def judged(found: list[Found], known: list[Break], made: Statement | None = None) -> list[Break]:
    return comparing.judge(made or statement(), found, known, PLACE, kit.NOW)


def test_a_difference_found_again_is_the_same_case_and_keeps_its_deadline() -> None:
    (first,) = judged([difference()], [])
    (again,) = comparing.judge(
        statement(), [difference()], [first], PLACE._replace(deadline=kit.NOW + timedelta(days=99)), kit.NOW
    )
    assert again is first
    assert first.deadline == PLACE.deadline


def test_other_figures_are_another_case_and_close_the_old_one() -> None:
    (first,) = judged([difference()], [])
    (second,) = judged([difference(theirs=50)], [first])
    assert (first.state, first.closed_by, second.state) == ("closed", "statement", "open")


def test_what_was_mended_and_comes_back_is_open_again_but_what_was_explained_stays_closed() -> None:
    (case,) = judged([difference()], [])
    judged([], [case])
    assert case.state == "closed"
    judged([difference()], [case])
    assert (case.state, case.closed_by) == ("open", None)
    case.state, case.closed_by, case.closed_at = "closed", "ledger-01", kit.NOW
    judged([difference()], [case])
    assert case.state == "closed"


@pytest.mark.parametrize(
    ("kind", "days", "group", "state"),
    [
        ("detail", (DAY, DAY), GROUP, "closed"),
        ("detail", (date(2026, 11, 1), date(2026, 11, 30)), GROUP, "closed"),
        ("detail", (date(2026, 11, 24), date(2026, 11, 30)), GROUP, "open"),
        ("detail", (DAY, DAY), GROUP._replace(clr_type="21"), "open"),
        ("totals", (DAY, DAY), GROUP, "open"),
    ],
)
def test_an_equal_list_closes_the_breaks_of_its_days_and_heading_only(
    kind: str, days: tuple[date, date], group: Group, state: str
) -> None:
    (case,) = judged([difference()], [])
    judged([], [case], statement(kind, *days, group))
    assert case.state == state


@pytest.mark.parametrize(
    ("kind", "begins", "state"),
    [("totals", DAY, "closed"), ("totals", date(2026, 11, 1), "open"), ("detail", date(2026, 11, 1), "closed")],
)  # fmt: skip
def test_breaks_of_totals_close_by_totals_of_the_same_days_or_by_an_equal_list_of_all_of_them(
    kind: str, begins: date, state: str
) -> None:
    sums = dict.fromkeys(comparing.SUMS, 0) | {comparing.COUNT: 1}
    found = comparing.totals_found(sums, sums | {"acct_pay": 5, comparing.COUNT: 2})
    assert [one.kind for one in found] == ["amount-differs", "count-differs"]
    cases = judged(found, [], statement("totals"))
    judged([], cases, statement(kind, begins, DAY))
    assert {case.state for case in cases} == {state}


def test_a_break_of_a_closed_month_stands_in_the_way_of_the_next_one() -> None:
    place = PLACE._replace(month="2026-12")
    (case,) = comparing.judge(statement(), [difference()], [], place, kit.NOW)
    assert case.month == "2026-12"


def test_a_list_in_several_parts_needs_a_name() -> None:
    base = {
        "fixmedins_code": kit.HOSPITAL, "msgid": f"{kit.HOSPITAL}202611231000000001", "insutype": "310", "clr_type": "11",
        "setl_optins": "330100", "stmt_begndate": DAY, "stmt_enddate": DAY, "rows": [],
    }  # fmt: skip
    assert Detail.model_validate(base).parts == 1
    for wrong in ({"parts": 2}, {"part": 3, "parts": 2, "file_qury_no": "F"}):
        with pytest.raises(ValueError, match="for example"):
            Detail.model_validate(base | wrong)


@pytest.mark.parametrize(
    ("operator", "parties", "codes"),
    [
        (Operator("a", frozenset({Role.LEDGER}), ("330000",), frozenset({"q"})), "p", []),
        (Operator("a", frozenset({Role.REVIEWER}), ("330000",)), "p", ["operator-role-missing"]),
        (Operator("a", frozenset({Role.LEDGER}), ("320000",)), "p", ["operator-region"]),
        (Operator("a", frozenset({Role.LEDGER}), ("100000",), frozenset({"p"})), "op", ["operator-is-party"]),
        (Operator("a"), "", ["operator-role-missing", "operator-region"]),
    ],
)
def test_who_may_decide_a_case_of_the_ledger(operator: Operator, parties: str, codes: list[str]) -> None:
    said = HeldReleased if parties else BreakClosed
    assert [r.code for r in objections(operator, said, "330100", parties)] == codes


def test_what_differs_is_said_in_chinese_with_both_figures_and_only_where_they_differ() -> None:
    sums = dict.fromkeys(comparing.SUMS, 100) | {comparing.COUNT: 1}
    assert comparing.totals_found(sums, sums) == []
    only_count = comparing.totals_found(sums | {comparing.COUNT: 3}, sums)
    assert comparing.described(only_count) == "结算笔数：机构 3，中心 1"
    only_sums = comparing.totals_found(sums | {"acct_mulaid_pay": 50}, sums)
    told = comparing.described([*only_sums, difference("m1"), difference("m2")])
    assert told == "共济支付：机构 0.50，中心 1.00；金额不一致 2 笔"
    assert statement().key == (kit.HOSPITAL, "m")
