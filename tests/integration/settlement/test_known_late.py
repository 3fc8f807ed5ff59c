"""What becomes known late changes nothing that is closed, is listed wherever it was paid from, and goes back to where it came from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from services.settlement.domain.earmarks import purse_name
from services.settlement.domain.holds import hold_name
from services.settlement.handlers import SettlementHandler
from shared import db
from shared.messaging.service import CORE_SCHEMA, migrations_of
from tests.integration.settlement.ledger import Ledger, that_holds
from tests.integration.settlement.test_transfers import (
    GIVER,
    HOME,
    TAKER,
    WALLET,
    offered,
    people,
    said,
)
from tests.unit.settlement import kit
from tests.unit.settlement.test_earmark import bound as earmarked

PREMIUM = UUID(int=(7 << 76) | (2 << 62) | (9 << 32) | 1)


@pytest_asyncio.fixture
async def ledger(database_urls: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ledger]:
    async with that_holds(database_urls["settlement"], monkeypatch) as made:
        yield made


async def ended(ledger: Ledger, version: int = 2, before: timedelta = timedelta(hours=1)) -> None:
    """The binding of the mother ended some time ago, which is heard now."""
    end = ledger.clock.now() - before
    body = kit.decision(kit.binding_id(1), "mother", version=version, state="ended", end=end)
    await ledger.send("binding.decisions.ended", body, "gongji-audit")


async def recoveries(ledger: Ledger) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await ledger.pool.fetch("select kind, amount - settled from recovery")]


async def quote(ledger: Ledger, total: str, **changes: Any) -> None:
    body = kit.World().request(
        total, bill_at=ledger.clock.now(), msgid=ledger.msgid(), infno="2206", hold_minutes=60
    )
    await ledger.send("settlement.requests.quote", body | changes)


async def money(ledger: Ledger, *names: str) -> list[int]:
    rows = await ledger.pool.fetch("select psn_no, current + historic from account")
    found = {row[0]: row[1] for row in rows}
    return [found.get(name, 0) for name in names]


async def owned(ledger: Ledger, *names: str) -> list[int]:
    """What statements count as each person's money."""
    return [
        int(await ledger.pool.fetchval("select sum(amount) from lines_of($1, 'infinity')", n) or 0)
        for n in names
    ]


async def pay_premium(ledger: Ledger) -> None:
    body = kit.decision(kit.binding_id(1), "mother", version=2, scope=("outpatient", "resident-premium"))
    await ledger.send("binding.decisions.changed", body, "gongji-audit")
    asked = {
        "premium_id": str(PREMIUM), "payer_psn_no": "mother", "psn_no": "child", "insutype": "390", "year": 2027, "amount": "5.00",
        "binding_id": str(kit.binding_id(1)),
    }  # fmt: skip
    told = await ledger.send("premium.requests.pay", asked, "zheliban")
    assert "paid" in [one.get("state") for one in told]


async def cancel_premium(ledger: Ledger) -> None:
    body = {"premium_id": str(PREMIUM), "payer_psn_no": "mother"}
    await ledger.send("premium.requests.cancel", body, "zheliban")


async def test_a_premium_paid_after_an_end_that_is_heard_late_is_listed_and_recovered_for_the_sponsor(
    ledger: Ledger,
) -> None:
    await pay_premium(ledger)
    await ended(ledger, 3)
    assert await recoveries(ledger) == [("premium-after-end", 500)]
    case_id, region = (
        await ledger.pool.fetch("select case_id, admdvs from ledger_case where what = 'recovery'")
    )[0]
    assert region == "330100"
    by_sponsor = await ledger.verdict("recovery-settled", case_id, "ledger-0001", amount="2.00")
    assert [why["code"] for why in by_sponsor["reasons"]] == ["operator-is-party"]
    part = await ledger.verdict("recovery-settled", case_id, amount="2.00")
    assert (part["state"], part["left"]) == ("open", "3.00")
    assert await money(ledger, "mother", "held/mother") == [1700, 0]
    await cancel_premium(ledger)  # 2.00 of it had come in already
    assert await recoveries(ledger) == [("premium-after-end", 0)]
    assert await money(ledger, "mother") == [2000]
    assert await ledger.pool.fetchval("select sum(open) from held_case") == 200
    assert await ledger.verify() == []


async def test_a_premium_that_was_cancelled_before_is_not_listed(ledger: Ledger) -> None:
    await pay_premium(ledger)
    await cancel_premium(ledger)
    await ended(ledger, 3)
    assert await recoveries(ledger) == []


async def test_what_a_hold_paid_is_listed_if_it_was_set_apart_after_the_end(ledger: Ledger) -> None:
    await quote(ledger, "15.00")
    await ledger.bill("15.00")
    await ended(ledger)
    assert await recoveries(ledger) == [("paid-after-end", 500)]


async def test_what_a_hold_pays_after_the_end_is_known_is_listed_too(ledger: Ledger) -> None:
    await quote(ledger, "15.00")
    await ended(ledger)
    assert await recoveries(ledger) == []
    await ledger.bill("15.00")
    assert await recoveries(ledger) == [("paid-after-end", 500)]
    assert await ledger.verify() == []


async def test_what_went_back_to_the_staff_is_not_listed(ledger: Ledger) -> None:
    paid = await ledger.bill("15.00")
    closed = {"psn_no": "mother", "entry_id": "X1", "at": ledger.clock.now()}
    await ledger.send("account.credits.closed", closed, "authority")
    await ledger.back("refund", setl_id=paid["setl_id"], amount="2.00")
    await ended(ledger)
    assert await recoveries(ledger) == [("paid-after-end", 300)]
    assert await ledger.verify() == []


