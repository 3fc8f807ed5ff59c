"""Transfers on a real PostgreSQL: due at six, spent, given back once, whatever happens at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from services.settlement.domain.transfers import moving_name, wallet_name
from shared import db
from shared.messaging.records import PlainRecord
from shared.messaging.service import CORE_SCHEMA, migrations_of
from tests.integration.settlement.ledger import Ledger
from tests.integration.settlement.test_service_step import CLOCK, OFFSETS, Service, record, settle
from tests.unit.settlement import kit
from tests.unit.settlement.transferring import REGION, bound, transfer_id

GIVER, TAKER = "mother", "sister"
WALLET = wallet_name(kit.binding_id(1))
HOME = {"psn_no": TAKER, "mdtrt_cert_no": f"P{TAKER}", "insuplc_admdvs": REGION}


def people() -> list[tuple[str, dict[str, Any], str]]:
    """A giver with 3000.00 of Gansu and a relative without money, bound in the mode transfer."""
    money = {"psn_no": GIVER, "entry_id": "G1", "at": kit.NOW, "admdvs": REGION, "amount": "3000.00", "segment": "historic"}  # fmt: skip
    return [
        *(("registry.persons.recorded", kit.person(p, region=REGION, version=2), "authority") for p in (GIVER, TAKER)),
        ("registry.institutions.recorded", kit.institution(kit.HOSPITAL), "authority"),
        ("account.credits.credited", money, "authority"),
        ("binding.decisions.approved", decided(), "gongji-audit"),
    ]  # fmt: skip


def decided(version: int = 9, **more: Any) -> dict[str, Any]:
    return bound(1, GIVER, TAKER, version=version, **more)


def offered(n: int, amount: str = "100.00") -> dict[str, Any]:
    return {
        "transfer_id": transfer_id(n), "from_psn_no": GIVER, "to_psn_no": TAKER, "binding_id": str(kit.binding_id(1)), "amount": amount,
    }  # fmt: skip


def said(n: int, kind: str) -> dict[str, Any]:
    field = {"from_psn_no": GIVER} if kind == "withdrawn" else {"to_psn_no": TAKER}
    return {"transfer_id": transfer_id(n)} | field


async def money(pool: db.Pool, n: int = 1) -> tuple[int, int, int]:
    """Fen of the giver, on their way, in the wallet."""
    names = [GIVER, moving_name(UUID(transfer_id(n))), WALLET]
    rows = await pool.fetch("select psn_no, current + historic from account where psn_no = any($1)", names)
    found = {row[0]: row[1] for row in rows}
    return found[GIVER], found.get(names[1], 0), found.get(WALLET, 0)


@pytest_asyncio.fixture
async def ledger(database_urls: dict[str, str]) -> AsyncIterator[Ledger]:
    """One replica with a clock that is moved by hand."""
    made = await Ledger.open(database_urls["settlement"])
    await made.pool.execute("delete from binding")
    await made.bill("1.00")
    for type, body, source in people():
        body = body | ({"amount": "2980.00"} if type.startswith("account") else {})  # the kit gave 20.00
        await made.send(type, body, source)
    yield made
    await made.pool.close()


async def test_what_nobody_accepts_goes_back_at_six_and_is_told_once(ledger: Ledger) -> None:
    told = await ledger.send("account.transfers.offered", offered(1), "nhsa-app")
    assert [t["state"] for t in told] == ["offered", "offered"]
    assert await money(ledger.pool) == (290_000, 10_000, 0)
    ledger.pass_to("2026-11-24T05:59:59+08:00")
    assert await ledger.send("account.transfers.offered", offered(1), "nhsa-app") != []
    assert await money(ledger.pool) == (290_000, 10_000, 0)
    ledger.pass_to("2026-11-24T06:00:00+08:00")
    told = await ledger.send("registry.persons.recorded", kit.person(TAKER, region=REGION), "authority")
    assert sorted((t["_topic"], t["state"]) for t in told) == [
        ("answers.nhsa-app", "returned"),
        ("settlement.results", "returned"),
    ]
    assert await money(ledger.pool) == (300_000, 0, 0)
    (late,) = await ledger.send("account.transfers.accepted", said(1, "accepted"), "nhsa-app")
    assert (late["state"], late["reasons"][0]["code"]) == ("refused", "wrong-state")
    assert await ledger.verify() == []


async def test_a_transfer_is_accepted_spent_refunded_and_the_rest_goes_back_at_the_end(
    ledger: Ledger,
) -> None:
    await ledger.send("account.transfers.offered", offered(1), "nhsa-app")
    told = await ledger.send("account.transfers.accepted", said(1, "accepted"), "nhsa-app")
    assert [t["state"] for t in told] == ["accepted", "accepted"]
    bill = await ledger.bill("60.00", **HOME)
    assert (bill["acct_mulaid_pay"], bill["psn_cash_pay"]) == ("60.00", "0.00")
    back = {"setl_id": bill["setl_id"], "psn_no": TAKER}
    await ledger.back("refund", amount="20.00", **back)
    assert await money(ledger.pool) == (290_000, 0, 6000)
    ended = decided(10, state="ended", end=kit.NOW)
    await ledger.send("binding.decisions.ended", ended, "gongji-audit")
    assert await money(ledger.pool) == (296_000, 0, 0)
    await ledger.send("binding.decisions.approved", decided(8), "gongji-audit")
    await ledger.send("binding.decisions.ended", decided(11, state="ended", end=kit.NOW), "gongji-audit")
    assert await money(ledger.pool) == (296_000, 0, 0)
    await ledger.back("refund", amount="20.00", **back)
    assert await money(ledger.pool) == (298_000, 0, 0)
    assert await ledger.verify() == []


async def test_the_last_day_of_a_relation_is_a_due_row(ledger: Ledger) -> None:
    body = decided(10)
    body["terms"][0]["terms"]["enddate"] = "2026-11-23"
    await ledger.send("binding.decisions.changed", body, "gongji-audit")
    await ledger.send("account.transfers.offered", offered(1), "nhsa-app")
    await ledger.send("account.transfers.accepted", said(1, "accepted"), "nhsa-app")
    assert await money(ledger.pool) == (290_000, 0, 10_000)
    ledger.pass_to("2026-11-24T00:00:00+08:00")
    await ledger.bill("1.00")
    assert await money(ledger.pool) == (300_000, 0, 0)
    assert await ledger.verify() == []


async def test_the_years_turn_and_a_closed_account_reach_what_was_given(ledger: Ledger) -> None:
    new = {"psn_no": GIVER, "entry_id": "G2", "at": kit.NOW, "admdvs": REGION, "amount": "150.00", "segment": "current"}  # fmt: skip
    await ledger.send("account.credits.credited", new, "authority")
    await ledger.send("account.transfers.offered", offered(1), "nhsa-app")
    await ledger.send("account.transfers.accepted", said(1, "accepted"), "nhsa-app")
    await ledger.send("account.transfers.offered", offered(2, "30.00"), "nhsa-app")
    turn = {"psn_no": GIVER, "entry_id": "Y", "at": kit.NOW, "year": 2026}
    await ledger.send("account.credits.year-turned", turn, "authority")
    rows = await ledger.pool.fetch(
        "select current, historic from account where psn_no like '%/%' and current + historic > 0 order by 2"
    )
    assert [tuple(row) for row in rows] == [(0, 3000), (0, 10_000)]
    closed = {"psn_no": GIVER, "entry_id": "C", "at": kit.NOW}
    await ledger.send("account.credits.closed", closed, "authority")
    assert await money(ledger.pool, 2) == (305_000, 0, 10_000)
    await ledger.send("binding.decisions.ended", decided(10, state="ended", end=kit.NOW), "gongji-audit")
    assert await ledger.pool.fetchval("select open from held_case where psn_no = $1", GIVER) == 10_000
    assert await ledger.verify() == []


async def test_a_giver_who_moves_where_nothing_is_transferred_takes_everything_back(ledger: Ledger) -> None:
    for n, amount in ((1, "100.00"), (2, "30.00")):
        await ledger.send("account.transfers.offered", offered(n, amount), "nhsa-app")
        if n == 1:
            await ledger.send("account.transfers.accepted", said(1, "accepted"), "nhsa-app")
    assert await money(ledger.pool, 2) == (287_000, 3_000, 10_000)
    for n, region in enumerate(("620200", "330100", REGION)):
        moves = {"psn_no": GIVER, "entry_id": f"M{n}", "at": kit.NOW, "admdvs": region, "amount": "0.00", "segment": "historic"}  # fmt: skip
        told = await ledger.send("account.credits.credited", moves, "authority")
        assert [t["state"] for t in told] == ["returned", "returned"] * (region == "330100")
        there = (287_000, 3_000, 10_000) if region == "620200" else (300_000, 0, 0)
        assert await money(ledger.pool, 2) == there
        apart = "select admdvs from account where psn_no like '%/%' and current + historic > 0"
        assert {row[0] for row in await ledger.pool.fetch(apart)} == ({region} if sum(there[1:]) else set())
    assert await ledger.verify() == []


async def test_verify_names_money_that_stayed_or_went_twice(ledger: Ledger) -> None:
    for n, kind in ((1, "accepted"), (2, None)):
        await ledger.send("account.transfers.offered", offered(n), "nhsa-app")
        if kind:
            await ledger.send(f"account.transfers.{kind}", said(n, kind), "nhsa-app")
    assert await ledger.verify() == []
    await ledger.pool.execute("update transfer set state = 'returned'")
    await ledger.pool.execute("update wallet set open = false")
    found = {row[0] for row in await ledger.verify()}
    assert found == {
        "transfer-has-its-amount-until-it-ends", "transfer-went-one-way-once", "closed-wallet-is-empty"
    }  # fmt: skip


@pytest_asyncio.fixture
async def service(database_urls: dict[str, str]) -> AsyncIterator[Service]:
    """A replica on a fresh database."""
    OFFSETS.clear()
    pool = await db.open_pool(database_urls["settlement"], "settlement", size=10)
    made = Service(pool)
    async with pool.acquire() as conn:
        await db.migrate(conn, "settlement", [CORE_SCHEMA, *migrations_of(made.handler)])
    await made.run(*(record(t, body, source=s, id=f"p{n}") for n, (t, body, s) in enumerate(people())))
    yield made
    await pool.close()


def transfer(n: int, kind: str, amount: str = "7.00", partition: int = 0, again: int = 0) -> PlainRecord:
    body = offered(n, amount) if kind == "offered" else said(n, kind)
    return record(
        f"account.transfers.{kind}", body, source="nhsa-app", id=f"{kind}-{n}-{again}", partition=partition
    )


def ended(version: int) -> PlainRecord:
    body = decided(version, state="ended", end=CLOCK.now())
    return record("binding.decisions.ended", body, source="gongji-audit", id=f"end-{version}")


def order(n: int, kind: str, partition: int = 3, **fields: Any) -> PlainRecord:
    body = {"psn_no": GIVER, "entry_id": f"O{n}", "at": kit.NOW} | fields
    return record(f"account.credits.{kind}", body, source="authority", id=f"o{n}", partition=partition)


def unbounded(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many transfers at once as the test wants."""
    from tests.unit.settlement.ruling import Ruled

    rules = Ruled(modes=frozenset({"transfer"}), transfer_times=None, transfer_pending=None)
    monkeypatch.setattr(kit, "regions", lambda: rules)


