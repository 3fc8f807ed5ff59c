"""The close of a month, clearing, and the cases of the ledger that operators decide, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from services.settlement.reconciling.storage import Q
from tests.integration.settlement.ledger import Ledger, row
from tests.unit.settlement import kit

MONTH = ("2026-11-01", "2026-11-30")


@pytest_asyncio.fixture
async def ledger(database_urls: dict[str, str]) -> AsyncIterator[Ledger]:
    made = await Ledger.open(database_urls["settlement"])
    yield made
    await made.pool.close()


def codes(answer: dict[str, Any]) -> list[str]:
    return [r["code"] for r in answer["reasons"]]


async def counters(ledger: Ledger) -> dict[str, int]:
    """Fen by counter account of an institution."""
    rows = await ledger.pool.fetch(
        "select account, sum(amount)::bigint from entry where segment = 'counter' and account like 'H%' group by 1"
    )
    return {row[0]: row[1] for row in rows}


async def test_a_month_closes_when_it_is_over_and_no_break_is_open(ledger: Ledger) -> None:
    one = await ledger.bill("12.00")
    assert codes(await ledger.close("2026-11")) == ["period-not-over"]
    found = await ledger.statement("detail", rows=[row(one, acct_pay="1.00")])
    (case,) = found["breaks"]
    ledger.pass_to("2026-12-01T09:00:00+08:00")
    assert codes(await ledger.close("2026-11")) == ["breaks-open"]
    refused = await ledger.statement("clear", *MONTH)
    assert codes(refused) == ["breaks-open"]
    closed = await ledger.verdict(
        "break-closed", case["case_id"], resolution="institution-corrected", note="已核对"
    )
    assert (closed["accepted"], closed["state"]) == (True, "closed")
    assert (await ledger.close("2026-11"))["accepted"]
    assert codes(await ledger.close("2026-11")) == ["period-closed"]
    assert await ledger.verify() == []


async def test_a_break_that_an_operator_explained_stays_closed_while_the_figures_stay(ledger: Ledger) -> None:
    one = await ledger.bill("12.00")
    found = await ledger.statement("detail", rows=[row(one, acct_pay="1.00")])
    await ledger.verdict("break-closed", found["breaks"][0]["case_id"], resolution="explained")
    again = await ledger.statement("detail", rows=[row(one, acct_pay="1.00")])
    assert ([b["state"] for b in again["breaks"]], again["breaks_open"]) == (["closed"], 0)
    worse = await ledger.statement("detail", rows=[row(one, acct_pay="0.50")])
    assert [b["state"] for b in worse["breaks"]] == ["open"]


async def test_clearing_is_by_region_of_the_account_and_equals_the_counter_accounts_to_the_fen(
    ledger: Ledger,
) -> None:
    one = await ledger.bill("45.00")  # own 10.00, mother 20.00 of 330100, father 15.00 of 330700
    await ledger.bill("2.00", clr_type="9902")  # father; another heading
    await ledger.back("refund", setl_id=one["setl_id"], amount="4.00")  # to the father
    ledger.pass_to("2026-12-01T09:00:00+08:00")
    asked = await ledger.statement("clear", *MONTH)
    lines = [(x["admdvs"], x["acct_pay"], x["acct_mulaid_pay"]) for x in asked["lines"]]
    assert (asked["clearing"], lines) == (
        "requested",
        [("330100", "10.00", "20.00"), ("330700", "0.00", "11.00")],
    )
    withdrawn = await ledger.statement("uncleared", *MONTH)
    assert withdrawn["clearing"] == "withdrawn"
    assert codes(await ledger.statement("uncleared", *MONTH)) == ["clearing-not-asked"]
    await ledger.statement("clear", *MONTH)
    assert (await ledger.close("2026-11"))["accepted"]
    assert codes(await ledger.statement("uncleared", *MONTH)) == ["period-closed"]
    rows = await ledger.pool.fetch(
        "select admdvs, payer, sum(own)::bigint, sum(shared)::bigint from clearing group by 1, 2 order by 2"
    )
    assert [tuple(r) for r in rows] == [("330100", "330100", 1000, 2000), ("330100", "330700", 0, 1300)]
    assert await counters(ledger) == {f"{kit.HOSPITAL}/2026-11": 4300}
    assert await ledger.pool.fetchval("select state from clearing_request") == "cleared"
    assert await ledger.verify() == []


async def test_what_comes_after_the_close_is_booked_in_the_next_month(ledger: Ledger) -> None:
    ledger.pass_to("2026-11-30T23:00:00+08:00")
    one = await ledger.bill("12.00")
    ledger.pass_to("2026-12-01T00:30:00+08:00")
    assert (await ledger.close("2026-11"))["accepted"]
    before = await ledger.pool.fetch("select * from clearing")
    late = await _sent_late(ledger, "2026-11-30T23:30:00+08:00")
    back = await ledger.back("cancel", setl_id=one["setl_id"])
    assert (late["infcode"], back["infcode"]) == ("0", "0")
    code = kit.HOSPITAL
    assert await counters(ledger) == {f"{code}/2026-11": 1200, f"{code}/2026-12": 500 - 1200}
    at = await ledger.pool.fetchval("select at from booked_late")
    assert at.isoformat() == "2026-11-30T15:30:00+00:00"
    ledger.pass_to("2027-01-02T09:00:00+08:00")
    assert (await ledger.close("2026-12"))["accepted"]
    assert await ledger.pool.fetch("select * from clearing where month = '2026-11'") == before
    assert (
        await ledger.pool.fetchval("select sum(own + shared) from clearing where month = '2026-12'") == -700
    )
    assert await ledger.verify() == []


async def _sent_late(ledger: Ledger, at: str) -> dict[str, Any]:
    """A bill of 5.00 with an event time in a month that is closed by now."""
    now = ledger.clock.at
    ledger.pass_to(at)
    answer = await ledger.bill("5.00")
    ledger.clock.at = now
    return answer


async def test_months_are_closed_one_after_the_other(ledger: Ledger) -> None:
    await ledger.bill("12.00")
    ledger.pass_to("2027-01-02T09:00:00+08:00")
    refused = await ledger.close("2026-12")
    assert codes(refused) == ["period-gap"]
    assert "2026-11" in refused["reasons"][0]["zh"]


@pytest.mark.parametrize("first", ["statement", "close"])
async def test_a_break_that_is_found_when_the_month_closes_is_never_left_open_in_it(
    ledger: Ledger, first: str
) -> None:
    one = await ledger.bill("12.00")
    ledger.pass_to("2026-12-01T09:00:00+08:00")
    listed = ledger.days("2026-11-23") | {"rows": [row(one, acct_pay="1.00")]}
    close = {"case_id": "period-330100-2026-11", "operator_id": "ledger-01", "month": "2026-11", "admdvs": "330100"}  # fmt: skip
    both = [
        ("reconciliation.requests.detail", listed, "his-first"),
        ("ledger.verdicts.period-closed", close, "desk"),
    ]
    said = await ledger.send_together(*(both if first == "statement" else reversed(both)))
    (told,) = [one for one in said if "accepted" in one]
    month = await ledger.pool.fetchval("select month from break where state = 'open'")
    assert (told["accepted"], month) == ((False, "2026-11") if first == "statement" else (True, "2026-12"))
    assert await ledger.verify() == []


async def test_nobody_books_in_a_closed_month_past_the_service(ledger: Ledger) -> None:
    await ledger.bill("12.00")
    ledger.pass_to("2026-12-01T09:00:00+08:00")
    await ledger.close("2026-11")
    line = "insert into entry (posting, account, segment, amount, kind, at) values ($1, $2, 'counter', 5, 'settle', now())"
    for month in ("2026-11", "2026-10"):
        with pytest.raises(asyncpg.PostgresError, match="closed month never changes"):
            await ledger.pool.execute(line, b"x", f"{kit.HOSPITAL}/{month}")
    for statement in ("delete from period", "update clearing set own = 1", "truncate verdict"):
        with pytest.raises(asyncpg.PostgresError, match="append only"):
            await ledger.pool.execute(statement)


async def test_money_held_for_a_closed_account_is_paid_out_once(ledger: Ledger) -> None:
    one = await ledger.bill("12.00")
    closed = {"psn_no": "mother", "entry_id": "X", "at": kit.NOW}
    await ledger.send("account.credits.closed", closed, "authority")
    await ledger.back("cancel", setl_id=one["setl_id"])
    case_id = await ledger.pool.fetchval("select case_id from ledger_case where what = 'held'")
    assert codes(await ledger.verdict("held-released", case_id, "ledger-0001", to="heir")) == [
        "operator-is-party"
    ]
    assert codes(await ledger.verdict("held-released", case_id, "ledger-32", to="heir")) == [
        "operator-region"
    ]
    assert codes(await ledger.verdict("held-released", case_id, "reviewer-01", to="heir")) == [
        "operator-role-missing"
    ]
    assert codes(await ledger.verdict("break-closed", case_id, resolution="x")) == ["case-kind"]
    released = await ledger.verdict("held-released", case_id, to="heir-account")
    assert (released["accepted"], released["state"], released["left"]) == (True, "closed", "0.00")
    assert codes(await ledger.verdict("held-released", case_id, to="heir-account")) == ["case-closed"]
    assert await ledger.pool.fetchval("select sum(amount) from entry where segment = 'held'") == 0
    assert await ledger.verify() == []


async def test_what_is_recovered_goes_to_the_sponsor_whose_money_was_spent_too_late(ledger: Ledger) -> None:
    await ledger.bill("15.00")  # own 10.00, mother 5.00
    ended = kit.decision(kit.binding_id(1), "mother", version=2, state="ended", end=kit.NOW)
    await ledger.send("binding.decisions.ended", ended, "gongji-audit")
    case_id = await ledger.pool.fetchval("select case_id from ledger_case where what = 'recovery'")
    by_sponsor = await ledger.verdict("recovery-settled", case_id, "ledger-0001", amount="2.00")
    assert codes(by_sponsor) == ["operator-is-party"]
    assert codes(await ledger.verdict("recovery-settled", case_id, amount="6.00")) == ["amount-too-high"]
    part = await ledger.verdict("recovery-settled", case_id, amount="2.00")
    assert (part["state"], part["left"]) == ("open", "3.00")
    rest = await ledger.verdict("recovery-settled", case_id, amount="3.00")
    assert (rest["state"], rest["left"]) == ("closed", "0.00")
    assert await ledger.pool.fetchval("select historic from account where psn_no = 'mother'") == 2000
    assert codes(await ledger.verdict("recovery-settled", case_id, amount="1.00")) == ["case-closed"]
    assert codes(await ledger.verdict("recovery-settled", "nothing", amount="1.00")) == ["case-unknown"]
    assert await ledger.verify() == []


async def test_a_verdict_is_decided_once_whoever_else_decides_at_the_same_moment(ledger: Ledger) -> None:
    one = await ledger.bill("12.00")
    await ledger.statement("detail", rows=[row(one, acct_pay="1.00")])
    case_id = await ledger.pool.fetchval("select case_id from break")
    first = await ledger.verdict("break-closed", case_id, resolution="a")
    second = await ledger.verdict("break-closed", case_id, resolution="b")
    assert (first["accepted"], codes(second)) == (True, ["case-closed"])
    assert await ledger.pool.fetchval("select resolution from break") == "a"


async def test_a_verdict_of_an_unknown_operator_is_a_dead_letter(ledger: Ledger) -> None:
    body = {"case_id": "break-1", "operator_id": "nobody", "resolution": "x"}
    said = await ledger.send("ledger.verdicts.break-closed", body, "desk")
    assert [one["_topic"] for one in said] == ["settlement.dead-letters"]


async def test_a_close_waits_for_batches_that_book_and_they_for_it(ledger: Ledger) -> None:
    """A batch that read the month as open may still book in it: so the close waits for its commit, and later batches for the close's."""
    await ledger.bill("12.00")
    ledger.pass_to("2026-12-01T00:30:00+08:00")
    async with ledger.pool.acquire() as booking:
        transaction = booking.transaction()
        await transaction.start()
        await booking.execute(Q["hold_months"])
        closing = asyncio.create_task(ledger.close("2026-11"))
        async with asyncio.timeout(60):
            while not await _waits(ledger):
                await asyncio.sleep(0.05)
        assert await ledger.pool.fetchval("select count(*) from period") == 0
        line = "insert into entry (posting, account, segment, amount, kind, at) values ($1, $2, 'counter', $3, 'settle', $4)"
        for amount in (5, -5):
            await booking.execute(line, b"y" * 15, f"{kit.HOSPITAL}/2026-11", amount, kit.NOW)
        await transaction.commit()
    assert (await closing)["accepted"]
    assert await ledger.verify() == []


