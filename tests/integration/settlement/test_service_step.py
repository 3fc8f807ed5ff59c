"""The batch step with settlement's handler on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from pydantic_core import from_json, to_json

from services.settlement.handlers import SettlementHandler
from shared import clock, db
from shared.contracts.topics import TYPES
from shared.ids import SystemIds
from shared.messaging.records import PlainRecord, unpack_headers
from shared.messaging.service import CORE_SCHEMA, migrations_of
from shared.messaging.step import BatchStep
from tests.unit.settlement import kit

OFFSETS: dict[tuple[str, int], int] = {}
CLOCK = clock.SystemClock(kit.NOW.timestamp(), time.time())


class Service:
    """One replica of settlement without Kafka."""

    def __init__(self, pool: db.Pool) -> None:
        self.pool = pool
        self.handler = SettlementHandler(kit.regions())
        self.step = BatchStep(self.handler, pool, CLOCK, SystemIds())  # type: ignore[arg-type]

    async def run(self, *records: PlainRecord) -> list[dict[str, Any]]:
        """Handles one batch; the bodies put into the outbox, with the topic as `_topic`."""
        async with self.pool.acquire() as conn:
            last = await conn.fetchval("select coalesce(max(id), 0) from outbox")
            await self.step.run(records)
            rows = await conn.fetch(
                "select topic, headers, bodies from outbox where id > $1 order by id", last
            )
        return [
            {"_topic": topic, "_headers": dict(unpack_headers(h)), **from_json(b)}
            for topic, headers, bodies in rows
            for h, b in zip(headers, bodies, strict=True)
        ]

    async def verify(self) -> list[Any]:
        """Broken invariants."""
        return list(await self.pool.fetch("select * from verify()"))


def record(type: str, body: dict[str, Any], *, source: str, id: str, partition: int = 0) -> PlainRecord:
    """A record as an outsider would send it, at the next offset of its partition."""
    spec = TYPES[type]
    key = spec.key_of(spec.model.model_validate_json(to_json(body)))
    place = (spec.topic, partition)
    offset = OFFSETS[place] = OFFSETS.get(place, -1) + 1
    headers = {
        "ce_specversion": "1.0",
        "ce_source": source,
        "ce_id": id,
        "ce_type": f"gongji.{type}.v1",
        "ce_time": body_time(body),
    }
    pairs = [(k, v.encode()) for k, v in headers.items()]
    return PlainRecord(
        spec.topic, partition, offset, int(time.time() * 1000), key.encode(), to_json(body), pairs
    )


def body_time(body: dict[str, Any]) -> str:
    return CLOCK.now().isoformat()


@pytest_asyncio.fixture
async def service(database_urls: dict[str, str]) -> AsyncIterator[Service]:
    """A replica on a fresh database with the family of the kit."""
    OFFSETS.clear()
    pool = await db.open_pool(database_urls["settlement"], "settlement", size=6)
    made = Service(pool)
    async with pool.acquire() as conn:
        await db.migrate(conn, "settlement", [CORE_SCHEMA, *migrations_of(made.handler)])
    await made.run(*_family())
    yield made
    await pool.close()


def _family() -> list[PlainRecord]:
    records = [
        record("registry.persons.recorded", kit.person(n), source="authority", id=f"p-{n}") for n in kit.CERTS
    ]
    records.append(
        record("registry.institutions.recorded", kit.institution(kit.HOSPITAL), source="authority", id="i")
    )
    for n, (name, amount) in enumerate((("child", "10.00"), ("mother", "20.00"), ("father", "30.00"))):
        body = {
            "psn_no": name,
            "entry_id": f"E-{name}",
            "at": kit.NOW,
            "admdvs": "330100",
            "amount": amount,
            "segment": "historic",
        }
        records.append(record("account.credits.credited", body, source="authority", id=f"c-{name}"))
        if n:
            made = kit.decision(kit.binding_id(n), name)
            records.append(record("binding.decisions.approved", made, source="gongji-audit", id=f"d-{name}"))
    return records


def bill(n: int, total: str, **changes: Any) -> dict[str, Any]:
    now = CLOCK.now().isoformat()
    made = kit.World().request(total, bill_at=now, msgid=f"{kit.HOSPITAL}20261123100000{n:04d}")
    return made | changes


def settle(n: int, total: str, *, id: str | None = None, partition: int = 0, **changes: Any) -> PlainRecord:
    body = bill(n, total, **changes)
    return record(
        "settlement.requests.settle", body, source="his-first", id=id or f"b-{n}", partition=partition
    )


async def test_a_bill_is_booked_once(service: Service) -> None:
    one = bill(1, "35.00")
    said = await service.run(record("settlement.requests.settle", one, source="his-first", id="a"))
    answer = next(s for s in said if s["_topic"] == "answers.his-first")
    assert (answer["acct_pay"], answer["acct_mulaid_pay"], answer["psn_cash_pay"]) == (
        "10.00",
        "25.00",
        "0.00",
    )
    assert answer["_headers"]["x-request-id"] == b"a"
    again = await service.run(record("settlement.requests.settle", one, source="his-first", id="b"))
    assert [(s["setl_id"], s["_headers"]["x-request-id"]) for s in again] == [(answer["setl_id"], b"b")]
    other = await service.run(
        record("settlement.requests.settle", one | {"mdtrt_id": "V2"}, source="his-first", id="c")
    )
    assert {s["code"] for s in other} == {"msgid-reused"}
    assert await service.pool.fetchval("select sum(current + historic) from account") == 2500
    assert await service.verify() == []


async def test_what_was_paid_before_a_late_end_is_listed_net_of_refunds(service: Service) -> None:
    said = await service.run(settle(1, "35.00"))  # own 10.00, mother 20.00, father 5.00
    setl_id = next(s["setl_id"] for s in said if s["_topic"] == "answers.his-first")
    refund = {"msgid": f"{kit.HOSPITAL}202611231100000001", "fixmedins_code": kit.HOSPITAL, "psn_no": "child"}
    refund |= {"setl_id": setl_id, "amount": "7.00"}
    await service.run(record("settlement.requests.refund", refund, source="his-first", id="r"))
    end = CLOCK.now() - timedelta(hours=1)
    ended = kit.decision(kit.binding_id(1), "mother", version=2, state="ended", end=end)
    await service.run(record("binding.decisions.ended", ended, source="gongji-audit", id="e"))
    rows = await service.pool.fetch("select kind, amount, reference from recovery")
    assert [tuple(row) for row in rows] == [("paid-after-end", 1800, setl_id)]


async def test_a_sponsors_account_is_never_spent_twice(service: Service) -> None:
    """Two replicas bill two children of one mother at once; facts are read after the locks, so one of them waits and sees less.

    With facts read before the locks the mother's 20.00 were spent twice.
    """
    await service.run(
        record("registry.persons.recorded", kit.person("sister"), source="authority", id="p-sister"),
        record(
            "binding.decisions.approved",
            kit.decision(kit.binding_id(7), "mother", "sister"),
            source="gongji-audit",
            id="d-sister",
        ),
        record(
            "account.credits.closed",
            {"psn_no": "father", "entry_id": "X", "at": kit.NOW},
            source="authority",
            id="x",
        ),
    )
    other = Service(service.pool)
    for n in range(8):
        sister = {"psn_no": "sister", "mdtrt_cert_no": "Psister", "mdtrt_cert_type": "02"}
        await asyncio.gather(
            service.step.run([settle(10 + n, "15.00", partition=1)]),
            other.step.run([settle(50 + n, "15.00", partition=2, **sister)]),
        )
    assert await service.pool.fetchval("select current + historic from account where psn_no = 'mother'") == 0
    assert (
        await service.pool.fetchval(
            "select -sum(amount) from entry where account = 'mother' and kind = 'settle'"
        )
        == 2000
    )
    assert await service.verify() == []


async def test_entries_are_append_only(service: Service) -> None:
    """Neither the role nor a role that owns the table changes what was booked."""
    for statement in ("update entry set amount = 1", "delete from entry", "truncate entry"):
        with pytest.raises(asyncpg.PostgresError):
            await service.pool.execute(statement)
    await service.pool.execute("grant update, delete, truncate on entry to current_user")
    for statement in ("update entry set amount = 1", "delete from entry", "truncate entry"):
        with pytest.raises(asyncpg.PostgresError, match="never changed"):
            await service.pool.execute(statement)
    with pytest.raises(asyncpg.CheckViolationError):
        await service.pool.execute("update account set historic = -1 where psn_no = 'child'")


async def test_verify_finds_what_is_wrong(service: Service) -> None:
    await service.pool.execute("update account set historic = historic + 1 where psn_no = 'child'")
    assert [row[0] for row in await service.verify()] == ["balance-is-sum-of-entries"]


async def test_cancel_refund_reverse(service: Service) -> None:
    said = await service.run(settle(1, "35.00"))
    setl_id = said[-1]["setl_id"] if "setl_id" in said[-1] else said[0]["setl_id"]
    base = {"fixmedins_code": kit.HOSPITAL, "psn_no": "child"}

    def ask(kind: str, n: int, **fields: Any) -> PlainRecord:
        body = base | {"msgid": f"{kit.HOSPITAL}20261123110000{n:04d}"} | fields
        return record(f"settlement.requests.{kind}", body, source="his-first", id=f"{kind}-{n}")

    refunded = await service.run(ask("refund", 1, setl_id=setl_id, amount="6.00"))
    shares = next(s for s in refunded if s["_topic"] == "settlement.results")["shares"]
    assert [(s["psn_no"], s["amount"]) for s in shares] == [("father", "5.00"), ("mother", "1.00")]
    cancelled = await service.run(ask("cancel", 2, infno="2208", setl_id=setl_id))
    assert {s["code"] for s in cancelled if "code" in s} == set()
    twice = await service.run(ask("cancel", 3, infno="2208", setl_id=setl_id))
    assert {s["code"] for s in twice} == {"already-cancelled"}
    again = await service.run(
        ask("reverse", 4, omsgid=f"{kit.HOSPITAL}202611231100000002", oinfno="2208"),
        ask("query", 5, setl_id=setl_id),
    )
    assert [s["refd_setl_flag"] for s in again if s.get("infno") == "5203"] == ["1"]
    assert await service.pool.fetchval("select sum(current + historic) from account") == 2500 + 600
    assert await service.verify() == []