async def test_what_a_hold_had_set_apart_before_the_end_is_not_listed_when_it_paid_later(
    ledger: Ledger,
) -> None:
    await quote(ledger, "15.00")
    ledger.clock.at += timedelta(minutes=30)
    await ledger.bill("15.00")
    ledger.clock.at += timedelta(minutes=1)
    await ended(ledger, before=timedelta(minutes=20))
    assert await recoveries(ledger) == []
    assert await money(ledger, "mother") == [1500]


async def test_a_hold_of_a_wallet_stays_the_receivers_and_goes_back_to_the_wallet(ledger: Ledger) -> None:
    await ledger.pool.execute("delete from binding")
    for type, body, source in people():
        body = body | ({"amount": "2980.00"} if type.startswith("account") else {})
        await ledger.send(type, body, source)
    await ledger.send("account.transfers.offered", offered(1), "nhsa-app")
    await ledger.send("account.transfers.accepted", said(1, "accepted"), "nhsa-app")
    await quote(ledger, "60.00", **HOME)
    assert await money(ledger, hold_name(GIVER), hold_name(WALLET), WALLET) == [0, 6000, 4000]
    assert await owned(ledger, GIVER, TAKER) == [290_000, 10_000]
    assert await ledger.verify() == []
    done = await ledger.bill("60.00", **HOME)
    assert (done["acct_mulaid_pay"], done["psn_cash_pay"]) == ("60.00", "0.00")
    assert await owned(ledger, GIVER, TAKER) == [290_000, 4000]
    await ledger.back("cancel", setl_id=done["setl_id"], psn_no=TAKER)
    await quote(ledger, "70.00", **HOME)
    assert await money(ledger, hold_name(WALLET), WALLET) == [7000, 3000]
    ledger.clock.at += timedelta(minutes=61)
    await ledger._fire()
    assert await money(ledger, GIVER, hold_name(WALLET), WALLET) == [290_000, 0, 10_000]
    assert await ledger.verify() == []


async def test_a_hold_of_an_earmark_stands_in_a_row_of_its_own(ledger: Ledger) -> None:
    purse = purse_name(kit.binding_id(1))
    await ledger.send("binding.decisions.changed", earmarked(version=2, n=1), "gongji-audit")
    (before,) = await money(ledger, purse)
    assert before >= 500
    await quote(ledger, "15.00")
    assert await money(ledger, purse, hold_name(purse), hold_name("mother")) == [before - 500, 500, 0]
    assert await owned(ledger, "mother") == [2000]
    ledger.clock.at += timedelta(minutes=61)
    await ledger._fire()
    assert await money(ledger, purse, hold_name(purse)) == [before, 0]
    assert await ledger.verify() == []


async def test_a_death_that_was_recorded_without_a_day_has_the_day_that_is_not_known(
    database_urls: dict[str, str],
) -> None:
    handler: Any = SettlementHandler(kit.regions(), {})
    files = [CORE_SCHEMA, *migrations_of(handler)]
    pool = await db.open_pool(database_urls["settlement"], "settlement", size=1)
    async with pool.acquire() as conn:
        await db.migrate(conn, "settlement", [f for f in files if f.name < "0010"])
        await conn.execute("insert into person (psn_no, version, cert, alive, insured) values ('a', 1, '', false, '[]'), ('b', 1, '', true, '[]')")  # fmt: skip
        await db.migrate(conn, "settlement", files)
        rows = await conn.fetch("select psn_no, died from person order by psn_no")
    await pool.close()
    assert [tuple(row) for row in rows] == [("a", date(1, 1, 1)), ("b", None)]


async def spent_too_late(ledger: Ledger) -> str:
    """30.00 of a bill, of which the mother's current 10.00 paid although the binding had ended; the case of what is to be recovered."""
    credit = {"psn_no": "mother", "entry_id": "C", "at": kit.NOW, "admdvs": "330100", "amount": "10.00", "segment": "current"}  # fmt: skip
    await ledger.send("account.credits.credited", credit, "authority")
    await ledger.bill("20.00")
    await ended(ledger)
    case: str = await ledger.pool.fetchval("select case_id from ledger_case where what = 'recovery'")
    return case


async def test_what_comes_in_of_a_year_that_has_turned_since_is_historic(ledger: Ledger) -> None:
    case_id = await spent_too_late(ledger)
    before = await ledger.pool.fetchrow("select current, historic from account where psn_no = 'mother'")
    assert tuple(before or ()) == (0, 2000)
    ledger.pass_to("2027-01-04T10:00:00+08:00")
    turn = {"psn_no": "mother", "entry_id": "T", "at": ledger.clock.now(), "year": 2026}
    await ledger.send("account.credits.year-turned", turn, "authority")
    assert (await ledger.verdict("recovery-settled", case_id, amount="10.00"))["accepted"]
    after = await ledger.pool.fetchrow("select current, historic from account where psn_no = 'mother'")
    assert tuple(after or ()) == (0, 3000)
    assert await ledger.verify() == []


async def test_what_comes_in_for_a_sponsor_who_died_is_held_for_the_staff(ledger: Ledger) -> None:
    case_id = await spent_too_late(ledger)
    gone = kit.person("mother", version=2) | {"surv_stas": "2"}
    await ledger.send("registry.persons.recorded", gone, "authority")
    assert (await ledger.verdict("recovery-settled", case_id, amount="10.00"))["accepted"]
    assert await money(ledger, "mother") == [2000]
    assert await ledger.pool.fetchval("select sum(open) from held_case") == 1000
    assert await ledger.verify() == []
