"""The stand-in SMS centre and telephone as processes of their own, for the tests of notify."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

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
def speech() -> Speech:
    """One voice for all tests, so that what was sent can be compared."""
    return Speech()


@pytest_asyncio.fixture
async def sip(phone: tuple[int, Path]) -> AsyncIterator[SipClient]:
    """A caller whose trunk is the telephone."""
    client = SipClient(SipOptions(f"127.0.0.1:{phone[0]}", ring=5.0, wait=5.0))
    task = asyncio.create_task(client.run())
    await asyncio.wait_for(client.wait_up(), 20)
    yield client
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
