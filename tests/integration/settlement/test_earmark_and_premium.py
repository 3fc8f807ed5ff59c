"""Earmarks and premiums on a real PostgreSQL: what is set apart is spent once, given back once; a premium is paid once."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio

from services.settlement.domain.earmarks import purse_name
from shared import db
from shared.messaging.records import PlainRecord
from shared.messaging.service import CORE_SCHEMA, migrations_of
from tests.integration.settlement.test_service_step import CLOCK, OFFSETS, Service, _family, record, settle
from tests.unit.settlement import kit

PURSE = purse_name(kit.binding_id(9))


@pytest_asyncio.fixture
async def service(database_urls: dict[str, str]) -> AsyncIterator[Service]:
    """A replica on a fresh database; own account 10.00, mother 20.00, father 30.00, bound in the mode authorisation."""
    OFFSETS.clear()
    pool = await db.open_pool(database_urls["settlement"], "settlement", size=8)
    made = Service(pool)
    async with pool.acquire() as conn:
        await db.migrate(conn, "settlement", [CORE_SCHEMA, *migrations_of(made.handler)])
    await made.run(*_family())
    yield made
    await pool.close()


def bound(amount: str = "15.00", version: int = 1, begin: Any = None, **more: Any) -> PlainRecord:
    """A decision: the mother's account, 15.00 set apart for the sister."""
    body = kit.decision(kit.binding_id(9), "mother", "sister", version=version, **more)
    body["case"]["mode"] = "earmark"
    body["case"]["terms"]["earmark"] = body["terms"][0]["terms"]["earmark"] = amount
    if begin is not None:
        body["effective"][0]["begin"] = begin
    kind = "ended" if more.get("state") == "ended" else "approved"
    return record(f"binding.decisions.{kind}", body, source="gongji-audit", id=f"earmark-{version}-{amount}")


def sister() -> PlainRecord:
    return record("registry.persons.recorded", kit.person("sister"), source="authority", id="p-sister")


def bill(n: int, total: str, partition: int = 0) -> PlainRecord:
    whose = {"psn_no": "sister", "mdtrt_cert_no": "Psister"}
    return settle(n, total, partition=partition, **whose)


def credit(n: int, amount: str, partition: int = 0) -> PlainRecord:
    body = {
        "psn_no": "mother",
        "entry_id": f"M{n}",
        "at": kit.NOW,
        "admdvs": "330100",
        "amount": amount,
        "segment": "historic",
    }
    return record("account.credits.credited", body, source="authority", id=f"credit-{n}", partition=partition)


async def balances(service: Service) -> tuple[int, int]:
    """Fen on the mother's own row, and set apart."""
    rows = await service.pool.fetch(
        "select psn_no, current + historic from account where psn_no = any($1)", ["mother", PURSE]
    )
    found = {row[0]: row[1] for row in rows}
    return found["mother"], found.get(PURSE, 0)


async def test_an_earmark_is_set_apart_spent_refunded_and_given_back_once(service: Service) -> None:
    await service.run(sister(), bound())
    assert await balances(service) == (500, 1500)
    said = await service.run(bill(1, "11.00"))
    result = next(s for s in said if s["_topic"] == "settlement.results")
    assert [(s["psn_no"], s["amount"]) for s in result["shares"]] == [("mother", "11.00")]
    await service.run(credit(1, "3.00"))
    assert await balances(service) == (0, 1200)  # 4.00 were left, 8.00 could be filled up

    def refund(n: int, amount: str) -> PlainRecord:
        body = {
            "fixmedins_code": kit.HOSPITAL, "psn_no": "sister", "msgid": f"{kit.HOSPITAL}20261123110000{n:04d}",
            "setl_id": result["setl_id"], "amount": amount,
        }  # fmt: skip
        return record("settlement.requests.refund", body, source="his-first", id=f"refund-{n}")

    await service.run(refund(1, "6.00"))
    assert await balances(service) == (300, 1500)  # above the amount: the sponsor's own again
    ended = bound(version=2, state="ended", end=CLOCK.now())
    await service.run(ended)
    assert await balances(service) == (1800, 0)
    await service.run(bound(version=2, state="ended", amount="15.01"), bound())  # again, and out of order
    await service.run(refund(2, "5.00"))
    assert await balances(service) == (2300, 0)
    assert await service.pool.fetchval("select place from earmark") == "ended"
    assert await service.verify() == []


