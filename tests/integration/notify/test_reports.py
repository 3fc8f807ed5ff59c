"""Receipts over HTTP: taken once they are stored, turned away when they are not the provider's own."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest_asyncio
from pydantic import HttpUrl, SecretStr

from services.notify.domain.receipts import Fate, Receipt
from services.notify.gauges import Gauges
from services.notify.providers.interface import Around, StoreReceipts
from services.notify.providers.kannel import Kannel
from services.notify.providers.options import KannelSettings
from services.notify.reports import Reports
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
        self.metrics = Metrics()
        around = Around(self._store, lambda template, provider: None)
        self._reports = Reports([Kannel("gate", settings, around)], self._store, Gauges(self.metrics))

    def _store(self, provider: str) -> StoreReceipts:
        async def store(receipts: Sequence[Receipt]) -> None:
            if self.broken:
                await asyncio.sleep(60)
            self.stored += receipts

        return store

    async def open(self) -> httpx.AsyncClient:
        port = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._reports.run("127.0.0.1", 0, ready=port.set_result))
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
