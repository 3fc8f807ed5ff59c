"""Publishing from a command: one producer, each record acknowledged by every replica."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from deploy.local.errors import StackError


@asynccontextmanager
async def producer(kafka: str, **options: Any) -> AsyncIterator[Any]:
    """A started producer at `kafka` (`host:port[,...]`), with more of aiokafka's options. Raises `StackError` when Kafka refuses or is away."""
    from aiokafka import AIOKafkaProducer
    from aiokafka.errors import KafkaError

    made = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True, **options)
    try:
        await made.start()
        yield made
    except (KafkaError, OSError) as error:
        raise StackError(f"Kafka at {kafka}: {type(error).__name__}", "See `gongji status`.") from error
    finally:
        await made.stop()
