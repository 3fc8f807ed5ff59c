"""The stand-in SMS centre and telephone as processes of their own, for the tests of notify."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.notify.clients.sip import SipClient, SipOptions
from services.notify.clients.speech import Speech
from tests.integration.notify.helpers import start, stop


@pytest.fixture(scope="session")
def smsc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Port and folder of a running SMS centre."""
    out = tmp_path_factory.mktemp("smsc")
    process, port = start("deploy.peers.smsc", out, "smsc.port", "--slow", "0.5")
    yield port, out
    stop(process)


@pytest.fixture(scope="session")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Port and folder of a running telephone."""
    out = tmp_path_factory.mktemp("phone")
    process, port = start("deploy.peers.phone", out, "phone.port", "--slow", "1.0")
    yield port, out
    stop(process)


@pytest.fixture(scope="session")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Port and folder of a telephone that answers only the user `trunk-user` with the password `trunk-password`."""
    out = tmp_path_factory.mktemp("trunk")
    process, port = start(
        "deploy.peers.phone", out, "phone.port", "--user", "trunk-user", "--password", "trunk-password"
    )
    yield port, out
    stop(process)


@pytest.fixture(scope="session")
def speech() -> Speech:
    """One voice for all tests, so that what was sent can be compared."""
    return Speech()


@pytest_asyncio.fixture
async def caller(phone: tuple[int, Path]) -> AsyncIterator[Callable[..., Awaitable[SipClient]]]:
    """Makes callers whose trunk is the telephone; as patient as a slow machine needs unless a test says otherwise."""
    tasks: list[asyncio.Task[None]] = []

    async def make(**options: Any) -> SipClient:
        told: dict[str, Any] = {"ring": 60.0, "wait": 30.0} | options
        client = SipClient(SipOptions(f"127.0.0.1:{phone[0]}", **told))
        tasks.append(asyncio.create_task(client.run()))
        await asyncio.wait_for(client.wait_up(), 60)
        return client

    yield make
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest_asyncio.fixture
async def sip(caller: Callable[..., Awaitable[SipClient]]) -> SipClient:
    """A patient caller."""
    return await caller()
