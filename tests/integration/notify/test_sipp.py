"""Calls to the telephone of another project (sipp), where it is installed: every outcome, and a trunk that asks for a password."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from deploy.peers.sipp import program
from services.notify.clients.sip import CallResult, SipClient, SipOptions
from services.notify.clients.speech import Speech
from tests.integration.notify.helpers import start, stop

pytestmark = pytest.mark.skipif(
    program() is None, reason="sipp is not installed (apt-get install sip-tester)"
)
SILENCE = b"\0" * 1600
PASSWORD = "a-trunk-password"


@pytest.fixture(scope="module")
def callee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    process, port = start("deploy.peers.sipp", tmp_path_factory.mktemp("sipp"), "sipp.port")
    yield port
    stop(process)


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A trunk that asks for `PASSWORD`."""
    more = ("--scenario", "trunk", "--password", PASSWORD)
    process, port = start("deploy.peers.sipp", tmp_path_factory.mktemp("trunk"), "sipp.port", *more)
    yield port
    stop(process)


@asynccontextmanager
async def caller(port: int, **options: Any) -> AsyncIterator[SipClient]:
    sip = SipClient(SipOptions(f"127.0.0.1:{port}", **options))
    task = asyncio.create_task(sip.run())
    try:
        await asyncio.wait_for(sip.wait_up(), 60)
        yield sip
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_every_outcome_of_a_call(callee: int, speech: Speech) -> None:
    said = await speech.say("您的家庭共济申请已通过。")
    wanted = {
        "01": (CallResult.CONFIRMED, "1"),
        "90": (CallResult.INVALID, ""),
        "94": (CallResult.BUSY, ""),
        "96": (CallResult.DECLINED, ""),
        "97": (CallResult.HUNG_UP, ""),
        "99": (CallResult.NOT_CONFIRMED, ""),
    }
    async with caller(callee, ring=60.0, wait=2.0) as sip:
        calls = [sip.call(f"+86138000000{fate}", SILENCE, said) for fate in wanted]
        outcomes = await asyncio.gather(*calls)
    assert {fate: (one.result, one.digit) for fate, one in zip(wanted, outcomes, strict=True)} == wanted


async def test_nobody_answers(callee: int) -> None:
    async with caller(callee, ring=1.0) as sip:
        assert (await sip.call("+8613800000195", SILENCE, SILENCE)).result is CallResult.NO_ANSWER


@pytest.mark.parametrize(
    ("user", "password", "result", "code"),
    [
        ("trunk-user", PASSWORD, CallResult.BUSY, "486"),
        ("trunk-user", "wrong", CallResult.NOT_ALLOWED, "403"),
        ("other", PASSWORD, CallResult.NOT_ALLOWED, "403"),
    ],
)
async def test_trunk_that_asks_for_a_password(
    asking: int, user: str, password: str, result: CallResult, code: str
) -> None:
    async with caller(asking, ring=60.0, auth_user=user, password=password) as sip:
        outcome = await sip.call("+8613800000201", SILENCE, SILENCE)
    assert (outcome.result, outcome.code[:3]) == (result, code)