async def _waits(ledger: Ledger) -> bool:
    return bool(
        await ledger.pool.fetchval(
            """select count(*) from pg_locks l join pg_database d on d.oid = l.database
            where l.locktype = 'advisory' and not l.granted and d.datname = current_database()"""
        )
    )


async def test_the_desk_s_role_reads_masked_cases_and_no_table(
    ledger: Ledger, database_urls: dict[str, str]
) -> None:
    one = await ledger.bill("12.00")
    await ledger.send(
        "account.credits.closed", {"psn_no": "mother", "entry_id": "X", "at": kit.NOW}, "authority"
    )
    await ledger.back("cancel", setl_id=one["setl_id"])
    desk = await asyncpg.connect(database_urls["desk"])
    try:
        assert await desk.fetchval("select psn_no from settlement_desk.cases where what = 'held'") == "mot*er"
        views = await desk.fetch(
            "select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where nspname = 'settlement_desk'"
        )
        for (view,) in views:
            rows = await desk.fetch(f"select * from settlement_desk.{view}")
            assert "mother" not in str([dict(row) for row in rows])
        for table in ("ledger_case", "entry", "recovery", "break"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await desk.fetch(f"select * from settlement.{table}")
    finally:
        await desk.close()


@pytest.mark.parametrize("first", ["verdict", "refund"])
async def test_what_comes_in_and_what_goes_back_of_one_recovery_in_one_batch_both_count(
    ledger: Ledger, first: str
) -> None:
    """15.00: own 10.00, mother 5.00, of which 2.00 come in and 1.00 is refunded: 2.00 are left, whichever is read first."""
    one = await ledger.bill("15.00")
    ended = kit.decision(kit.binding_id(1), "mother", version=2, state="ended", end=kit.NOW)
    await ledger.send("binding.decisions.ended", ended, "gongji-audit")
    case_id = await ledger.pool.fetchval("select case_id from ledger_case where what = 'recovery'")
    came_in = {"case_id": case_id, "operator_id": "ledger-01", "amount": "2.00"}
    refund = {"msgid": ledger.msgid(), "fixmedins_code": kit.HOSPITAL, "psn_no": "child", "setl_id": one["setl_id"], "amount": "1.00"}  # fmt: skip
    both = [
        ("ledger.verdicts.recovery-settled", came_in, "desk"),
        ("settlement.requests.refund", refund, "his-first"),
    ]
    await ledger.send_as_one(*(both if first == "verdict" else reversed(both)))
    assert await ledger.pool.fetchval("select settled from recovery") == 300
    assert await ledger.pool.fetchval("select historic from account where psn_no = 'mother'") == 1800
    assert await ledger.verify() == []
