"""To which region a month of an institution belongs, and to which region the money that paid: decided once, whoever moves afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from pydantic_core import from_json

from deploy.local.testing import TestStack
from services.settlement.handlers import SettlementHandler
from shared import db
from shared.messaging.service import CORE_SCHEMA, migrations_of
from tests.integration.settlement.ledger import Ledger, row
from tests.unit.settlement import kit

HERE, THERE, BEYOND = "330100", "330700", "320500"
MONTH = ("2026-11-01", "2026-11-30")


@pytest_asyncio.fixture
async def ledger(database_urls: dict[str, str]) -> AsyncIterator[Ledger]:
    made = await Ledger.open(database_urls["settlement"])
    yield made
    await made.pool.close()


def recorded(region: str, version: int) -> tuple[str, dict[str, Any], str]:
    body = kit.institution(kit.HOSPITAL, version=version, admdvs=region)
    return "registry.institutions.recorded", body, "authority"


async def move_to(ledger: Ledger, region: str, version: int = 2) -> None:
    await ledger.send(*recorded(region, version))


async def booked(ledger: Ledger) -> dict[str, int]:
    """Fen by month."""
    rows = await ledger.pool.fetch(
        "select right(account, 7), sum(amount) from entry where segment = 'counter' and account like 'H%' group by 1"
    )
    return {row[0]: int(row[1]) for row in rows}


async def cleared(ledger: Ledger) -> list[tuple[Any, ...]]:
    """Month, region that cleared, region that paid, fen."""
    rows = await ledger.pool.fetch(
        "select month, admdvs, payer, sum(own + shared)::bigint from clearing group by 1, 2, 3 having sum(own + shared) <> 0 order by 1, 2, 3"
    )
    return [tuple(row) for row in rows]


async def close(ledger: Ledger, month: str, region: str) -> None:
    told = await ledger.close(month, region)
    assert told["accepted"], told


async def at(ledger: Ledger, when: str, total: str) -> None:
    """A bill of that time, read now."""
    now = ledger.clock.at
    ledger.pass_to(when)
    assert (await ledger.bill(total))["infcode"] == "0"
    ledger.clock.at = now


async def test_an_institution_that_moves_leaves_closed_months_as_they_are_and_the_month_of_the_move_where_it_was(
    ledger: Ledger,
) -> None:
    await ledger.bill("12.00")
    ledger.pass_to("2026-12-01T09:00:00+08:00")
    await close(ledger, "2026-11", HERE)
    await move_to(ledger, THERE)
    await at(ledger, "2026-11-30T23:30:00+08:00", "5.00")
    await at(ledger, "2027-01-02T08:00:00+08:00", "3.00")
    assert await booked(ledger) == {"2026-11": 1200, "2026-12": 500, "2027-01": 300}
    with pytest.raises(asyncpg.PostgresError, match="a closed month never changes"):
        await ledger.pool.execute(
            "insert into entry (posting, account, segment, amount, kind, at) values ('\\x01', $1, 'counter', 1, 'settle', now())",
            f"{kit.HOSPITAL}/2026-11",
        )
    ledger.pass_to("2027-02-02T09:00:00+08:00")
    for month, region in (("2027-01", THERE), ("2026-12", HERE)):
        await close(ledger, month, region)
    paid = [(month, region, sum(r[3] for r in await cleared(ledger) if r[:2] == (month, region))) for month, region in (("2026-11", HERE), ("2026-12", HERE), ("2027-01", THERE))]  # fmt: skip
    assert paid == [("2026-11", HERE, 1200), ("2026-12", HERE, 500), ("2027-01", THERE, 300)]
    assert await ledger.verify() == []


async def test_a_month_that_the_new_region_had_closed_before_the_move_is_cleared_by_the_old_one(
    ledger: Ledger,
) -> None:
    await ledger.bill("12.00")
    ledger.pass_to("2027-01-05T09:00:00+08:00")
    for month in ("2026-11", "2026-12"):
        await close(ledger, month, THERE)
    now = ledger.clock.at
    ledger.pass_to("2026-12-20T09:00:00+08:00")  # what the registry said then is read late
    await move_to(ledger, THERE)
    ledger.clock.at = now
    assert await ledger.verify() == []
    await at(ledger, "2026-12-24T09:00:00+08:00", "5.00")
    await ledger.bill("3.00")
    assert await booked(ledger) == {"2026-11": 1200, "2026-12": 500, "2027-01": 300}
    assert await ledger.pool.fetchval("select count(*) from booked_late") == 0
    for month in ("2026-11", "2026-12"):
        await close(ledger, month, HERE)
    assert [(r[1], r[3]) for r in await cleared(ledger)] == [(HERE, 1200), (HERE, 500)]
    await at(ledger, "2026-11-24T09:00:00+08:00", "2.00")  # both regions are done with it by now
    assert await booked(ledger) == {"2026-11": 1200, "2026-12": 500, "2027-01": 500}
    ledger.pass_to("2027-02-02T09:00:00+08:00")
    await close(ledger, "2027-01", THERE)
    assert sum(r[3] for r in await cleared(ledger) if r[:2] == ("2027-01", THERE)) == 500
    assert await ledger.verify() == []


async def test_a_month_of_the_old_region_stays_open_for_it_while_the_new_one_closes_its_own(
    ledger: Ledger,
) -> None:
    one = await ledger.bill("12.00")
    ledger.pass_to("2026-12-10T09:00:00+08:00")
    await move_to(ledger, THERE)
    ledger.pass_to("2027-02-05T09:00:00+08:00")
    for month in ("2026-12", "2027-01"):
        await close(ledger, month, THERE)
    found = await ledger.statement("detail", rows=[row(one, acct_pay="1.00")])
    (case,) = found["breaks"]
    kept = await ledger.pool.fetchrow("select admdvs, month from break")
    assert kept is not None
    assert tuple(kept) == (HERE, "2026-11")
    await close(ledger, "2027-01", BEYOND)  # the break is in nobody's way but the old region's
    assert [why["code"] for why in (await ledger.close("2026-11", HERE))["reasons"]] == ["breaks-open"]
    await ledger.verdict("break-closed", case["case_id"], resolution="institution-corrected")
    await at(ledger, "2026-11-25T09:00:00+08:00", "5.00")
    asked = await ledger.statement("clear", *MONTH)
    assert asked["clearing"] == "requested"
    await close(ledger, "2026-11", HERE)
    assert await ledger.pool.fetchval("select state from clearing_request") == "cleared"
    assert sum(r[3] for r in await cleared(ledger)) == 1700
    await at(ledger, "2026-11-26T09:00:00+08:00", "1.00")  # the old region's next open month
    assert await booked(ledger) == {"2026-11": 1700, "2026-12": 100}
    assert await ledger.verify() == []


async def test_who_moves_in_the_batch_of_a_bill_is_cleared_once_and_who_moves_on_in_the_month_was_never_there(
    ledger: Ledger,
) -> None:
    await ledger.back("reverse", omsgid=ledger.msgid(), oinfno="2207")  # so that something has been read
    ledger.pass_to("2026-12-05T09:00:00+08:00")
    await close(ledger, "2026-11", THERE)
    now = ledger.clock.at
    ledger.pass_to("2026-11-30T10:00:00+08:00")
    body = kit.World().request("12.00", bill_at=ledger.clock.now(), msgid=ledger.msgid())
    await ledger.send_as_one(recorded(THERE, 2), ("settlement.requests.settle", body, "his-first"))
    ledger.clock.at = now
    assert await ledger.pool.fetchval("select count(*) from settlement") == 1
    await move_to(ledger, BEYOND, 3)
    moves = await ledger.pool.fetch("select until, admdvs from institution_move order by until")
    assert [tuple(one) for one in moves] == [("2026-11", HERE), ("2026-12", THERE)]
    await move_to(ledger, HERE, 4)
    assert await ledger.pool.fetchval("select count(*) from institution_move") == 2
    await close(ledger, "2026-11", HERE)
    assert sum(r[3] for r in await cleared(ledger)) == 1200
    assert await ledger.verify() == []


async def test_an_institution_that_is_registered_after_a_close_books_in_the_first_open_month(ledger: Ledger) -> None:  # fmt: skip
    await ledger.back("reverse", omsgid=ledger.msgid(), oinfno="2207")  # so that something has been read
    ledger.pass_to("2026-12-05T09:00:00+08:00")
    await close(ledger, "2026-11", BEYOND)
    code = kit.HOSPITAL
    await ledger.pool.execute("delete from institution where fixmedins_code = $1", code)
    new = kit.institution(code, admdvs=BEYOND)
    ledger.pass_to("2026-11-30T10:00:00+08:00")
    body = kit.World().request("12.00", bill_at=ledger.clock.now(), msgid=ledger.msgid(code), fixmedins_code=code)  # fmt: skip
    said = await ledger.send_as_one(
        ("registry.institutions.recorded", new, "authority"),
        ("settlement.requests.settle", body, "his-first"),
    )
    assert "0" in [one.get("infcode") for one in said], said
    assert await ledger.pool.fetchval("select account from entry where account like 'H%'") == f"{code}/2026-12"  # fmt: skip


async def person_moves(ledger: Ledger, name: str, region: str) -> None:
    body = {"psn_no": name, "entry_id": f"M-{name}-{region}", "at": ledger.clock.now(), "admdvs": region, "amount": "1.00", "segment": "current"}  # fmt: skip
    await ledger.send("account.credits.credited", body, "authority")


async def test_what_an_account_paid_is_cleared_with_the_region_that_it_had_when_it_paid(ledger: Ledger) -> None:  # fmt: skip
    one = await ledger.bill("45.00")  # HERE own 10.00 and the mother's 20.00, THERE the father's 15.00
    await person_moves(ledger, "mother", BEYOND)
    await ledger.bill("3.00")  # the mother's 1.00 of 320500, the father's 2.00
    ledger.pass_to("2026-12-01T09:00:00+08:00")
    asked = await ledger.statement("clear", *MONTH)
    assert [(x["admdvs"], x["acct_pay"], x["acct_mulaid_pay"]) for x in asked["lines"]] == [
        (BEYOND, "0.00", "1.00"), (HERE, "10.00", "20.00"), (THERE, "0.00", "17.00"),
    ]  # fmt: skip
    await close(ledger, "2026-11", HERE)
    november = [("2026-11", HERE, BEYOND, 100), ("2026-11", HERE, HERE, 3000), ("2026-11", HERE, THERE, 1700)]
    assert await cleared(ledger) == november
    await ledger.back("refund", setl_id=one["setl_id"], amount="17.00")  # the father's, then the mother's
    cancel = await ledger.back("cancel", setl_id=one["setl_id"])
    await ledger.back("reverse", omsgid=cancel["msgid"], oinfno="2208")
    await ledger.back("cancel", setl_id=one["setl_id"])
    ledger.pass_to("2027-01-02T09:00:00+08:00")
    await close(ledger, "2026-12", HERE)
    assert (await cleared(ledger))[3:] == [("2026-12", HERE, HERE, -3000), ("2026-12", HERE, THERE, -1500)]
    assert await ledger.verify() == []


async def test_what_is_held_and_what_a_hold_paid_is_the_region_s_that_paid(ledger: Ledger) -> None:
    one = await ledger.bill("15.00")  # own 10.00, the mother's 5.00
    await person_moves(ledger, "mother", BEYOND)
    closed = {"psn_no": "mother", "entry_id": "X", "at": kit.NOW}
    await ledger.send("account.credits.closed", closed, "authority")
    await ledger.back("cancel", setl_id=one["setl_id"])
    rows = await ledger.pool.fetch("select payer, own, shared from owed('2026-11', null, $1)", kit.HOSPITAL)
    assert [tuple(r) for r in rows] == [(HERE, 0, 0)]
    assert await ledger.verify() == []


async def test_what_was_known_of_months_and_of_money_that_went_back_is_taken_over(
    ledger: Ledger, stack: TestStack
) -> None:
    """The migration that decides: on a ledger as it stood before."""
    one = await ledger.bill("45.00")
    await ledger.back("refund", setl_id=one["setl_id"], amount="17.00")
    await ledger.back("cancel", setl_id=one["setl_id"])
    before = await ledger.pool.fetch("select msgid, month, payers from taken_back order by msgid")
    handler: Any = SettlementHandler(kit.regions(), {})
    files = [CORE_SCHEMA, *migrations_of(handler)]
    names = "msgid, fixmedins_code, setl_id, kind, undoes, medfee, fund, acct, mulaid, at"
    kept = {t: await ledger.pool.fetch(f"select {c} from {t}") for t, c in (("taken_back", names), ("entry", "posting, original, account, segment, amount, balance_after, version, kind, at, binding_id"), ("settlement", "*"), ("account", "*"), ("institution", "fixmedins_code, version, pharmacy, admdvs, designated"))}  # fmt: skip
    pool = await db.open_pool((await stack.fresh_database())["settlement"], "settlement", size=1)
    async with pool.acquire() as conn:
        await db.migrate(conn, "settlement", [f for f in files if f.name < "0011"])
        for table, rows in kept.items():
            columns = list(rows[0].keys())
            await conn.copy_records_to_table(table, records=map(tuple, rows), columns=columns)
        await conn.execute(
            "insert into period_institution values ($1, '2026-08', '110000'), ($1, '2026-09', $2);"
            .replace("$1", f"'{kit.HOSPITAL}'").replace("$2", f"'{HERE}'")
            + f"insert into period values ('{HERE}', '2026-09', now(), 'x'); update institution set admdvs = '{THERE}';"
            f"insert into period values ('{THERE}', '2026-10', now(), 'x')"
        )  # fmt: skip
        await db.migrate(conn, "settlement", files)
        after = await conn.fetch("select msgid, month, payers from taken_back order by msgid")
        moves = await conn.fetch("select until, admdvs from institution_move order by until")
    await pool.close()
    assert [sums(r) for r in after] == [sums(r) for r in before]
    assert [tuple(m) for m in moves] == [("2026-08", "110000"), ("2026-10", HERE)]


def sums(one: Any) -> tuple[Any, ...]:
    return one["msgid"], one["month"], sorted(map(tuple, from_json(one["payers"])))
