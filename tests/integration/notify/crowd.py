"""Many people to be told at once, by the whole service as a process, over SMS centres that keep what they received."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import yaml
from aiokafka import AIOKafkaProducer

from deploy import topics
from shared.messaging.records import Outgoing, pack_headers
from shared.testing.identities import MadeUp, person
from shared.testing.messages import MONDAY, to_kafka, uid
from tests.integration.notify.helpers import start, stop
from tests.integration.notify.records import REGION, decision


def sponsor(n: int) -> MadeUp:
    """A sponsor whose telephone takes every text; the number says who it is, below a million."""
    return person(n, tel=f"139{n:06d}01", admdvs=REGION)


def who(number: str) -> int:
    """Whose telephone that is."""
    return int(number[-8:-2])


def persons(numbers: Iterable[int], *, fate: str = "01", version: int = 1) -> list[Outgoing]:
    """What the authority says of these sponsors. `fate`: last two digits of their telephones."""
    at, kind, source = MONDAY - timedelta(hours=1), "registry.persons.recorded", "authority"
    made = ((n, sponsor(n).but(tel=f"139{n:06d}{fate}")) for n in numbers)
    return [_outgoing(kind, one.recorded(version), source, f"crowd-p-{n}-{version}", at) for n, one in made]


def decisions(numbers: Iterable[int]) -> list[Outgoing]:
    """Approvals, each of which is one text in two parts to its sponsor."""
    made = ((n, decision(n, sponsor(n), binding_id=_binding(n))) for n in numbers)
    return [
        _outgoing("binding.decisions.approved", one, "gongji-audit", f"crowd-d-{n}", MONDAY)
        for n, one in made
    ]


def _binding(n: int) -> UUID:
    return uid(10**9 + n)


def _outgoing(short_type: str, body: Any, source: str, id: str, at: datetime) -> Outgoing:
    one = to_kafka(short_type, body, source, id, at)
    return Outgoing(one.topic, one.key, pack_headers(one.headers), one.value)


@dataclass
class Centre:
    """An SMS centre as a process of its own."""

    name: str
    out: Path
    options: Sequence[str] = ()
    process: subprocess.Popen[bytes] | None = None
    port: int = 0

    def start(self) -> None:
        self.out.mkdir()
        self.process, self.port = start("deploy.peers.smsc", self.out, "smsc.port", *self.options)

    def stop(self) -> None:
        if self.process:
            stop(self.process)

    def provider(self, **options: object) -> dict[str, object]:
        """Its row in the file of providers."""
        return {
            "name": self.name,
            "kind": "smpp",
            "weight": 50,
            "host": "127.0.0.1",
            "port": self.port,
        } | options

    def received(self) -> list[tuple[int, float]]:
        """Who got a whole text, and when (seconds since 1970); as often as they got it."""
        return self._rows("sms.jsonl")

    def unanswered(self) -> list[tuple[int, float]]:
        """Whose submit, of a part of a text, was taken and never answered."""
        return self._rows("unanswered.jsonl")

    def incomplete(self) -> list[tuple[int, float]]:
        """Of whose text a part was still to come when a session ended."""
        return self._rows("incomplete.jsonl")

    def _rows(self, name: str) -> list[tuple[int, float]]:
        file = self.out / name
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [(who(row["number"]), row["at"]) for row in map(json.loads, lines)]

    def dark(self, on: bool) -> None:
        """From now on no submit is answered, or all are again."""
        if on:
            (self.out / "dark").touch()
        else:
            (self.out / "dark").unlink()


@dataclass
class Crowd:
    """notify between a producer and its SMS centres."""

    kafka: str
    url: str
    folder: Path
    clock: str
    providers: Sequence[Mapping[str, object]]
    more: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    async def open(self) -> None:
        await topics.apply_at(self.kafka)
        self._producer = AIOKafkaProducer(bootstrap_servers=self.kafka, acks="all", enable_idempotence=True)
        await self._producer.start()
        self.group = f"crowd-{time.time_ns()}"
        file = {"providers": [dict(one) for one in self.providers]}
        (self.folder / "providers.yaml").write_text(yaml.safe_dump(file), encoding="utf-8")

    async def close(self) -> None:
        await asyncio.to_thread(self.stop)
        await self._producer.stop()

    def start(self) -> None:
        """Starts the service and does not wait for it."""
        env = os.environ | {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "GONGJI_NOTIFY_DATABASE_URL": self.url,
            "GONGJI_CLOCK": self.clock,
            "GONGJI_GROUP": self.group,
            "GONGJI_INSTANCE": self.group,
            "GONGJI_HTTP_PORT": "0",
            "GONGJI_NOTIFY_REBUILT": "true",  # what other tests left in the topics is not sent
            "GONGJI_NOTIFY_PROVIDERS": str(self.folder / "providers.yaml"),
            "GONGJI_NOTIFY_REPORTS_PORT": "0",
        }
        with (self.folder / "notify.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.notify"], env=env | self.more, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """`kill -9`."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(60)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    async def publish(self, records: Iterable[Outgoing]) -> None:
        """Publishes a backlog."""
        sent = [await self._send(one) for one in records]
        await asyncio.gather(*sent)

    async def publish_steadily(self, records: Sequence[Outgoing], per_s: float) -> None:
        """Publishes at a steady rate; what a slow machine is late with it catches up with."""
        began, done = time.monotonic(), 0
        while done < len(records):
            due = min(len(records), int((time.monotonic() - began) * per_s) + 1)
            await self.publish(records[done:due])
            done = max(done, due)
            await asyncio.sleep(0.02)

    async def _send(self, one: Outgoing) -> Any:
        return await self._producer.send(one.topic, one.value, one.key, headers=one.pairs())

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        conn = await asyncpg.connect(self.url, server_settings={"search_path": "notify"})
        try:
            yield conn
        finally:
            await conn.close()

    async def until(self, statement: str, *arguments: object, wanted: int, seconds: float) -> None:
        """Waits until a count is as wanted, or more. A database or table that is not there counts nothing."""
        end, found = time.monotonic() + seconds, 0
        while found < wanted:
            with contextlib.suppress(asyncpg.PostgresError, OSError):
                async with self.connected() as conn:
                    found = await conn.fetchval(statement, *arguments)
            runs = self.process is None or self.process.poll() is None
            assert runs, f"the service has ended: {self.log()}"
            assert time.monotonic() < end, f"{found} of {wanted}: {statement}; log: {self.log()}"
            await asyncio.sleep(0.2)

    async def begin(self, numbers: Sequence[int]) -> None:
        """Starts the service and waits until it knows these people."""
        await self.publish(persons(numbers))
        self.start()
        known = "select count(*) from persons where psn_no = any($1)"
        await self.until(known, [sponsor(n).psn_no for n in numbers], wanted=len(numbers), seconds=120)

    async def states(self, numbers: Iterable[int]) -> Counter[tuple[str, str | None]]:
        """State and reason of the notices to these people."""
        async with self.connected() as conn:
            rows = await conn.fetch(
                "select state, reason from notices where about = any($1)", abouts(numbers)
            )
        return Counter((row[0], row[1]) for row in rows)

    def log(self) -> str:
        return (self.folder / "notify.log").read_text()[-2000:]


def abouts(numbers: Iterable[int]) -> list[str]:
    """What the notices to these people are about."""
    return [str(_binding(n)) for n in numbers]
