"""Real SIP calls to the stand-in telephone: another stack, in another process, which keeps what it heard."""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from deploy.peers.hearing import ANOTHER, HEARD, likeness, wav_pcm
from services.notify.clients.sip import CallOutcome, CallResult, SipClient, SipOptions
from services.notify.clients.speech import Speech
from tests.integration.notify.helpers import appears, until

SAID = "您的家庭共济申请已通过。"
OTHER = "请补充户口本原件。"


async def test_answered_and_confirmed_with_one_and_the_whole_speech_was_heard(
    sip: SipClient, phone: tuple[int, Path], speech: Speech
) -> None:
    said, other = await speech.say(SAID), await speech.say(OTHER)
    outcome, second = await asyncio.gather(
        sip.call("+8613700000001", said), sip.call("+8613700000002", other)
    )
    for ended in (outcome, second):
        assert ended == CallOutcome(CallResult.CONFIRMED, "1", ended.code, ended.seconds)
    heard = wav_pcm(await appears(phone[1] / "8613700000001-1.wav"))
    heard_second = wav_pcm(await appears(phone[1] / "8613700000002-1.wav"))
    assert likeness(said, heard) >= HEARD
    assert likeness(other, heard_second) >= HEARD
    assert likeness(other, heard) < ANOTHER
    assert likeness(said, heard_second) < ANOTHER


@pytest.mark.parametrize(
    ("digits", "patience", "result"),
    [
        ("90", {}, CallResult.INVALID),
        ("94", {}, CallResult.BUSY),
        ("95", {"ring": 2.0}, CallResult.NO_ANSWER),
        ("96", {}, CallResult.DECLINED),
        ("97", {}, CallResult.HUNG_UP),
        ("99", {"wait": 1.0}, CallResult.NOT_CONFIRMED),
    ],
)
async def test_callee_does_something_else(
    caller: Callable[..., Awaitable[SipClient]],
    speech: Speech,
    digits: str,
    patience: dict[str, float],
    result: CallResult,
) -> None:
    sip = await caller(**patience)
    outcome = await sip.call(f"+86137000001{digits}", await speech.say(SAID))
    assert outcome == CallOutcome(result, "", outcome.code, outcome.seconds)


async def test_immediate_busy_is_never_taken_for_no_answer(sip: SipClient) -> None:
    outcomes = await asyncio.gather(*(sip.call(f"+8613700{n:04d}94", b"\0" * 1600) for n in range(40)))
    assert [outcome for outcome in outcomes if outcome.result is not CallResult.BUSY] == []


async def test_number_that_is_no_number_is_not_dialled(sip: SipClient) -> None:
    assert (await sip.call("138;transport=tcp", b"")).result is CallResult.INVALID


async def test_worker_that_dies_leaves_an_unknown_outcome_and_comes_back(sip: SipClient) -> None:
    call = asyncio.create_task(sip.call("+8613700000295", b"\0" * 1600))
    await until(lambda: sip._waiting)
    assert sip._process is not None
    os.kill(sip._process.pid, signal.SIGKILL)
    assert (await call).result is CallResult.UNKNOWN
    await asyncio.wait_for(sip.wait_up(), 60)
    assert (await sip.call("+8613700000294", b"\0" * 1600)).result is CallResult.BUSY


async def test_worker_whose_port_is_taken_is_not_up_until_the_port_is_free(phone: tuple[int, Path]) -> None:
    taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taken.bind(("127.0.0.1", 0))
    host, port = taken.getsockname()
    sip = SipClient(SipOptions(f"127.0.0.1:{phone[0]}", listen=f"{host}:{port}"))
    with capture_logs() as logged:
        task = asyncio.create_task(sip.run())
        try:
            await until(lambda: len(logged) >= 2)
            assert {one["event"] for one in logged} == {"sip-worker-failed"}
            assert (sip.up, sip.starts) == (False, 0)
            outcome = await sip.call("+8613700000394", b"\0" * 1600)
            assert (outcome.result, outcome.code) == (CallResult.FAILED, "worker-down")
            taken.close()
            await asyncio.wait_for(sip.wait_up(), 60)
            assert (await sip.call("+8613700000394", b"\0" * 1600)).result is CallResult.BUSY
        finally:
            taken.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
