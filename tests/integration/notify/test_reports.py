"""Receipts over HTTP: taken once they are stored, turned away when they are not the provider's own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest
import pytest_asyncio
from pydantic import HttpUrl, SecretStr

from services.notify.domain.receipts import Fate, Receipt
from services.notify.gauges import Gauges
from services.notify.links import receipts_into
from services.notify.outcomes import Crowded, Outcomes
from services.notify.providers.interface import Around, StoreReceipts
from services.notify.providers.kannel import Kannel
from services.notify.providers.options import KannelSettings
from services.notify.reports import Reports
from shared.clock import SystemClock
from shared.messaging.handler import Due
from shared.metrics import Metrics

KEY = "a-key-of-the-gateway"


class Door:
    """A door for one gateway, and what came through it."""

    def __init__(self) -> None:
        settings = KannelSettings(
            url=HttpUrl("http://127.0.0.1:9/cgi-bin/sendsms"),
            username="u",
            password=SecretStr("p"),
            reports=HttpUrl("http://127.0.0.1:9"),
            report_key=SecretStr(KEY),
        )
        self.stored: list[Receipt] = []
        self.broken = False
        self.fault: Exception | None = None
        self.metrics = Metrics()
        around = Around(self._store, lambda template, provider: None)
        self._reports = Reports([Kannel("gate", settings, around)], self._store, Gauges(self.metrics))

    def _store(self, provider: str) -> StoreReceipts:
        async def store(receipts: Sequence[Receipt]) -> None:
            if self.broken:
                await asyncio.sleep(60)
            if self.fault:
                raise self.fault
            self.stored += receipts

        return store

    async def open(self, at: int = 0) -> httpx.AsyncClient:
        port = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._reports.run("127.0.0.1", at, ready=port.set_result))
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{await port}", timeout=10)

    def counted(self) -> dict[str, float]:
        family = next(f for f in self.metrics.registry.collect() if f.name == "gongji_notify_reports")
        return {s.labels["outcome"]: s.value for s in family.samples if s.name.endswith("_total")}


@pytest_asyncio.fixture
async def door() -> AsyncIterator[tuple[Door, httpx.AsyncClient]]:
    one = Door()
    async with await one.open() as client:
        yield one, client
    one.task.cancel()
    await asyncio.gather(one.task, return_exceptions=True)


Opened = tuple[Door, httpx.AsyncClient]


async def test_a_report_is_stored_and_then_taken(door: Opened) -> None:
    one, client = door
    said = await client.get(
        "/receipts/gate", params={"key": KEY, "reference": "r1", "state": "1", "answer": "ok"}
    )
    assert said.status_code == 200
    assert one.stored == [Receipt("r1", Fate.DELIVERED, "ok")]
    assert one.counted() == {"taken": 1}


async def test_states_of_the_gateway_become_fates(door: Opened) -> None:
    one, client = door
    for state in (8, 4, 2, 34, 16):
        await client.get("/receipts/gate", params={"key": KEY, "reference": f"r{state}", "state": str(state)})
    assert [(r.provider_id, r.fate) for r in one.stored] == [
        ("r8", Fate.PENDING),
        ("r4", Fate.PENDING),
        ("r2", Fate.PERMANENT),
        ("r34", Fate.TEMPORARY),
        ("r16", Fate.PERMANENT),
    ]


async def test_a_forged_report_is_turned_away(door: Opened) -> None:
    one, client = door
    for key in ("", "another-key-of-16", KEY + "x"):
        said = await client.get("/receipts/gate", params={"key": key, "reference": "r1", "state": "1"})
        assert said.status_code == 403
    assert one.stored == []
    assert one.counted() == {"forged": 3}


async def test_what_cannot_be_read_is_said_with_an_example(door: Opened) -> None:
    one, client = door
    for wrong in ({"state": "x", "reference": "r"}, {"state": "1"}, {"state": "3", "reference": "r"}, {}):
        said = await client.get("/receipts/gate", params={"key": KEY, **wrong})
        assert said.status_code == 400
        assert "state" in said.json()["error"]
    assert one.stored == []
    assert one.counted() == {"unreadable": 4}


async def test_a_provider_that_has_no_door(door: Opened) -> None:
    _, client = door
    assert (await client.get("/receipts/other", params={"key": KEY})).status_code == 404


async def test_a_report_that_cannot_be_stored_is_asked_for_again(door: Opened) -> None:
    one, client = door
    one.broken = True
    said = await client.get("/receipts/gate", params={"key": KEY, "reference": "r1", "state": "1"})
    assert said.status_code == 503
    assert one.counted() == {"not-stored": 1}


@pytest.mark.parametrize("fault", [RuntimeError("who reported what"), Crowded("who and who wait")])
async def test_a_report_that_is_refused_inside_is_said_to_be_not_stored(
    door: Opened, fault: Exception
) -> None:
    one, client = door
    one.fault = fault
    said = await client.get("/receipts/gate", params={"key": KEY, "reference": "r1", "state": "1"})
    assert said.status_code == 503
    assert "who" not in said.text


async def test_a_port_that_is_taken_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.notify.reports._PORT_AGAIN", 0.05)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        one = Door()
        opening = asyncio.create_task(one.open(taken.getsockname()[1]))
        await asyncio.sleep(0.3)
        assert not one.task.done()
    async with await asyncio.wait_for(opening, 60) as client:
        assert (await client.get("/receipts/other")).status_code == 404
    one.task.cancel()
    await asyncio.gather(one.task, return_exceptions=True)


async def test_receipts_are_not_taken_while_too_many_wait_for_the_database() -> None:
    async def apply(dues: Sequence[Due]) -> None:
        raise ConnectionError

    outcomes = Outcomes(apply, many=1)
    running = asyncio.create_task(outcomes.run())
    store = receipts_into(outcomes, SystemClock(), "gate")
    waits = asyncio.ensure_future(store([Receipt("r1", Fate.DELIVERED, "ok")]))
    await asyncio.sleep(0)
    with pytest.raises(Crowded):
        await store([Receipt("r2", Fate.DELIVERED, "ok")])
    for task in (waits, running):
        task.cancel()
    await asyncio.gather(waits, running, return_exceptions=True)


async def test_what_no_column_takes_is_left_out_of_a_receipt() -> None:
    stored: list[Due] = []

    async def apply(dues: Sequence[Due]) -> None:
        stored.extend(dues)

    outcomes = Outcomes(apply)
    running = asyncio.create_task(outcomes.run())
    store = receipts_into(outcomes, SystemClock(), "gate")
    await store([Receipt("r\0" + "x" * 5000, Fate.DELIVERED, "\ud800 ok\0")])
    running.cancel()
    assert [(due.entity, due.body["code"]) for due in stored] == [("gate/r" + "x" * 99, "? ok")]
