"""What the stand-ins share: a free UDP port, a ready mark, and an end by signal."""

import asyncio
import os
import signal
import socket
from collections.abc import Coroutine
from pathlib import Path
from typing import Any


def free_udp_port() -> int:
    """A UDP port of 127.0.0.1 that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tell_ready(mark: Path, port: int) -> None:
    """Write the port where the starter waits for it, in one step."""
    part = mark.with_suffix(".part")
    part.write_text(str(port))
    part.replace(mark)


def serve_until_signalled(server: Coroutine[Any, Any, None]) -> None:
    """Run until SIGINT or SIGTERM and end with status 0, without waiting for threads of foreign libraries."""

    async def _main() -> None:
        task = asyncio.create_task(server)
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            return

    asyncio.run(_main())
    os._exit(0)
