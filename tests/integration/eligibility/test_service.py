"""The service as a process on real Kafka and PostgreSQL: a published request is read back as a screening and an answer."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy import topics
from deploy.local.testing import TestStack
from shared.contracts.binding_decisions import State
from shared.testing.identities import adult, child, elder
from shared.testing.messages import (
    MONDAY,
    KafkaMessage,
    consented,
    related,
    submitted,
    to_kafka,
    unbind_requested,
)
from shared.testing.proofs import DEMO_SOURCES
from tests.integration.eligibility.test_storage import decision

DEMO = Path(__file__).parents[3] / "deploy" / "demo" / "policies"
TOPICS = ("binding.screenings", "answers.xinjiang-mini", "eligibility.dead-letters")


class Line:
    """A producer, the running service, and everything it says."""

    def __init__(self, kafka: str) -> None:
        self.kafka = kafka
        self.seen: list[tuple[str, str, dict[str, Any]]] = []

    async def open(self) -> None:
        await topics.apply_at(self.kafka)
        self._producer = AIOKafkaProducer(bootstrap_servers=self.kafka, acks="all")
        self._consumer = AIOKafkaConsumer(
            *TOPICS, bootstrap_servers=self.kafka, auto_offset_reset="earliest", group_id=None
        )
        await self._producer.start()
        await self._consumer.start()
        self._reading = asyncio.create_task(self._read())

    async def close(self) -> None:
        self._reading.cancel()
        await self._consumer.stop()
        await self._producer.stop()

    async def publish(self, *messages: KafkaMessage) -> None:
        for m in messages:
            await self._producer.send_and_wait(m.topic, m.value, key=m.key, headers=m.headers)

    async def until(
        self, topic: str, binding_id: object, kind: str = "", seconds: float = 90
    ) -> dict[str, Any]:
        """The first body of `topic` about the binding whose type ends in `kind`."""
        async with asyncio.timeout(seconds):
            while True:
                for seen_topic, seen_kind, body in self.seen:
                    if (
                        seen_topic == topic
                        and body.get("binding_id") == str(binding_id)
                        and seen_kind.endswith(kind)
                    ):
                        return body
                await asyncio.sleep(0.02)

    async def _read(self) -> None:
        async for record in self._consumer:
            named = dict(record.headers)
            kind = named.get("ce_type", b"").decode().removesuffix(".v1")
            try:
                self.seen.append((record.topic, kind, json.loads(record.value)))
            except ValueError:
                continue  # a dead letter of another test's poison, which this service has read again


@pytest_asyncio.fixture
async def line(stack: TestStack, database_urls: dict[str, str]) -> AsyncIterator[Line]:
    made = Line(stack.kafka)
    await made.open()
    env = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": stack.kafka,
        "GONGJI_ELIGIBILITY_DATABASE_URL": database_urls["eligibility"],
        "GONGJI_CLOCK": f"{MONDAY.isoformat()}*4",
        "GONGJI_GROUP": f"test-eligibility-{uuid4().hex[:8]}",
        "GONGJI_REGIONS_DIR": str(DEMO),
        "GONGJI_SOURCES": str(DEMO_SOURCES),
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.eligibility", env=env)
    yield made
    process.terminate()
    await asyncio.wait_for(process.wait(), 60)
    await made.close()
    assert process.returncode == 0


async def test_requests_travel_through_the_service(line: Line) -> None:
    # Numbers of its own: the topics are shared with other tests of the session, and a service begins at their beginning.
    sponsor, kid, sister, stranger = (
        adult(7001, admdvs="650100"),
        child(7002, admdvs="650100"),
        adult(7004, admdvs="650100"),
        elder(7006, admdvs="650100"),
    )
    await line.publish(
        *(
            to_kafka("registry.persons.recorded", p.recorded(), "authority", p.psn_no)
            for p in (sponsor, kid, sister)
        ),
        *(
            to_kafka("registry.relations.recorded", related(sponsor, p, kind), "authority", f"r{p.psn_no}")
            for p, kind in ((kid, "child"), (sister, "sibling"))
        ),
    )

    def ask(number: int, relative: Any, relation: str, **changes: Any) -> KafkaMessage:
        body = submitted(sponsor, relative, relation=relation, number=70_000 + number, **changes)
        return to_kafka("binding.requests.submitted", body, "xinjiang-mini", f"eligibility-m{number}")

    first, second, third, fourth = (
        ask(1, kid, "child"),
        ask(2, sister, "sibling", provider="face-two"),
        ask(3, kid, "parent-in-law", commitment=None, face_check=None),
        ask(4, stranger, "parent", face_check=None, channel="counter"),
    )
    await line.publish(first, second, fourth)
    ids = [json.loads(m.value)["binding_id"] for m in (first, second, third, fourth)]

    passed = await line.until(
        "binding.screenings", ids[0], "passed"
    )  # perhaps in round 2, if the registry was slower
    assert passed["proven_by"] == ["registry"]
    needed = await line.until("binding.screenings", ids[1], "consent-needed")
    agreed = consented(sister, short_code=needed["short_code"])
    await line.publish(to_kafka("beneficiary.requests.consented", agreed, "xinjiang-mini", "eligibility-c1"))
    await line.until("binding.screenings", ids[1], "passed")

    await line.publish(third)
    refused = await line.until("binding.screenings", ids[2], "refused")
    found = {r["code"]: r for r in refused["reasons"]}
    assert found.keys() >= {
        "in-law-not-allowed",
        "already-bound-here",
        "commitment-missing",
        "face-check-missing",
    }
    assert found["in-law-not-allowed"]["citation"]["reference"].startswith("国办发〔")

    # The sponsor ends a binding before the decision that approved it could be read: the end waits for it.
    end = unbind_requested(sponsor, UUID(ids[0]))
    await line.publish(to_kafka("binding.requests.unbind-requested", end, "xinjiang-mini", "eligibility-u1"))
    approved = decision(passed, State.APPROVED, 2)
    await line.publish(to_kafka("binding.decisions.approved", approved, "gongji-audit", "eligibility-d1"))
    assert (await line.until("binding.screenings", ids[0], "unbind-checked"))["by"] == "sponsor"

    # Nobody records the stranger: the request waits its bounded time and is refused without saying why.
    assert (await line.until("answers.xinjiang-mini", ids[3]))["outcome"] == "accepted"
    late = await line.until("binding.screenings", ids[3], "refused")
    answers = [
        b["outcome"] for t, _, b in line.seen if t.startswith("answers.") and b.get("binding_id") == ids[0]
    ]
    assert "passed" in answers
    assert [r["code"] for r in late["reasons"]] == ["beneficiary-not-confirmed"]
    assert not [t for t, _, b in line.seen if t.endswith("dead-letters") and b.get("binding_id") in ids]
