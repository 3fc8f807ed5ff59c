"""Judges documents in a process of its own: what is hostile to a decoder costs that process, not the service."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import resource
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from services.audit.domain import documents
from shared.contracts.binding_requests import Material

SECONDS = 30.0
"""Longer than any sound document takes, by far."""
MEMORY = 2 << 30


class Judge:
    """`documents.judge` in another process, one document at a time. A document that takes too long or breaks it is unreadable."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self._pool: ProcessPoolExecutor | None = None

    async def fault(self, material: Material, content: bytes | None, limit: int) -> str | None:
        """See `documents.judge`."""
        async with self._turn:
            pool = self._pool = self._pool or _pool()
            work = asyncio.get_running_loop().run_in_executor(pool, documents.judge, material, content, limit)
            try:
                return await asyncio.wait_for(work, self._seconds)
            except (TimeoutError, BrokenProcessPool):
                self.close()
                return documents.UNREADABLE

    def close(self) -> None:
        """Ends the process, at work or not."""
        pool, self._pool = self._pool, None
        if pool is not None:
            left = list((pool._processes or {}).values())
            pool.shutdown(wait=False, cancel_futures=True)
            for process in left:
                process.kill()


def _pool() -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=_begin)


def _begin() -> None:
    """Bounds of the process; it ends with its parent, however that one ended."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    with contextlib.suppress(OSError):
        parent.join()
    os._exit(1)
