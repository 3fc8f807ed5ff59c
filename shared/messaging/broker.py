"""The FastStream broker and its one subscriber, with every default that loses or doubles messages set otherwise.

What the library does by default and why it is done otherwise here (each was measured):
- its acknowledgement is at most once → `NACK_ON_ERROR`, and the step lets only infrastructure errors out;
- one NULL or binary header loses a whole batch → own async parser, which never looks at headers, and own async decoder;
- `Context()` parameters and sync callables cost a thread hop each → none; `reply_to` headers are obeyed → `no_reply`;
- its supervisor restarts a broken consume task without end → switched off, liveness ends the process;
- new partitions are seen after 5 minutes and read from their end → 30 s and `earliest`.
"""

import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

os.environ.setdefault("FASTSTREAM_SUPERVISOR_DISABLED", "1")

from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLScram512

from shared.messaging.records import Record
from shared.metrics import Metrics
from shared.settings import ServiceSettings

Handle = Callable[[Sequence[Record]], Awaitable[None]]


def make_broker(settings: ServiceSettings, metrics: Metrics) -> KafkaBroker:
    """A broker that only consumes: publishing is the relay's."""
    return KafkaBroker(
        settings.kafka()["bootstrap_servers"],
        security=security(settings),
        client_id=f"gongji-{settings.instance}",
        consumer_only=True,
        allow_auto_create_topics=False,
        apply_types=False,
        ack_policy=AckPolicy.NACK_ON_ERROR,
        graceful_timeout=settings.drain_budget,
        request_timeout_ms=settings.request_timeout_ms,
        metadata_max_age_ms=30_000,
        logger=library_logger(metrics),
        log_level=logging.DEBUG,
    )


async def _parser(records: Sequence[Any], original: Callable[[Sequence[Any]], Awaitable[Any]]) -> Any:
    message = await original([_Bare(r) for r in records])
    message.raw_message = records
    return message


async def _decoder(message: Any) -> Any:
    return message.raw_message


def subscribe(
    broker: KafkaBroker,
    settings: ServiceSettings,
    name: str,
    topics: Sequence[str],
    listener: Any,
    handle: Handle,
) -> Any:
    """The one batch subscriber of service `name`. A `group_instance_id` belongs to one live replica."""

    async def batch(records: Any) -> None:
        await handle(records)

    subscriber = broker.subscriber(
        *topics,
        batch=True,
        max_records=settings.max_records,
        batch_timeout_ms=settings.batch_timeout_ms,
        group_id=settings.group or f"gongji-{name}",
        group_instance_id=f"gongji-{name}-{settings.instance}",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.heartbeat_ms,
        rebalance_timeout_ms=settings.rebalance_timeout_ms,
        max_partition_fetch_bytes=1024 * 1024,
        fetch_max_wait_ms=100,
        listener=listener,
        parser=_parser,
        decoder=_decoder,
        no_reply=True,
    )
    subscriber(batch)
    return subscriber


class _Bare:
    """What the library's parser reads of a record, without the headers that it chokes on."""

    __slots__ = ("headers", "offset", "partition", "timestamp", "topic", "value")

    def __init__(self, record: Record) -> None:
        self.topic, self.partition, self.offset = record.topic, record.partition, record.offset
        self.timestamp, self.value, self.headers = record.timestamp, b"", ()


def security(settings: ServiceSettings) -> BaseSecurity | None:
    if settings.security_protocol == "PLAINTEXT":
        return None
    context, ssl = settings.kafka().get("ssl_context"), settings.security_protocol.endswith("SSL")
    if not settings.security_protocol.startswith("SASL"):
        return BaseSecurity(ssl_context=context, use_ssl=ssl)
    password = settings.kafka_password.get_secret_value() if settings.kafka_password else ""
    return SASLScram512(settings.kafka_username or "", password, ssl_context=context, use_ssl=ssl)


def library_logger(metrics: Metrics) -> logging.Logger:
    """The library's own log: it is the only place where a failed commit shows (it is swallowed), and it may quote messages."""

    class _Count(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.CRITICAL:
                metrics.commit_failures.inc()

    logger = logging.Logger("gongji.faststream", logging.WARNING)
    logger.addHandler(_Count())
    return logger
