"""What holds, refunds and repeats need from the database: money over batches, due rows, replicas side by side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from pydantic_core import from_json

from services.settlement.handlers import SettlementHandler
from services.settlement.nightly import forgetting
from shared.ids import SystemIds
from shared.messaging.step import BatchStep
from tests.integration.settlement.ledger import Ledger, that_holds
from tests.unit.settlement import kit

Said = dict[str, Any]


@pytest_asyncio.fixture
async def ledger(database_urls: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ledger]:
    async with that_holds(database_urls["settlement"], monkeypatch) as made:
        yield made


def request(ledger: Ledger, total: str, **changes: Any) -> Said:
    return kit.World().request(total, bill_at=ledger.clock.now(), msgid=ledger.msgid(), **changes)


def answer(said: list[Said]) -> Said:
    (one,) = [s for s in said if s["_topic"].startswith("answers.")]
    return one


async def quote(ledger: Ledger, total: str, minutes: int | None = 60, **changes: Any) -> Said:
    body = request(ledger, total, infno="2206", hold_minutes=minutes, **changes)
    return answer(await ledger.send("settlement.requests.quote", body))


async def balances(ledger: Ledger) -> dict[str, int]:
    rows = await ledger.pool.fetch(
        "select psn_no, current + historic from account where current + historic > 0"
    )
    return {row[0]: row[1] for row in rows}


async def test_a_hold_outlives_its_batch_and_pays_the_visits_settle_after_the_binding_has_ended(
    ledger: Ledger,
) -> None:
    held = await quote(ledger, "25.00")
    assert held["hold_until"]
    assert await balances(ledger) == {"hold/child": 1000, "hold/mother": 1500, "mother": 500, "father": 3000}
    assert await ledger.verify() == []
    body = kit.decision(kit.binding_id(1), "mother", version=2, state="ended", end=kit.NOW)
    await ledger.send("binding.decisions.ended", body, "gongji-audit")
    ledger.clock.at += timedelta(minutes=30)
    done = await ledger.bill("25.00")
    assert (done["acct_pay"], done["acct_mulaid_pay"], done["psn_cash_pay"]) == ("10.00", "15.00", "0.00")
    assert await balances(ledger) == {"mother": 500, "father": 3000}
    assert await ledger.verify() == []
    ledger.clock.at += timedelta(hours=2)
    await ledger.back("cancel", setl_id=done["setl_id"])
    assert await balances(ledger) == {"child": 1000, "mother": 2000, "father": 3000}
    assert await ledger.verify() == []


async def test_a_hold_is_free_again_by_its_due_row_and_only_once(ledger: Ledger) -> None:
    await quote(ledger, "25.00")
    ledger.clock.at += timedelta(minutes=61)
    other = await ledger.bill("1.00", mdtrt_id="V2")
    assert await balances(ledger) == {"child": 1000 - 100 * (other["acct_pay"] == "1.00"), "mother": 2000 - 100 * (other["acct_mulaid_pay"] == "1.00"), "father": 3000}  # fmt: skip
    assert await ledger.pool.fetchval("select hold from quote") == ""
    ledger.clock.at += timedelta(hours=1)
    await ledger.back("query", setl_id=other["setl_id"])
    assert sum((await balances(ledger)).values()) == 5900
    assert await ledger.verify() == []


async def test_a_second_quote_replaces_the_first_hold_over_batches(ledger: Ledger) -> None:
    await quote(ledger, "25.00")
    await quote(ledger, "12.00")
    found = await balances(ledger)
    assert (found["hold/child"], found["hold/mother"], found["mother"]) == (1000, 200, 1800)
    assert await ledger.pool.fetchval("select count(*) from due where kind = 'hold'") == 1
    await quote(ledger, "12.00", None)
    assert await balances(ledger) == {"child": 1000, "mother": 2000, "father": 3000}
    assert await ledger.pool.fetchval("select count(*) from due where kind = 'hold'") == 0
    assert await ledger.verify() == []


async def test_two_replicas_never_hold_one_balance_twice(ledger: Ledger) -> None:
    for n in range(6):
        name = f"cousin{n}"
        await ledger.send("registry.persons.recorded", kit.person(name), "authority")
        made = kit.decision(kit.binding_id(20 + n), "father", name)
        await ledger.send("binding.decisions.approved", made, "gongji-audit")
    handler: Any = SettlementHandler(kit.regions())
    second = BatchStep(handler, ledger.pool, ledger.clock, SystemIds())
    bodies = [
        request(
            ledger, "9.00", infno="2206", hold_minutes=60, psn_no=f"cousin{n}", mdtrt_cert_no=f"Pcousin{n}"
        )
        for n in range(6)
    ]
    made_records = [ledger._record("settlement.requests.quote", body, "his-first") for body in bodies]
    records = [replace(r, partition=1 + n % 2, offset=n // 2) for n, r in enumerate(made_records)]
    await asyncio.gather(
        ledger.step.run([r for r in records if r.partition == 1]),
        second.run([r for r in records if r.partition == 2]),
    )
    found = await balances(ledger)
    assert (found["hold/father"], "father" in found) == (3000, False)
    assert await ledger.verify() == []


async def test_the_answer_says_up_to_when_decisions_on_bindings_were_read(ledger: Ledger) -> None:
    before = await ledger.bill("12.00")
    assert "bindings_read_to" not in before, "no partition was read to its end yet"
    await ledger.pool.execute(
        "update consumed set read_until = $1 where topic = 'binding.decisions'", kit.NOW
    )
    after = await ledger.bill("12.00")
    assert after["bindings_read_to"].startswith("2026-11-23T02:00:00")
    assert "bindings_read_to" not in await ledger.bill("0.00")


async def test_an_erased_person_is_gone_from_settlement_and_the_ledger_stays(ledger: Ledger) -> None:
    one = await ledger.bill("12.00")
    record = ledger._record("registry.persons.recorded", kit.person("child", version=9), "authority")
    await ledger.step.run([replace(record, value=None)])
    assert await ledger.pool.fetchval("select count(*) from person where psn_no = 'child'") == 0
    assert (await ledger.bill("1.00"))["code"] == "patient-unknown"
    assert (await ledger.back("cancel", setl_id=one["setl_id"]))["infcode"] == "0"
    assert await ledger.verify() == []


async def test_old_quotes_go_at_night_once_and_one_that_holds_money_stays(ledger: Ledger) -> None:
    await quote(ledger, "12.00", None)
    await ledger.pool.execute("update quote set at = at - interval '91 days'")
    await quote(ledger, "3.00", mdtrt_id="V2")
    await quote(ledger, "3.00", mdtrt_id="V3")
    await ledger.pool.execute("update quote set at = at - interval '91 days' where mdtrt_id = 'V3'")
    now, rules = ledger.clock.now(), kit.regions()
    assert await forgetting.night(ledger.pool, now, rules, rows=1) == 1
    assert await forgetting.night(ledger.pool, now, rules) is None
    assert {row[0] for row in await ledger.pool.fetch("select mdtrt_id from quote")} == {"V2", "V3"}
    assert await forgetting.night(ledger.pool, now + timedelta(days=1), rules) == 0


async def test_a_refund_in_a_later_batch_takes_off_what_was_to_be_recovered(ledger: Ledger) -> None:
    one = await ledger.bill("25.00")
    body = kit.decision(
        kit.binding_id(1), "mother", version=2, state="ended", end=kit.NOW - timedelta(days=1)
    )
    await ledger.send("binding.decisions.ended", body, "gongji-audit")
    await ledger.back("refund", setl_id=one["setl_id"], amount="4.00")
    left = "select amount - settled from recovery"
    assert await ledger.pool.fetchval(left) == 1100
    await ledger.back("cancel", setl_id=one["setl_id"])
    assert await ledger.pool.fetchval(left) == 0
    assert (
        await ledger.pool.fetchval(
            "select count(*) from ledger_case where what = 'recovery' and state = 'open'"
        )
        == 0
    )
    assert await ledger.verify() == []


async def test_a_late_turn_of_the_year_asks_the_ledger_what_is_of_the_new_one(ledger: Ledger) -> None:
    credit = {"psn_no": "mother", "entry_id": "O", "at": kit.NOW, "admdvs": "330100", "amount": "10.00", "segment": "current"}  # fmt: skip
    await ledger.send("account.credits.credited", credit, "authority")
    ledger.pass_to("2027-01-04T10:00:00+08:00")
    await ledger.send("account.credits.credited", credit | {"entry_id": "N", "amount": "6.00"}, "authority")
    turn = {"psn_no": "mother", "entry_id": "T", "at": ledger.clock.now(), "year": 2026}
    await ledger.send("account.credits.year-turned", turn, "authority")
    row = await ledger.pool.fetchrow(
        "select current, historic, turned_at from account where psn_no = 'mother'"
    )
    assert row is not None
    assert tuple(row)[:2] == (600, 3000)
    assert row["turned_at"] == ledger.clock.now()
    assert await ledger.verify() == []


async def test_one_msgid_for_two_patients_at_once_has_one_effect_and_one_stored_answer(
    ledger: Ledger,
) -> None:
    await ledger.send("registry.persons.recorded", kit.person("cousin"), "authority")
    credit = {"psn_no": "cousin", "entry_id": "K", "at": kit.NOW, "admdvs": "330100", "amount": "9.00", "segment": "historic"}  # fmt: skip
    await ledger.send("account.credits.credited", credit, "authority")
    first = request(ledger, "5.00")
    other = first | {"psn_no": "cousin", "mdtrt_cert_no": "Pcousin"}
    records = [ledger._record("settlement.requests.settle", body, "his-first") for body in (first, other)]
    handler: Any = SettlementHandler(kit.regions())
    second = BatchStep(handler, ledger.pool, ledger.clock, SystemIds())
    await asyncio.gather(
        ledger.step.run([replace(records[0], partition=1, offset=0)]),
        second.run([replace(records[1], partition=2, offset=0)]),
    )
    assert await ledger.pool.fetchval("select count(*) from settlement") == 1
    assert sum((await balances(ledger)).values()) == 6000 + 900 - 500
    rows = await ledger.pool.fetch("select bodies from outbox where topic = 'answers.his-first'")
    codes = sorted(str(from_json(b).get("code")) for row in rows for b in row["bodies"])
    assert codes == ["None", "msgid-reused"]
    stored = await ledger.pool.fetchval("select answer from request where msgid = $1", first["msgid"])
    paid_by = await ledger.pool.fetchval("select psn_no from settlement")
    winner = first if paid_by == "child" else other
    again = await ledger.send("settlement.requests.settle", winner)
    assert [{k: v for k, v in one.items() if k != "_topic"} for one in again] == [from_json(stored)]
    assert await ledger.verify() == []


async def test_a_tombstone_of_an_earlier_batch_refuses_the_message_that_it_names_and_no_other(
    ledger: Ledger,
) -> None:
    late, other = request(ledger, "5.00"), request(ledger, "5.00")
    said = await ledger.back("reverse", omsgid=late["msgid"], oinfno="2207")
    assert said["infcode"] == "0"
    assert (await ledger.back("reverse", omsgid=other["msgid"], oinfno="2102"))["infcode"] == "0"
    assert answer(await ledger.send("settlement.requests.settle", late))["code"] == "reversed-before"
    assert answer(await ledger.send("settlement.requests.settle", other))["infcode"] == "0"
