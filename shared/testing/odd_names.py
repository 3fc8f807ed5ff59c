"""A record that other clients can write and aiokafka can neither write nor read: a header name that is not UTF-8."""

import struct
from typing import Any

from aiokafka.record._crc32c import crc as crc32c


async def publish(producer: Any, topic: str, partition: int = 0) -> None:
    """Publishes one, with a started aiokafka producer."""
    batch = producer.create_batch()
    batch.append(timestamp=None, key=b"a", value=b"{}", headers=[("QQ", b"v")])
    build = batch._build

    def odd() -> bytearray:
        raw = bytearray(build())
        at = raw.rindex(b"QQ")
        raw[at : at + 2] = b"\xff\xfe"
        struct.pack_into(">I", raw, 17, crc32c(bytes(raw[21:])))
        return raw

    batch._build = odd
    await (await producer.send_batch(batch, topic, partition=partition))