async def test_bills_credits_and_changes_at_once_neither_lose_nor_double_a_fen(service: Service) -> None:
    """Four replicas: the sister's bills, the child's bills, credits and changes of the amount meet on one mother."""
    await service.run(sister(), bound())
    others = [Service(service.pool) for _ in range(4)]
    for n in range(12):
        amount = f"{5 + n % 7}.00"
        await asyncio.gather(
            others[0].step.run([bill(100 + n, "4.00", 1)]),
            others[1].step.run([settle(200 + n, "3.00", partition=2)]),
            others[2].step.run([credit(300 + n, "5.00", 3)]),
            others[3].step.run([bound(amount, version=2 + n)]),
        )
        assert await service.verify() == []
    await service.run(bound(version=90, state="ended", end=CLOCK.now()))
    own, apart = await balances(service)
    paid = await service.pool.fetchval(
        "select -coalesce(sum(amount), 0) from entry where kind = 'settle' and account = any($1)",
        ["mother", PURSE],
    )
    assert (own + paid, apart) == (2000 + 12 * 500, 0)
    assert await service.verify() == []


async def test_a_credit_that_meets_the_decision_fills_the_earmark_whoever_is_first(service: Service) -> None:
    await service.run(sister())
    other = Service(service.pool)
    await asyncio.gather(
        service.step.run([bound("60.00")]), other.step.run([credit(1, "30.00", partition=3)])
    )
    assert await balances(service) == (0, 5000)
    assert await service.verify() == []


async def test_a_first_credit_that_meets_the_decision_fills_the_earmark(service: Service) -> None:
    """The sponsor has no account yet: its row is made before anything is read, so one of the two waits for the other."""
    await service.run(sister())
    other = Service(service.pool)
    for n in range(5):
        id, aunt = kit.binding_id(20 + n), f"aunt{n}"
        body = kit.decision(id, aunt, "sister")
        body["case"]["mode"] = "earmark"
        body["terms"][0]["terms"]["earmark"] = "9.00"
        money = {
            "psn_no": aunt, "entry_id": f"A{n}", "at": kit.NOW, "admdvs": "330100", "amount": "7.00", "segment": "historic",
        }  # fmt: skip
        await asyncio.gather(
            service.step.run([record("binding.decisions.approved", body, source="gongji-audit", id=f"a{n}")]),
            other.step.run(
                [record("account.credits.credited", money, source="authority", id=f"am{n}", partition=3)]
            ),
        )
        apart = await service.pool.fetchval("select historic from account where psn_no = $1", purse_name(id))
        assert apart == 700
    assert await service.verify() == []


async def test_a_first_day_in_the_future_is_a_due_row(service: Service) -> None:
    begin = CLOCK.now() + timedelta(hours=1)
    await service.run(sister(), bound(begin=begin))
    assert await balances(service) == (2000, 0)
    row = await service.pool.fetchrow("select kind, entity, due_at from due")
    assert row is not None
    assert (row[0], row[1]) == ("earmark", str(kit.binding_id(9)))
    assert abs(row[2] - begin) < timedelta(seconds=1)
    body = bound(version=2, begin=CLOCK.now() - timedelta(hours=1))
    await service.run(body)
    assert await balances(service) == (500, 1500)
    assert await service.pool.fetchval("select count(*) from due") == 0


async def test_verify_finds_an_ended_earmark_with_money(service: Service) -> None:
    await service.run(sister(), bound())
    await service.pool.execute("update earmark set place = 'ended'")
    assert {row[0] for row in await service.verify()} == {"given-back-earmark-is-empty"}


async def test_an_erased_binding_gives_its_earmark_back(service: Service) -> None:
    await service.run(sister(), bound())
    await service.run(dataclasses.replace(bound(version=2), value=None))
    assert await balances(service) == (2000, 0)
    assert await service.verify() == []


