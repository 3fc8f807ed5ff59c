"""What the rules of paying need from the database: deaths, filings, quotes, counts of caps, over batches and workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from shared import db
from shared.messaging.records import PlainRecord
from shared.messaging.service import CORE_SCHEMA, migrations_of
from shared.policies.types import Cap
from tests.integration.settlement.test_service_step import (
    CLOCK,
    OFFSETS,
    Service,
    _family,
    bill,
    record,
    settle,
)
from tests.unit.settlement import kit
from tests.unit.settlement.ruling import Ruled

CAPS = (Cap(by="payer", per="month", amount=1500), Cap(by="beneficiary", per="day", amount=1200))


@pytest_asyncio.fixture
async def service(database_urls: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    """A replica on a fresh database: own account 10.00, mother 20.00, father 30.00, under two caps; care elsewhere needs a filing."""
    OFFSETS.clear()
    ruled = Ruled(caps=CAPS, unfiled_reach="province")
    monkeypatch.setattr(kit, "regions", lambda: ruled)
    pool = await db.open_pool(database_urls["settlement"], "settlement", size=8)
    made = Service(pool)
    async with pool.acquire() as conn:
        await db.migrate(conn, "settlement", [CORE_SCHEMA, *migrations_of(made.handler)])
    await made.run(*_family())
    yield made
    await pool.close()


def person(name: str, **changes: Any) -> PlainRecord:
    body = kit.person(name, version=2) | changes
    return record("registry.persons.recorded", body, source="authority", id=f"{name}-{body['version']}")


def answers(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [s for s in said if s["_topic"] == "answers.his-first"]


async def test_caps_count_over_batches_and_what_is_refunded_is_restored_there(service: Service) -> None:
    first = answers(await service.run(settle(1, "20.00")))[0]
    assert (first["acct_pay"], first["acct_mulaid_pay"]) == ("10.00", "10.00")
    second = answers(await service.run(settle(2, "9.00")))[0]
    assert second["acct_mulaid_pay"] == "2.00", "12 a day for the child"
    assert "每日" in str(second["explained"])
    refund = {
        "msgid": f"{kit.HOSPITAL}202611231000000003", "fixmedins_code": kit.HOSPITAL, "psn_no": "child",
        "setl_id": first["setl_id"], "amount": "4.00",
    }  # fmt: skip
    await service.run(record("settlement.requests.refund", refund, source="his-first", id="r"))
    third = answers(await service.run(settle(4, "9.00")))[0]
    assert third["acct_mulaid_pay"] == "4.00"
    assert await service.verify() == []


async def test_two_workers_never_break_a_cap_that_several_beneficiaries_share(service: Service) -> None:
    others = []
    for n in range(6):
        name = f"cousin{n}"
        others.append(record("registry.persons.recorded", kit.person(name), source="authority", id=name))
        made = kit.decision(kit.binding_id(20 + n), "father", name)
        others.append(record("binding.decisions.approved", made, source="gongji-audit", id=f"d{n}"))
    await service.run(*others)
    second = Service(service.pool)
    bills = [
        settle(30 + n, "4.00", partition=1 + n % 2, psn_no=f"cousin{n}", mdtrt_cert_no=f"Pcousin{n}")
        for n in range(6)
    ]
    said = await asyncio.gather(
        service.run(*[b for b in bills if b.partition == 1]),
        second.run(*[b for b in bills if b.partition == 2]),
    )
    shared = {s["setl_id"]: s["acct_mulaid_pay"] for part in said for s in answers(part)}
    assert len(shared) == 6
    assert sum(kit.money(amount) for amount in shared.values()) == 1500, "15 a month of the father, for all"
    assert await service.verify() == []


async def test_a_death_and_a_filing_outlive_the_batch(service: Service) -> None:
    filing = {"mdtrtarea_admdvs": "310000", "begndate": "2026-01-01"}
    place = kit.institution(kit.HOSPITAL, version=2, admdvs="310104")
    await service.run(
        record("registry.institutions.recorded", place, source="authority", id="moved"),
    )
    before = answers(await service.run(settle(1, "12.00")))[0]
    assert (before["acct_mulaid_pay"], before["psn_cash_pay"]) == ("0.00", "2.00")
    await service.run(person("child", filings=[filing]))
    assert answers(await service.run(settle(2, "3.00")))[0]["acct_mulaid_pay"] == "3.00"
    dead = person("child", version=3, surv_stas="2", death_date=str((CLOCK.now() - timedelta(days=3)).date()))
    await service.run(dead)
    assert answers(await service.run(settle(3, "3.00")))[0]["code"] == "patient-deceased"
    early = (CLOCK.now() - timedelta(days=5)).isoformat()
    assert answers(await service.run(settle(4, "3.00", bill_at=early)))[0]["infcode"] == "0"


async def test_a_settle_is_held_against_the_quote_of_an_earlier_batch(service: Service) -> None:
    quote = bill(1, "15.00", infno="2206")
    await service.run(record("settlement.requests.quote", quote, source="his-first", id="q"))
    frozen = {"psn_no": "mother", "entry_id": "F", "at": kit.NOW}
    same = answers(await service.run(settle(2, "15.00")))[0]
    assert "quoted" not in same
    again = bill(3, "5.00", infno="2206")
    await service.run(record("settlement.requests.quote", again, source="his-first", id="q2"))
    await service.run(record("account.credits.frozen", frozen, source="authority", id="f"))
    await service.run(record("account.credits.frozen", frozen | {"psn_no": "father", "entry_id": "F2"}, source="authority", id="f2"))  # fmt: skip
    other = answers(await service.run(settle(4, "5.00")))[0]
    assert other["quoted"] == {
        "msgid": again["msgid"], "acct_pay": "0.00", "acct_mulaid_pay": "5.00", "psn_cash_pay": "0.00",
    }  # fmt: skip
    assert other["psn_cash_pay"] == "5.00"
    assert await service.pool.fetchval("select count(*) from quote") == 0, (
        "a settle takes the visit's quote with it"
    )
