"""A whole stack of real processes for tests: supervisor, Kafka, PostgreSQL, four services, SMS centre and telephone."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.demo.peers import Peers
from deploy.local import http, state, up
from deploy.local.databases import SERVICES
from deploy.local.paths import PROJECT
from deploy.local.postgres import Postgres
from shared import clock
from shared.clock import SystemClock
from shared.contracts.topics import consumed_by
from shared.testing.proofs import DEMO_OPERATORS, DEMO_SOURCES

MONDAY = "2026-11-23T10:00:00+08:00"
POLICIES = PROJECT / "deploy" / "demo" / "policies"
WAITING_NOTICES = (  # what only a message centre shows waits for whoever looks there
    "select count(*) from notify.notices where next_at is not null and media <> '{message-centre}'"
)


@dataclass(slots=True)
class Line:
    """A running stack. `told` is what `stack.json` said when everything was ready."""

    folder: Path
    home: Path
    told: dict[str, Any]
    peers: Peers
    clock: SystemClock

    @property
    def kafka(self) -> str:
        return str(self.told["kafka"])

    @property
    def database_url(self) -> str:
        """The administrator's."""
        return str(self.told["database_url"])

    def service(self, name: str) -> dict[str, Any]:
        """What `stack.json` says now about a service or a server: at least `pid`."""
        now = state.read(self.home) or {}
        return dict(now.get("services", {}).get(name) or now.get("servers", {}).get(name) or {})

    def port(self, service: str) -> int:
        return int(str(self.told["services"][service]["http"]).rpartition(":")[2])

    async def wrong(self) -> dict[str, Any]:
        """Complaints of the services that are not ready, by service; empty when all are."""
        answers = await asyncio.gather(*(http.readiness(self.port(name)) for name in SERVICES))
        return {name: told["wrong"] for name, told in zip(SERVICES, answers, strict=True) if not told["ok"]}

    async def metrics(self, service: str) -> str:
        """The text of `/metrics`; empty when nobody answers."""
        return (await http.get(self.port(service), "/metrics"))[1].decode()

    async def quiet(self, timeout: float = 180.0, *, notices: bool = True) -> None:
        """Waits until every service has read everything, said everything and (`notices`) told everybody.

        Raises `TimeoutError` with what is left.
        """
        left: dict[str, int] = {"not asked yet": 1}
        try:
            async with asyncio.timeout(timeout):
                while left:
                    with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                        left = await self.backlog(notices)
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise TimeoutError(f"after {timeout:.0f} s there is still {left}") from None

    async def backlog(self, notices: bool = True) -> dict[str, int]:
        """Records unread, outbox rows and notices under way, by service; those that are zero are left out."""
        left: dict[str, int] = {}
        ends = await self._ends()
        connection = await asyncpg.connect(self.database_url)
        try:
            for name in SERVICES:
                rows = await connection.fetch(f'select topic, partition, next_offset from "{name}".consumed')
                marks = {(row[0], row[1]): row[2] for row in rows}
                topics = set(consumed_by(name))
                unread = sum(max(0, e - marks.get(p, 0)) for p, e in ends.items() if p[0] in topics)
                left[f"{name} unread"] = unread
                left[f"{name} outbox"] = await connection.fetchval(f'select count(*) from "{name}".outbox')
            left["notices under way"] = await connection.fetchval(WAITING_NOTICES) if notices else 0
        finally:
            await connection.close()
        return {what: number for what, number in left.items() if number}

    async def _ends(self) -> dict[tuple[str, int], int]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka, enable_auto_commit=False)
        await consumer.start()
        try:
            topics = {topic for name in SERVICES for topic in consumed_by(name)}
            await consumer._client.force_metadata_update()
            places = [TopicPartition(t, p) for t in topics for p in (consumer.partitions_for_topic(t) or ())]
            return {(p.topic, p.partition): end for p, end in (await consumer.end_offsets(places)).items()}
        finally:
            await consumer.stop()


@contextlib.contextmanager
def environment(values: Mapping[str, str | None]) -> Iterator[None]:
    """`os.environ` with other values (None: not set) for a while: what a child process inherits."""
    before = {name: os.environ.get(name) for name in values}
    _set(values)
    try:
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextlib.contextmanager
def line() -> Iterator[Line]:
    """A stack of its own in a temporary folder, with the cast published; everything is gone afterwards.

    `GONGJI_KEEP=1` leaves the folder with its logs and says where it is.
    """
    folder = Path(tempfile.mkdtemp(prefix="gongji-line-"))
    folder.chmod(0o711)  # as root, PostgreSQL's own user must get to its data
    home, peers = folder / "home", Peers(folder / "peers")
    home.mkdir(mode=0o711)
    try:
        asyncio.run(peers.start())
        with environment(_settings(folder, peers)):
            told = up.detach(home, ["--cast"], patience=300.0)  # a busy machine is no fault
        yield Line(folder, home, told, peers, clock.from_setting(told["clock"]))
    finally:
        up.down(home)
        peers.stop()
        Postgres(home, 0, "").remove()
        if os.environ.get("GONGJI_KEEP"):
            print(f"kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _settings(folder: Path, peers: Peers) -> dict[str, str | None]:
    return {
        "GONGJI_CLOCK": clock.with_anchor(MONDAY),
        "GONGJI_SOURCES": str(DEMO_SOURCES),
        "GONGJI_OPERATORS": str(DEMO_OPERATORS),
        "GONGJI_REGIONS_DIR": str(POLICIES),
        "GONGJI_NOTIFY_SMPP_HOST": "127.0.0.1",
        "GONGJI_NOTIFY_SMPP_PORT": str(peers.ports["smsc"]),
        "GONGJI_NOTIFY_SIP_PEER": f"127.0.0.1:{peers.ports['phone']}",
        "GONGJI_NOTIFY_SPEECH_RATE": "450",
        "GONGJI_NOTIFY_SPEECH_DIR": str(folder / "speech"),
        "DATABASE_URL": None,
        "KAFKA_BOOTSTRAP_SERVERS": None,
    }
