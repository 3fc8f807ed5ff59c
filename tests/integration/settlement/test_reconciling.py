"""Statements of an institution against the ledger: every kind of break is planted, found, and closed by mending or by an operator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.integration.settlement.ledger import Ledger, row
from tests.unit.settlement import kit

TOTALS = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "acct_mulaid_pay")


@pytest_asyncio.fixture
async def ledger(database_urls: dict[str, str]) -> AsyncIterator[Ledger]:
    made = await Ledger.open(database_urls["settlement"])
    yield made
    await made.pool.close()


def sums(medfee: str, acct: str, mulaid: str, count: int, fund: str = "0.00") -> dict[str, Any]:
    return dict(zip(TOTALS, (medfee, fund, acct, mulaid), strict=True)) | {"fixmedins_setl_cnt": count}


def kinds(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(b["kind"], b["state"]) for b in answer["breaks"]]


async def test_equal_totals_and_detail_have_no_break(ledger: Ledger) -> None:
    one, two = await ledger.bill("35.00"), await ledger.bill("5.00")
    assert (one["insutype"], one["clr_type"], one["clr_optins"]) == ("310", "11", "330100")
    totals = await ledger.statement("totals", **sums("40.00", "10.00", "30.00", 2))
    assert (totals["stmt_rslt"], totals.get("breaks")) == ("0", None) or totals["breaks"] == []
    detail = await ledger.statement("detail", rows=[row(one), row(two)])
    assert detail["stmt_rslt"] == "0"
    assert await ledger.pool.fetchval("select count(*) from break") == 0


async def test_every_kind_of_break_is_found_told_with_both_amounts_and_closed_by_a_mended_list(
    ledger: Ledger,
) -> None:
    good, missed, wrong, marked = [await ledger.bill("2.00") for _ in range(4)]
    pharmacy = await ledger.bill("1.00", "pharmacy-chain", kit.PHARMACY, infno="2102")
    mine = [row(good), row(wrong, acct_pay="1.00"), row(marked, refd_setl_flag="1")]
    strange = row(good, msgid=ledger.msgid(), setl_id="f" * 30)
    other = row(pharmacy, msgid=ledger.msgid())
    answer = await ledger.statement("detail", rows=[*mine, strange, other])
    assert answer["stmt_rslt"] == "1"
    assert answer["breaks_open"] == 5
    found = {b["kind"]: b for b in answer["breaks"]}
    assert set(found) == {
        "missing-here", "missing-there", "amount-differs", "status-differs", "other-institution"
    }  # fmt: skip
    assert (found["amount-differs"]["ours"]["acct_pay"], found["amount-differs"]["theirs"]["acct_pay"]) == ("2.00", "1.00")  # fmt: skip
    assert found["missing-there"]["msgid"] == missed["msgid"]
    assert "theirs" not in found["missing-there"]
    assert "ours" not in found["other-institution"]
    assert found["missing-here"]["deadline"] == "2026-12-04T00:00:00+08:00"
    totals = await ledger.statement("totals", **sums("8.00", "7.00", "0.00", 3))
    assert sorted(kinds(totals)) == [("amount-differs", "open"), ("count-differs", "open")]
    assert "个人账户支付：机构 7.00，中心 8.00" in totals["stmt_rslt_dscr"]
    mended = await ledger.statement("detail", rows=[row(a) for a in (good, missed, wrong, marked)])
    assert (mended["stmt_rslt"], mended["breaks_open"]) == ("0", 0)
    rows = await ledger.pool.fetch("select distinct state, closed_by, resolution from break")
    assert [tuple(r) for r in rows] == [("closed", "statement", "statement-agrees")]


async def test_the_same_list_again_finds_the_same_cases(ledger: Ledger) -> None:
    one = await ledger.bill("2.00")
    first = await ledger.statement("detail", rows=[row(one, acct_pay="1.00")])
    again = await ledger.statement("detail", rows=[row(one, acct_pay="1.00")])
    assert [b["case_id"] for b in first["breaks"]] == [b["case_id"] for b in again["breaks"]]
    other = await ledger.statement("detail", rows=[row(one, acct_pay="0.50")])
    assert other["breaks_open"] == 1
    assert await ledger.pool.fetchval("select count(*) from break where state = 'open'") == 1


async def test_a_repeat_gets_the_first_answer_and_another_body_is_refused(ledger: Ledger) -> None:
    one = await ledger.bill("2.00")
    msgid = ledger.msgid()
    first = await ledger.statement("totals", msgid=msgid, **sums("1.00", "1.00", "0.00", 1))
    await ledger.bill("2.00")
    again = await ledger.statement("totals", msgid=msgid, **sums("1.00", "1.00", "0.00", 1))
    assert again == first
    other = await ledger.statement("totals", msgid=msgid, **sums("9.00", "1.00", "0.00", 1))
    assert [r["code"] for r in other["reasons"]] == ["statement-msgid"]
    assert one["infcode"] == "0"


async def test_a_list_in_parts_is_compared_when_all_have_come(ledger: Ledger) -> None:
    one, two = await ledger.bill("1.00"), await ledger.bill("2.00")
    parts: dict[str, Any] = {"file_qury_no": "F1", "parts": 2}
    first = await ledger.statement("detail", rows=[row(two)], part=2, **parts)
    assert first["parts_missing"] == [1]
    assert "stmt_rslt" not in first
    last = await ledger.statement("detail", rows=[row(one)], part=1, **parts)
    assert last["stmt_rslt"] == "0"


async def test_what_went_back_is_a_row_of_its_own_on_its_own_day(ledger: Ledger) -> None:
    one, two = await ledger.bill("12.00"), await ledger.bill("10.00")
    refund = await ledger.back("refund", setl_id=one["setl_id"], amount="3.00")
    rows = [row(one), row(two), row(refund, medfee_sumamt="3.00")]
    assert (await ledger.statement("detail", rows=rows))["stmt_rslt"] == "0"
    assert (await ledger.statement("totals", **sums("19.00", "9.00", "10.00", 3)))["stmt_rslt"] == "0"
    ledger.pass_to("2026-11-24T10:00:00+08:00")
    cancel = await ledger.back("cancel", setl_id=one["setl_id"])
    assert (await ledger.statement("detail", rows=rows))["stmt_rslt"] == "0"
    later = await ledger.statement("totals", "2026-11-24", **sums("-9.00", "-9.00", "0.00", 1))
    assert later["stmt_rslt"] == "0", later["stmt_rslt_dscr"]
    detail = await ledger.statement("detail", "2026-11-24", rows=[row(cancel, medfee_sumamt="9.00")])
    assert detail["stmt_rslt"] == "0"
    both = await ledger.statement("totals", "2026-11-23", "2026-11-24", **sums("10.00", "0.00", "10.00", 4))
    assert both["stmt_rslt"] == "0", both["stmt_rslt_dscr"]


async def test_a_message_and_its_reversal_may_both_be_left_out_but_not_one_of_them(ledger: Ledger) -> None:
    lost = await ledger.bill("2.00")
    await ledger.back("reverse", omsgid=lost["msgid"], oinfno="2207")
    good = await ledger.bill("1.00")
    assert (await ledger.statement("detail", rows=[row(good)]))["stmt_rslt"] == "0"
    assert (await ledger.statement("totals", **sums("1.00", "1.00", "0.00", 1)))["stmt_rslt"] == "0"
    half = await ledger.statement("detail", rows=[row(good), row(lost)])
    assert [(b["kind"], b["msgid"]) for b in half["breaks"]] == [("status-differs", lost["msgid"])]


async def test_a_cancel_that_was_reversed_is_a_pair_and_paying_again_is_no_third_row(ledger: Ledger) -> None:
    one = await ledger.bill("12.00")
    cancel = await ledger.back("cancel", setl_id=one["setl_id"])
    again = await ledger.back("reverse", omsgid=cancel["msgid"], oinfno="2208")
    assert (await ledger.statement("detail", rows=[row(one)]))["stmt_rslt"] == "0"
    assert (await ledger.statement("totals", **sums("12.00", "10.00", "2.00", 1)))["stmt_rslt"] == "0"
    rows = [row(one), row(cancel, medfee_sumamt="12.00"), row(again)]
    assert (await ledger.statement("detail", rows=rows))["stmt_rslt"] == "0"
    assert await ledger.pool.fetchval("select array_agg(kind order by kind) from taken_back") == ["again", "cancelled"]  # fmt: skip


async def test_a_cancelled_settlement_listed_as_standing_is_one_break(ledger: Ledger) -> None:
    one = await ledger.bill("2.00")
    cancel = await ledger.back("cancel", setl_id=one["setl_id"])
    answer = await ledger.statement("detail", rows=[row(one)])
    assert kinds(answer) == [("status-differs", "open")]
    mended = await ledger.statement("detail", rows=[row(one), row(cancel, medfee_sumamt="2.00")])
    assert mended["stmt_rslt"] == "0"


async def test_only_the_institution_s_own_system_is_answered_and_only_for_days_that_can_be(
    ledger: Ledger,
) -> None:
    body = sums("1.00", "1.00", "0.00", 1)
    said = await ledger.send(
        "reconciliation.requests.totals",
        {"fixmedins_code": kit.HOSPITAL, "msgid": ledger.msgid(), "insutype": "310", "clr_type": "11", "setl_optins": "330100",
         "stmt_begndate": "2026-11-23", "stmt_enddate": "2026-11-23"} | body,
        "pharmacy-chain",
    )  # fmt: skip
    assert [r["code"] for r in said[-1]["reasons"]] == ["institution-not-yours"]
    future = await ledger.statement("totals", "2026-11-23", "2026-11-24", **body)
    across = await ledger.statement("totals", "2026-10-31", "2026-11-02", **body)
    strange = await ledger.statement("totals", msgid=ledger.msgid(kit.PHARMACY), **body)
    codes = [[r["code"] for r in answer["reasons"]] for answer in (future, across, strange)]
    assert codes == [["statement-dates"], ["statement-dates"], ["statement-msgid"]]
    assert await ledger.pool.fetchval("select count(*) from statement") == 0


FILL = """
with made as (
    select n, 'H' || (33010000000 + n % 300) as code, timestamptz '2026-11-01 00:00+08' + n * interval '10 min' as at
    from generate_series(0, 3999) as n
), asked as (
    insert into request (fixmedins_code, msgid, hash, kind, infno, psn_no, setl_id, amount, answer, at)
    select code, code || lpad(n::text, 18, '0'), '', 'settle', '2207', 'child', decode(lpad(to_hex(n), 30, '0'), 'hex'), 0, '{}', at from made
)
insert into settlement (setl_id, msgid, infno, fixmedins_code, psn_no, personal, state, number, returned, undone, periods, result, at, region)
select decode(lpad(to_hex(n), 30, '0'), 'hex'), code || lpad(n::text, 18, '0'), '2207', code, 'child', 0, 'settled', 1, 0, 0, '',
    '{"shares": []}', at, '330100' from made
"""


async def test_what_one_institution_asks_for_reads_nothing_of_the_others(ledger: Ledger) -> None:
    """Totals, lists (`movements`) and the month's sums (`owed`) are reached by the institution's own messages."""
    async with ledger.pool.acquire() as conn:
        await conn.execute(FILL)
        await conn.execute("vacuum analyze request, settlement")
        month = "timestamptz '2026-11-01 00:00+08', timestamptz '2026-12-01 00:00+08'"
        for asked in (f"movements('H33010000007', {month})", "owed('2026-11', null, 'H33010000007')"):
            plan = "\n".join(row[0] for row in await conn.fetch(f"explain (costs off) select * from {asked}"))
            assert "Index Only Scan using request_pkey" in plan, plan
            for table in ("request", "settlement"):
                assert f"Seq Scan on {table} " not in plan, plan