def premium(
    n: int, payer: str = "mother", amount: str = "20.00", binding: int = 1, **more: Any
) -> PlainRecord:
    body: dict[str, Any] = {
        "premium_id": str(UUID(int=(7 << 76) | (2 << 62) | (9 << 32) | n)), "payer_psn_no": payer, "psn_no": "child",
        "insutype": "390", "year": 2027, "amount": amount, "binding_id": str(kit.binding_id(binding)),
    }  # fmt: skip
    kind = more.pop("kind", "pay")
    partition = more.pop("partition", 0)
    id = more.pop("id", f"{kind}-{n}-{payer}")
    if kind != "pay":
        body = {name: body[name] for name in ("premium_id", "payer_psn_no")} | more
    source = "tax-office" if kind == "remitted" else "zheliban"
    return record(f"premium.requests.{kind}", body | more, source=source, id=id, partition=partition)


def allowed(n: int, name: str) -> PlainRecord:
    body = kit.decision(kit.binding_id(n), name, version=2, scope=("outpatient", "resident-premium"))
    return record("binding.decisions.changed", body, source="gongji-audit", id=f"allowed-{name}")


def states(said: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    return [
        (s["state"], [r["code"] for r in s["reasons"]]) for s in said if s["_topic"].startswith("answers.")
    ]


async def test_a_premium_one_fen_short_is_refused_then_paid_cancelled_and_remitted(service: Service) -> None:
    await service.run(allowed(1, "mother"))
    short = await service.run(premium(1, amount="20.01"))
    assert states(short) == [("declined", ["premium-not-covered"])]
    assert "差0.01元" in short[0]["reasons"][0]["zh"]
    assert states(await service.run(credit(1, "0.01"), premium(2, amount="20.01"))) == [("paid", [])]
    again = await service.run(premium(2, amount="20.01", id="another"))
    assert states(again) == [("paid", [])]
    other = await service.run(premium(2, amount="1.00", id="third"))
    assert states(other) == [("declined", ["premium-id-reused"])]
    assert states(await service.run(premium(2, kind="cancel"))) == [("cancelled", [])]
    assert (
        await service.pool.fetchval("select current + historic from account where psn_no = 'mother'") == 2001
    )
    assert states(await service.run(premium(3))) == [("paid", [])]
    done = await service.run(premium(3, kind="remitted", at=kit.NOW), premium(3, kind="cancel"))
    assert states(done) == [("remitted", []), ("declined", ["wrong-state"])]
    assert await service.verify() == []
    rows = await service.pool.fetch("select state, count(*) from premium group by 1 order by 1")
    assert [tuple(r) for r in rows] == [("cancelled", 1), ("declined", 1), ("remitted", 1)]


async def test_a_premium_is_cancelled_and_paid_anew_in_one_batch(service: Service) -> None:
    await service.run(allowed(1, "mother"), premium(1))
    said = await service.run(premium(1, kind="cancel"), premium(2))
    assert states(said) == [("cancelled", []), ("paid", [])]
    failures = service.step.metrics.batch_failures.labels("data").collect()
    assert [s.value for one in failures for s in one.samples if s.name.endswith("_total")] == [0.0]
    assert await service.verify() == []


async def test_two_sponsors_at_once_pay_the_same_premium_once(service: Service) -> None:
    await service.run(allowed(1, "mother"), allowed(2, "father"))
    other = Service(service.pool)
    for n in range(6):
        year = 2027 + n
        await asyncio.gather(
            service.step.run([premium(10 + n, amount="2.00", year=year, partition=1)]),
            other.step.run(
                [premium(50 + n, payer="father", binding=2, amount="2.00", year=year, partition=2)]
            ),
        )
    rows = await service.pool.fetch("select year, array_agg(state order by state) from premium group by 1")
    assert {tuple(r[1]) for r in rows} == {("declined", "paid")}
    assert await service.verify() == []


async def test_what_an_earmark_paid_after_a_late_end_is_listed(service: Service) -> None:
    await service.run(sister(), bound())
    said = await service.run(bill(1, "11.00"))
    setl_id = next(s["setl_id"] for s in said if s["_topic"] == "answers.his-first")
    await service.run(bound(version=2, state="ended", end=CLOCK.now() - timedelta(hours=1)))
    rows = await service.pool.fetch("select kind, amount, reference from recovery")
    assert [tuple(row) for row in rows] == [("paid-after-end", 1100, setl_id)]
    assert await balances(service) == (900, 0)
    assert await service.verify() == []
