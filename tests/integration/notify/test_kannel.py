"""Texts through a real Kannel gateway: our provider, smsbox, bearerbox, the stand-in SMS centre, and receipts back to our own door."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import HttpUrl, SecretStr

from deploy.peers.kannel import programs
from services.notify.domain.course import Outcome
from services.notify.domain.receipts import Fate, Receipt
from services.notify.domain.texts import Content
from services.notify.gauges import Gauges
from services.notify.links import receipts_into
from services.notify.outcomes import Outcomes
from services.notify.providers.interface import Around, Order
from services.notify.providers.kannel import Kannel
from services.notify.providers.options import KannelSettings
from services.notify.reports import Reports
from shared import db
from shared.contracts.binding_decisions import State
from shared.metrics import Metrics
from tests.integration.notify.bench_line import Bench, migrated
from tests.integration.notify.helpers import start, stop, until
from tests.integration.notify.records import decision, reachable

pytestmark = pytest.mark.skipif(not programs(), reason="Kannel is not installed (apt-get install kannel)")
KEY = "a-key-of-the-gateway"
TEXT = (
    "【医保服务】" + "您为父母申请的家庭共济需补充户口本、结婚证；" * 5 + "𠮷"
)  # the last character needs two units


@dataclass
class Peers:
    """The SMS centre and the gateway, as processes."""

    out: Path
    port: int
    centre: subprocess.Popen[bytes]

    def kill_bearerbox(self) -> None:
        os.kill(int((self.out / "bearerbox.pid").read_text()), signal.SIGKILL)

    def on_its_way(self) -> bool:
        """Whether the centre has a text that it has not read: more unread octets than a few link checks (16 each)."""
        for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            local, state, queues = (fields := row.split())[1], fields[3], fields[4]
            if (
                local.endswith(f":{self.port:04X}")
                and state == "01"
                and int(queues.partition(":")[2], 16) > 100
            ):
                return True
        return False

    def centre_comes_back(self) -> None:
        (self.out / "smsc.port").unlink()
        self.centre, _ = start(
            "deploy.peers.smsc", self.out, "smsc.port", "--port", str(self.port), "--slow", "2"
        )

    def heard(self, number: str) -> list[dict[str, Any]]:
        """What one telephone received."""
        file = self.out / "sms.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [text for line in lines if (text := json.loads(line))["number"] == number.removeprefix("+")]

    def provider(self, reports: int, store: Callable[[str], Any]) -> Kannel:
        how = json.loads((self.out / "kannel.json").read_text(encoding="utf-8"))
        settings = KannelSettings(
            url=HttpUrl(how["url"]), username=how["username"], password=SecretStr(how["password"]),
            reports=HttpUrl(f"http://127.0.0.1:{reports}"), report_key=SecretStr(KEY), timeout=30,
        )  # fmt: skip
        return Kannel("gate", settings, Around(store, lambda _, __: None))


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peers]:
    out = tmp_path_factory.mktemp("kannel")
    centre, port = start("deploy.peers.smsc", out, "smsc.port", "--slow", "2")
    gateway, _ = start("deploy.peers.kannel", out, "kannel.port", "--smsc", str(port))
    one = Peers(out, port, centre)
    yield one
    stop(gateway)
    stop(one.centre)


Opens = Callable[[Callable[[str], Any]], Awaitable[Kannel]]


@pytest_asyncio.fixture
async def opens(peers: Peers) -> AsyncIterator[Opens]:
    """Makes the provider, with a door of its own for the gateway's reports."""
    tasks: list[asyncio.Task[None]] = []

    async def make(store: Callable[[str], Any]) -> Kannel:
        port = asyncio.get_running_loop().create_future()
        door = Reports([peers.provider(9, store)], store, Gauges(Metrics()))
        tasks.append(asyncio.create_task(door.run("127.0.0.1", 0, ready=port.set_result)))
        provider = peers.provider(await port, store)
        tasks.append(asyncio.create_task(provider.run()))
        return provider

    yield make
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_long_chinese_text_arrives_whole_and_the_state_comes_back(peers: Peers, opens: Opens) -> None:
    stored: list[Receipt] = []
    refused_once = iter((True,))

    def store(_: str) -> Any:
        async def keep(receipts: Any) -> None:
            if next(refused_once, False):
                raise ConnectionError("the database is away")
            stored.extend(receipts)

        return keep

    provider = await opens(store)
    result = await provider.send(Order("ref-1", "+8613900000001", Content("", "", TEXT, "")))
    assert (result.outcome, result.provider_ids) == (Outcome.ACCEPTED, ("ref-1",))
    await until(lambda: len(stored) >= 2)
    assert [(text["text"], text["parts"]) for text in peers.heard("8613900000001")] == [(TEXT, 2)]
    fates = {receipt.fate for receipt in stored}  # the first report was answered 503, and came again
    assert fates == {Fate.PENDING, Fate.DELIVERED}
    assert {receipt.provider_id for receipt in stored} == {"ref-1"}


