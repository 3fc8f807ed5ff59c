"""What the review desk needs of a running stack: read what its role may see of audit, and say a verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from deploy.local.databases import DESK
from deploy.local.errors import StackError
from deploy.reading import publishing, words
from deploy.reading.lines import dead_reason
from deploy.reading.running import Running
from deploy.reading.seen import Seen
from shared.contracts import envelope
from shared.contracts.base import Message
from shared.contracts.topics import TYPES, answers_topic, dead_letters_topic
from shared.db import Conn
from shared.ids import SystemIds

SOURCE = "desk"
PATIENCE = 30.0

T = TypeVar("T")


DOCUMENTS = {
    None: "none to verify",
    "pending": "being verified",
    "late": "not verified yet: the store does not answer",
    "verified": "verified",
    "faulty": "faulty, asked for again",
    "unverified": "not verified: no store is configured",
}
"""What a reviewer reads of the check of a case's documents."""


async def ask(stack: Running, question: Callable[[Conn], Awaitable[T]]) -> T:
    """What `question` finds, in a read-only transaction of the desk's role. Raises `StackError` when there is nothing to read yet."""
    async with stack.reading(DESK) as conn, conn.transaction():
        return await question(conn)


async def say(
    stack: Running, short_type: str, body: Message, *, id: UUID | None = None, service: str = "audit"
) -> Message | None:
    """Publishes a verdict as the desk; the answer to it, or `None` if none comes in time. Raises `StackError`, also
    when audit made it a dead letter.

    `id`: of the message, a new one if none is given; `service`: who reads it.
    """
    spec = TYPES[short_type]
    name, now = str(id or SystemIds().new()), stack.clock.now()
    headers = {
        envelope.CE_ID: name,
        envelope.CE_SOURCE: SOURCE,
        envelope.CE_TYPE: spec.full,
        envelope.CE_TIME: now.isoformat(),
        envelope.CE_SPECVERSION: envelope.SPEC_VERSION,
        envelope.CE_SUBJECT: spec.subject_of(body),
        "content-type": envelope.CONTENT_TYPE,
    }
    pairs = [(header, text.encode()) for header, text in headers.items()]
    value = body.model_dump_json(exclude_none=True).encode()
    async with publishing.producer(stack.kafka) as producer:
        await producer.send_and_wait(spec.topic, value, key=spec.key_of(body).encode(), headers=pairs)
    return await _answer(stack, name, now, service)


async def _answer(stack: Running, id: str, since: datetime, service: str) -> Message | None:
    """The answer, or `StackError` as soon as the message is a dead letter of the service."""
    from deploy.reading import topics

    try:
        where = [answers_topic(SOURCE), dead_letters_topic(service)]
        tail = topics.tail(stack, topics=where, since=since)
        async with asyncio.timeout(PATIENCE), aclosing(tail) as answers:
            async for seen in answers:
                if seen.request == (SOURCE, id):
                    return seen.body
                if seen.dead and (seen.source, seen.id) == (SOURCE, id):
                    raise _dead(seen)
    except TimeoutError:
        pass
    return None


def _dead(seen: Seen) -> StackError:
    """What is wrong with a message that nobody will answer, and what to do."""
    code = dead_reason(seen)
    told = words.dead(code)
    hint = "See `gongji dead-letters list`."
    if code == "unknown-operator":
        hint = (
            "经办人在 GONGJI_OPERATORS 所指文件中登记（本机演示环境为 deploy/demo/operators.yaml） / operators are registered by whoever runs"
            " the service, in the file that GONGJI_OPERATORS names (deploy/demo/operators.yaml on a local stack)."
        )
    return StackError(f"未采用 / not used: {code}: {told.zh} / {told.en}", hint)
