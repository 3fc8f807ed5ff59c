"""A person's statement from its movements: sums, words, uses, quotas. Without servers."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.statements import csv_file
from deploy.statements.document import Document
from services.settlement.domain.accounts import Account, period_key
from services.settlement.domain.bindings import Binding
from services.settlement.domain.statements import (
    Balance,
    Movement,
    Relative,
    Unbalanced,
    left_of_quota,
    statement,
    whom,
)
from shared import policies
from shared.contracts.base import fen
from tests.unit.settlement import kit

AT = datetime(2026, 11, 3, 2, tzinfo=UTC)
WIFE: dict[str, Any] = {"relation": "spouse", "relative": "330****01", "binding_id": UUID(int=1)}


def moved(kind: str, current: int = 0, historic: int = 0, apart: int = 0, held: int = 0, **more: Any) -> Movement:  # fmt: skip
    facts = {
        "reference": "aa", "fixmedins_code": None, "pharmacy": None, "med_type": None, "binding_id": None, "relation": None,
        "relative": None, "premium": None, "premium_year": None,
    } | more  # fmt: skip
    return Movement(AT, kind, current, historic, apart, held, **facts)


def bill(kind: str, current: int, **more: Any) -> Movement:
    facts: dict[str, Any] = {"fixmedins_code": "H33010000001", "pharmacy": False, "med_type": "11"}
    return moved(kind, current, **facts | more)  # fmt: skip


def places(movements: list[Movement], opening: int = 0) -> list[Balance]:
    rows = [(m.current, m.historic, m.apart, m.held) for m in movements]
    sums = [sum(row[n] for row in rows) for n in range(4)]
    return [
        Balance("own", "current", opening, opening + sums[0]),
        Balance("own", "historic", 700, 700 + sums[1]),
        Balance("earmark", "current", 0, sums[2]),
        Balance("held", "held", 0, sums[3]),
    ]


@given(st.lists(st.tuples(st.sampled_from(["credit", "settle", "refunded", "turn", "earmark", "unheard-of"]), *[st.integers(-9999, 9999)] * 4)))  # fmt: skip
def test_opening_movements_and_refunds_always_make_the_closing(rows: list[tuple[str, int, int, int, int]]) -> None:  # fmt: skip
    movements = [moved(*row) for row in rows]
    made = statement(places(movements, 100), movements)
    for n in range(4):
        assert made.opening[n] + made.total(refunds=False)[n] + made.total(refunds=True)[n] == made.closing[n]
    if made.lines:
        assert made.lines[-1].after == made.closing[0] + made.closing[1]


def test_a_statement_that_does_not_add_up_is_none() -> None:
    with pytest.raises(Unbalanced):
        statement(places([], 100), [moved("credit", 1)])


def test_uses_are_summed_apart_for_oneself_and_relatives_and_refunds_lessen_their_use() -> None:
    rows = [
        bill("settle", -500), bill("settle", -300, pharmacy=True, med_type="41"), bill("refunded", 200),
        bill("settle", -700, med_type="21", **WIFE), moved("premium", -40_000, premium="resident-premium", premium_year=2027, **WIFE),
        moved("earmark", -100, 0, 100, **WIFE), moved("credit", 900),
    ]  # fmt: skip
    made = statement(places(rows), rows)
    assert [tuple(use) for use in made.uses] == [
        ("本人门诊", 1, 500, 200), ("本人药店购药", 1, 300, 0), ("为亲属住院", 1, 700, 0), ("为亲属居民医保缴费", 1, 40_000, 0),
    ]  # fmt: skip
    assert [line.what for line in made.lines] == [
        "就医购药（门诊）", "就医购药（药店购药）", "退费（门诊）", "为亲属就医购药（住院）", "缴费（居民医保缴费 2027）", "设立共济额度", "划入",
    ]  # fmt: skip


def test_a_relative_is_named_by_relation_and_a_few_digits() -> None:
    assert whom("spouse", "330***************01") == "配偶 330***01"
    assert whom(None, "*****") == "亲属 ***"
    assert whom("spouse", None) == ""


def test_an_institution_is_called_by_its_name_and_by_its_code_where_no_name_is_known() -> None:
    rows = [
        bill("settle", -500, fixmedins_name="杭州市第一人民医院"),
        bill("settle", -300),
        moved("credit", 900),
    ]
    made = statement(places(rows), rows)
    assert [line.where for line in made.lines] == ["杭州市第一人民医院", "医院 H33010000001", ""]
    paper = Document("330***01", "330100", "2026-11", AT, 3, made)
    read = list(csv.reader(io.StringIO(csv_file.text(paper).removeprefix("\ufeff"))))
    (heading,) = [row for row in read if row[:2] == ["表", "时间"]][:1]
    moves = [dict(zip(heading, row, strict=True)) for row in read if row[0] == "变动"]
    assert [(row["机构"], row["机构编号"]) for row in moves] == [
        ("杭州市第一人民医院", "H33010000001"), ("医院 H33010000001", "H33010000001"), ("", ""),
    ]  # fmt: skip


def relative(quota: int | None, mode: str = "authorisation") -> Relative:
    terms = "null" if quota is None else str(quota)
    text = f'[[[0,null]],[],[[0,["outpatient"],{terms},null,null,null]]' + ("]" if mode == "authorisation" else f',"{mode}"]')  # fmt: skip
    spending = policies.load().at("330100", kit.NOW).spending
    key = period_key(spending.quota_period, kit.NOW.timestamp(), spending.insured_year_start)
    one = Binding(UUID(int=1), "x", "y", 1, "approved", "spouse", text, {key: 300})
    return Relative(one, Account("x"), 1, 300, 300, 250)


def test_what_the_quota_leaves_is_never_below_zero_and_an_earmark_leaves_what_is_in_it() -> None:
    spending = policies.load().at("330100", kit.NOW).spending
    assert left_of_quota(relative(1_000), spending, kit.NOW) == 700
    assert left_of_quota(relative(200), spending, kit.NOW) == 0
    assert left_of_quota(relative(None, "earmark"), spending, kit.NOW) == 250


def test_the_csv_of_a_family_reads_back_to_the_same_sums() -> None:
    rows = [bill("settle", -500), bill("refunded", 120), moved("correct", 0, -1)]
    made = Document("330***01", "330100", "2026-11", AT + timedelta(days=40), 9, statement(places(rows, 600), rows), (("配偶 330***01", "有效", "1", "3.00", "3.00", "0.00", "不限"),))  # fmt: skip
    read = list(csv.reader(io.StringIO(csv_file.text(made).removeprefix("\ufeff"))))
    assert sum(fen(x) for row in read if row[0] in ("变动", "退款") for x in row[5:9]) == -381
    (last,) = [row for row in read if row[:2] == ["收支核对", "期末"]]
    assert fen(last[-1]) == 600 + 700 - 381
    assert ["家庭共济", "配偶 330***01", "有效", "1", "3.00", "3.00", "0.00", "不限"] in read


@pytest.mark.parametrize(
    "name", ['=HYPERLINK("http://x","余额")', "+1", "@SUM(A1)", "-2+3", "\t=1", "-1.00+1"]
)
def test_a_registered_name_never_becomes_a_formula_of_the_spreadsheet(name: str) -> None:
    rows = [bill("settle", -1250, fixmedins_name=name)]
    paper = Document("330***01", "330100", "2026-11", AT, 3, statement(places(rows, 2000), rows))
    read = csv.reader(io.StringIO(csv_file.text(paper).removeprefix("\ufeff")))
    (line,) = [row for row in read if row[0] == "变动" and row[1] != "时间"]
    assert (line[3], line[5]) == ("'" + name, "-12.50")