class Line:
    """One notify that has the gateway as its provider of texts, on real PostgreSQL."""

    count = 0
    """Of all tests: no two have one telephone."""

    def __init__(self, pool: db.Pool) -> None:
        self.bench = Bench(pool)
        self._outcomes = Outcomes(self.bench.step.apply)
        self._storing = asyncio.create_task(self._outcomes.run())

    async def connect(self, opens: Opens) -> None:
        gate = await opens(lambda name: receipts_into(self._outcomes, self.bench.clock, name))
        self.bench.providers = [gate, self.bench.call]
        self.bench.sender = self.bench.make_sender()

    async def tell(self, fate: str) -> str:
        """A refusal is told to a new person with a telephone of this fate; the number."""
        Line.count += 1
        person = reachable(self.count, fate)
        await self.bench.publish("registry.persons.recorded", person.recorded(), "authority")
        self.bench.clock.forward(milliseconds=1)  # notices have an order
        await self.bench.publish(
            "binding.decisions.refused", decision(self.count, person, state=State.REFUSED)
        )
        return f"861395383{self.count:02d}{fate}"

    async def becomes(self, wanted: list[str]) -> None:
        """Works until the notices have these states, oldest first."""
        async with asyncio.timeout(60):
            while (states := [state for state, _ in await self.bench.notices()]) != wanted:
                assert len(states) == len(wanted)
                if "created" in states:  # put off
                    self.bench.clock.forward(seconds=5)
                await self.bench.work()
                await asyncio.sleep(0.05)

    async def attempts(self) -> list[list[tuple[str, str]]]:
        """Media and states of the attempts of each notice, oldest notice first."""
        rows = await self.bench.pool.fetch(
            "select n.id, a.medium, a.state from attempts a join notices n on n.id = a.notice_id order by n.created_at, n.id, a.number"
        )
        kept: dict[Any, list[tuple[str, str]]] = {}
        for i, medium, state in rows:
            kept.setdefault(i, []).append((medium, state))
        return list(kept.values())

    async def close(self) -> None:
        self._storing.cancel()
        await asyncio.gather(self._storing, return_exceptions=True)


@pytest_asyncio.fixture
async def line(database_urls: dict[str, str], opens: Opens) -> AsyncIterator[Line]:
    pool = await migrated(database_urls["notify"])
    one = Line(pool)
    await one.connect(opens)
    yield one
    await one.close()
    await pool.close()


async def test_fates_become_states_and_who_is_not_reached_by_text_is_called(peers: Peers, line: Line) -> None:
    numbers = [await line.tell(fate) for fate in ("01", "90", "91", "92", "93")]
    await line.becomes(["delivered"] * 5)
    called = ("call", "delivered")
    assert await line.attempts() == [
        [("sms", "delivered")],
        [("sms", "permanent-failure"), called],  # the centre took it, and could not deliver it
        [("sms", "permanent-failure"), called],  # the centre refused it
        [("sms", "temporary-failure"), called],  # it expired there
        [("sms", "delivered")],  # Kannel itself tries again what is throttled
    ]
    assert [len(peers.heard(number)) for number in numbers] == [1, 1, 0, 1, 1]


async def test_killed_bearerbox_loses_neither_texts_nor_receipts_and_sends_nothing_twice(
    peers: Peers, line: Line
) -> None:
    numbers = [await line.tell("98")]  # its receipt is due in 2 s
    await line.bench.work()
    await until(lambda: peers.heard(numbers[0]))
    peers.kill_bearerbox()
    await line.becomes(["delivered"])
    stop(peers.centre)
    numbers += [await line.tell("01") for _ in range(3)]
    await line.bench.work()  # Kannel has them, the centre does not
    assert [state for state, _ in await line.bench.notices()] == ["delivered"] + ["pending"] * 3
    peers.kill_bearerbox()
    peers.centre_comes_back()
    await line.becomes(["delivered"] * 4)
    assert await line.attempts() == [[("sms", "delivered")]] * 4
    assert [len(peers.heard(number)) for number in numbers] == [1] * 4


async def test_what_was_on_its_way_when_bearerbox_was_killed_is_sent_again_by_kannel_and_once_by_us(
    peers: Peers, line: Line
) -> None:
    number = await line.tell("01")
    peers.centre.send_signal(signal.SIGSTOP)  # it gets the text, and does not answer
    try:
        await line.bench.work()
        await until(peers.on_its_way)
        peers.kill_bearerbox()
    finally:
        peers.centre.send_signal(signal.SIGCONT)
    await line.becomes(["delivered"])
    assert await line.attempts() == [[("sms", "delivered")]]
    await until(lambda: len(peers.heard(number)) == 2)


async def test_a_text_that_meets_a_dead_gateway_is_put_off_and_sent_once(peers: Peers, line: Line) -> None:
    os.kill(int((peers.out / "smsbox.pid").read_text()), signal.SIGKILL)
    number = await line.tell("01")
    await line.bench.work()
    assert [state for state, _ in await line.bench.notices()] == ["created"]
    await line.becomes(["delivered"])
    assert len(peers.heard(number)) == 1
