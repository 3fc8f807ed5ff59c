"""Whether a broker is up is asked while it starts, when it may say half of what it should."""

import asyncio
import gc
import struct
import warnings

from deploy.local.kafka import answers

VERSIONS = struct.pack(">hihhh", 0, 1, 3, 0, 1)
"""No error, one API: metadata (3), versions 0 to 1."""


async def test_a_broker_that_is_half_up_is_not_up_and_no_connection_to_it_stays_open() -> None:
    left = asyncio.Event()

    async def half_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Says which versions it speaks, and nothing after that."""
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        asked = await reader.readexactly(size)
        answer = asked[4:8] + VERSIONS  # the request's number comes first
        writer.write(struct.pack(">i", len(answer)) + answer)
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    async with await asyncio.start_server(half_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            assert not await answers(f"127.0.0.1:{port}", timeout=0.3)
            gc.collect()
        await asyncio.wait_for(left.wait(), 60)
    assert [str(one.message) for one in told] == []
