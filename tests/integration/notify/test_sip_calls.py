"""Real SIP calls to the stand-in telephone: another stack, in another process, which keeps what it heard."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from deploy.peers.hearing import ANOTHER, HEARD, likeness, wav_pcm
from services.notify.clients.sip import CallOutcome, CallResult, SipClient
from services.notify.clients.speech import Speech
from tests.integration.notify.helpers import appears

SAID = "您的家庭共济申请已通过。"
OTHER = "请补充户口本原件。"


async def test_answered_and_confirmed_with_one_and_the_whole_speech_was_heard(
    sip: SipClient, phone: tuple[int, Path], speech: Speech
) -> None:
    said, other = await speech.say(SAID), await speech.say(OTHER)
    outcome, second = await asyncio.gather(
        sip.call("+8613700000001", said), sip.call("+8613700000002", other)
    )
    assert (outcome.result, outcome.digit) == (CallResult.CONFIRMED, "1")
    assert second.result is CallResult.CONFIRMED
    heard = wav_pcm(await appears(phone[1] / "8613700000001-1.wav"))
    heard_second = wav_pcm(await appears(phone[1] / "8613700000002-1.wav"))
    assert likeness(said, heard) >= HEARD
    assert likeness(other, heard_second) >= HEARD
    assert likeness(other, heard) < ANOTHER
    assert likeness(said, heard_second) < ANOTHER


@pytest.mark.parametrize(
    ("digits", "result"),
    [
        ("90", CallResult.INVALID),
        ("94", CallResult.BUSY),
        ("95", CallResult.NO_ANSWER),
        ("96", CallResult.DECLINED),
        ("97", CallResult.HUNG_UP),
        ("99", CallResult.NOT_CONFIRMED),
    ],
)
async def test_callee_does_something_else(
    sip: SipClient, speech: Speech, digits: str, result: CallResult
) -> None:
    outcome = await sip.call(f"+86137000001{digits}", await speech.say(SAID))
    assert (outcome.result, outcome.digit) == (result, "")


async def test_immediate_busy_is_never_taken_for_no_answer(sip: SipClient) -> None:
    outcomes = await asyncio.gather(*(sip.call(f"+8613700{n:04d}94", b"\0" * 1600) for n in range(40)))
    assert {outcome.result for outcome in outcomes} == {CallResult.BUSY}


async def test_number_that_is_no_number_is_not_dialled(sip: SipClient) -> None:
    assert (await sip.call("138;transport=tcp", b"")).result is CallResult.INVALID


async def test_worker_that_dies_leaves_an_unknown_outcome_and_comes_back(
    sip: SipClient, speech: Speech
) -> None:
    async def ringing() -> CallOutcome:
        return await sip.call("+8613700000295", b"\0" * 1600)

    call = asyncio.create_task(ringing())
    await asyncio.sleep(0.3)
    assert sip._process is not None
    os.kill(sip._process.pid, signal.SIGKILL)
    assert (await call).result is CallResult.UNKNOWN
    await asyncio.wait_for(sip.wait_up(), 15)
    assert (await sip.call("+8613700000294", b"\0" * 1600)).result is CallResult.BUSY
