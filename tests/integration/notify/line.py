"""The whole service as a process, on real Kafka and PostgreSQL, with the stand-ins; published records in, effects out."""

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy import topics
from shared.contracts.base import Message
from shared.testing.messages import to_kafka


@dataclass
class Line:
    """notify between a producer and a reader of everything it says."""

    kafka: str
    database_url: str
    smsc: tuple[int, Path]
    phone: tuple[int, Path]
    folder: Path
    clock: str
    group: str
    seen: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    async def open(self) -> None:
        await topics.apply_at(self.kafka)
        self._producer = AIOKafkaProducer(bootstrap_servers=self.kafka, acks="all", enable_idempotence=True)
        await self._producer.start()
        self._consumer = AIOKafkaConsumer(
            "binding.notices",
            "answers.zheliban",
            "answers.website",
            bootstrap_servers=self.kafka,
            auto_offset_reset="latest",
        )
        await self._consumer.start()
        await self._consumer.seek_to_end()
        self._reading = asyncio.create_task(self._read())

    async def close(self) -> None:
        self.stop()
        self._reading.cancel()
        await self._consumer.stop()
        await self._producer.stop()

    async def start(self) -> None:
        """Starts the service and waits until it is ready."""
        env = os.environ | {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "GONGJI_NOTIFY_DATABASE_URL": self.database_url,
            "GONGJI_CLOCK": self.clock,
            "GONGJI_GROUP": self.group,
            "GONGJI_INSTANCE": self.group,
            "GONGJI_NOTIFY_REBUILT": "true",  # what other tests left in the topics is not sent again
            "GONGJI_NOTIFY_SMPP_HOST": "127.0.0.1",
            "GONGJI_NOTIFY_SMPP_PORT": str(self.smsc[0]),
            "GONGJI_NOTIFY_SMPP_TIMEOUT": "5",
            "GONGJI_NOTIFY_SIP_PEER": f"127.0.0.1:{self.phone[0]}",
            "GONGJI_NOTIFY_SPEECH_RATE": "450",
            "GONGJI_NOTIFY_RING": "6",
            "GONGJI_NOTIFY_KEY_WAIT": "6",
            "GONGJI_NOTIFY_SPEECH_DIR": str(self.folder / "speech"),
        }
        with (self.folder / "notify.log").open("ab") as log:
            self._read_log = log.tell()
            self.process = subprocess.Popen(  # noqa: ASYNC220 - starting a process takes a moment, no longer
                [sys.executable, "-m", "services.notify"], env=env, stdout=log, stderr=log
            )
        await self._wait_for('"started"')
        await self._wait_for("sip-worker-ready")

    async def _wait_for(self, event: str) -> None:
        end = time.monotonic() + 90
        while event not in (self.folder / "notify.log").read_text()[self._read_log :]:
            assert time.monotonic() < end, f"no {event}: {self.log()}"
            await asyncio.sleep(0.05)

    def stop(self, *, hard: bool = False) -> None:
        if self.process is None:
            return
        if hard:
            self.process.kill()
        else:
            self.process.terminate()
        self.process.wait(60)
        self.process = None

    async def publish(
        self, short_type: str, body: Message, id: str, source: str = "gongji-audit", **options: Any
    ) -> None:
        one = to_kafka(short_type, body, source, id, **options)
        await self._producer.send_and_wait(one.topic, one.value, one.key, headers=one.headers)

    async def _read(self) -> None:
        async for record in self._consumer:
            kind = dict(record.headers)["ce_type"].decode().removeprefix("gongji.").removesuffix(".v1")
            self.seen.append((kind, json.loads(record.value)))

    def about(self, about: object) -> list[tuple[str, str, int, str | None]]:
        """What was reported of a binding or settlement: suffix, medium, attempt, reason."""
        return [
            (kind.rpartition(".")[2], body["medium"], body["attempt"], body.get("reason"))
            for kind, body in self.seen
            if kind.startswith("binding.notices") and body["about"] == str(about)
        ]

    async def until(self, about: object, suffix: str, *, count: int = 1, seconds: float = 120.0) -> list[Any]:
        """Waits until `suffix` was reported `count` times of something; everything reported of it."""
        end = time.monotonic() + seconds
        while sum(one[0] == suffix for one in self.about(about)) < count:
            assert time.monotonic() < end, f"no {suffix}: {self.about(about)}; log: {self.log()}"
            await asyncio.sleep(0.05)
        return self.about(about)

    def log(self) -> str:
        return (self.folder / "notify.log").read_text()[-2000:]

    def texts(self, number: str) -> list[str]:
        file = self.smsc[1] / "sms.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [
            one["text"] for line in lines if (one := json.loads(line))["number"] == number.removeprefix("+")
        ]

    def calls(self, number: str) -> list[dict[str, Any]]:
        file = self.phone[1] / "calls.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [one for line in lines if (one := json.loads(line))["number"] == number.removeprefix("+")]