async def test_bills_transfers_credits_and_the_end_at_once_neither_lose_nor_double_a_fen(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five replicas meet on one giver; the relation ends in the middle, so that some messages find it over."""
    unbounded(service, monkeypatch)
    others = [Service(service.pool) for _ in range(5)]
    for n in range(12):
        answer = ("accepted", "declined", "withdrawn")[n % 3]
        ending = ended(20) if n == 9 else order(300 + n, "year-turned", 4, year=2025)
        await asyncio.gather(
            others[0].step.run([transfer(10 + n, "offered")]),
            others[1].step.run([transfer(9 + n, ("accepted", "declined", "withdrawn")[(n - 1) % 3], partition=1)]),
            others[2].step.run([settle(100 + n, "3.00", partition=2, **HOME)]),
            others[3].step.run([order(n, "credited", admdvs=REGION, amount="1.00", segment="current")]),
            others[4].step.run([ending]),
        )  # fmt: skip
        await service.run(transfer(10 + n, answer, again=1))
        assert await service.verify() == []
    own, _, wallet = await money(service.pool)
    on_their_way = await service.pool.fetchval(
        "select sum(current + historic) from account where psn_no like 'transfer/%'"
    )
    paid = await service.pool.fetchval(
        "select -sum(amount) from entry where kind = 'settle' and account = $1", WALLET
    )
    assert paid > 0
    assert (own + paid, on_their_way, wallet) == (300_000 + 12 * 100, 0, 0)


async def test_the_end_and_its_replay_on_two_replicas_give_back_once(service: Service) -> None:
    await service.run(transfer(1, "offered"), transfer(1, "accepted"), transfer(2, "offered", "5.00"))
    assert await money(service.pool, 2) == (298_800, 500, 700)
    other = Service(service.pool)
    end = ended(10)
    await asyncio.gather(service.step.run([end]), other.step.run([end]), other.step.run([ended(11)]))
    assert await money(service.pool, 2) == (300_000, 0, 0)
    assert await service.verify() == []


async def test_a_crash_before_the_commit_moves_nothing_and_the_next_try_moves_once(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.run(transfer(1, "offered"))
    accepted = transfer(1, "accepted")
    save = service.handler.save

    async def crash(conn: Any, state: Any) -> None:
        await save(conn, state)
        raise asyncpg.ConnectionDoesNotExistError("gone")

    monkeypatch.setattr(service.handler, "save", crash)
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await service.step.run([accepted])
    assert await money(service.pool) == (299_300, 700, 0)
    monkeypatch.undo()
    await service.run(accepted)
    await service.run(accepted)
    assert await money(service.pool) == (299_300, 0, 700)
    assert await service.verify() == []
