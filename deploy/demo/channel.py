"""A channel app as anybody would write it: plain aiokafka, CloudEvents headers by hand, nothing of gongji's but the contract."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer

from deploy.demo.node import Node, Told
from shared.clock import SystemClock
from shared.contracts.base import Message
from shared.contracts.binding_requests import Material
from shared.ids import SystemIds
from shared.testing import documents
from shared.testing.messages import to_kafka


class Channels:
    """One producer for all sources of the demo; and Node's, if there is one."""

    def __init__(
        self,
        bootstrap: str,
        clock: SystemClock,
        node: Node | None = None,
        store: Path | None = None,
    ) -> None:
        """`store`: the folder into which the channels put the documents that they refer to, if they may."""
        self._store = store
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_request_size=2 << 20
        )
        self._bootstrap, self._node = bootstrap, node
        self._clock = clock
        self._ids = SystemIds()

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def say(
        self, source: str, short_type: str, body: Message | Mapping[str, Any], id: str = "", **options: Any
    ) -> str:
        """Publishes one message as `source` and returns its id; the event time is now unless `time` says otherwise."""
        id = id or str(self._ids.new())
        options.setdefault("time", self._clock.now())
        self._upload(body)
        topic, key, headers, value = to_kafka(short_type, body, source, id, **options)
        await self._producer.send_and_wait(topic, value, key=key, headers=headers)
        return id

    async def say_by_node(self, source: str, short_type: str, body: Message) -> str:
        """Publishes one message by a Node program, or by Python where that cannot be; returns which, for a person."""
        self._upload(body)
        topic, key, headers, value = to_kafka(
            short_type, body, source, str(self._ids.new()), time=self._clock.now()
        )
        told = Told(False, "未试 Node / Node was not tried")
        if self._node is not None:
            told = await self._node.publish(self._bootstrap, topic, key, headers, value)
        if told.done:
            return "由 Node 程序发布"
        await self._producer.send_and_wait(topic, value, key=key, headers=headers)
        return f"由 Python 程序发布：{told.why}"

    def _upload(self, body: Message | Mapping[str, Any]) -> None:
        """Documents go to the store first, then the message that refers to them. Operators, who name kinds only, upload nothing."""
        papers = getattr(body, "materials", ())
        if self._store is not None:
            documents.upload(self._store, (one for one in papers if isinstance(one, Material)))

    async def raw(
        self, topic: str, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
    ) -> None:
        """Publishes bytes as they are: what a broken sender does."""
        await self._producer.send_and_wait(topic, value, key=key, headers=headers)
