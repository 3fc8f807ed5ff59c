"""Documents are judged in a process of its own, which may die or hang without the service."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import psutil

from services.audit.documents.judging import Judge
from services.audit.domain import documents
from shared.contracts.binding_requests import MaterialKind
from shared.testing.documents import content, referred

PAPER = referred("paper", MaterialKind.ID_CARD)


def workers() -> list[psutil.Process]:
    """Processes of this test that judge. Children of other tests may have ended unwaited for, and have no command line."""
    alive = (p for p in psutil.Process().children() if p.status() != psutil.STATUS_ZOMBIE)
    return [p for p in alive if "spawn_main" in " ".join(p.cmdline())]


async def test_the_other_process_says_what_this_one_would() -> None:
    judge = Judge()
    try:
        assert await judge.fault(PAPER, content("paper"), 1_000_000) is None
        assert await judge.fault(PAPER, None, 1_000_000) == documents.MISSING
        assert await judge.fault(PAPER, b"x", 1_000_000) == documents.ALTERED
        assert len(workers()) == 1
    finally:
        judge.close()


async def test_a_document_that_kills_the_process_is_unreadable_and_the_next_one_is_judged() -> None:
    judge = Judge()
    try:
        assert await judge.fault(PAPER, content("paper"), 1_000_000) is None
        (worker,) = workers()
        worker.suspend()
        waiting = asyncio.create_task(judge.fault(PAPER, content("paper"), 1_000_000))
        await asyncio.sleep(0.1)
        os.kill(worker.pid, signal.SIGKILL)
        assert await waiting == documents.UNREADABLE
        assert await judge.fault(PAPER, content("paper"), 1_000_000) is None
    finally:
        judge.close()


async def test_a_document_that_takes_for_ever_is_given_up_and_its_process_ends() -> None:
    judge = Judge(seconds=20)
    try:
        assert await judge.fault(PAPER, content("paper"), 1_000_000) is None
        judge._seconds = 0.5
        (worker,) = workers()
        worker.suspend()
        assert await judge.fault(PAPER, content("paper"), 1_000_000) == documents.UNREADABLE
        end = time.monotonic() + 60
        while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < end
            await asyncio.sleep(0.05)
    finally:
        judge.close()
