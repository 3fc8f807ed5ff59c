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
from services.notify.clients.sip import RATE, CallOutcome, CallResult, SipClient, SipOptions
from services.notify.clients.speech import Speech
from tests.integration.notify.helpers import appears, until

SAID = "您的家庭共济申请已通过。"
OTHER = "请补充户口本原件。"
OPENING = "您好，这里是医保服务中心，请王某接听。如您是本人，请按一。"
SILENCE = b"\0" * 1600


async def test_answered_and_confirmed_with_one_and_the_whole_speech_was_heard(
    sip: SipClient, phone: tuple[int, Path], speech: Speech
) -> None:
    opening, said, other = [await speech.say(text) for text in (OPENING, SAID, OTHER)]
    outcome, second = await asyncio.gather(
        sip.call("+8613700000001", opening, said), sip.call("+8613700000002", opening, other)
    )
    for ended in (outcome, second):
        assert ended == CallOutcome(CallResult.CONFIRMED, "1", ended.code, ended.seconds)
    heard = wav_pcm(await appears(phone[1] / "8613700000001-1.wav"))
    heard_second = wav_pcm(await appears(phone[1] / "8613700000002-1.wav"))
    assert likeness(said, heard) >= HEARD
    assert likeness(other, heard_second) >= HEARD
    assert likeness(other, heard) < ANOTHER
    assert likeness(said, heard_second) < ANOTHER
    assert likeness(opening, heard) >= HEARD


async def test_who_does_not_press_one_hears_who_calls_and_nothing_else(
    caller: Callable[..., Awaitable[SipClient]], phone: tuple[int, Path], speech: Speech
) -> None:
    sip = await caller(wait=1.0)
    opening, said = await speech.say(OPENING), await speech.say(SAID)
    outcome = await sip.call("+8613700000499", opening, said)
    assert outcome == CallOutcome(CallResult.NOT_CONFIRMED, "", outcome.code, outcome.seconds)
    heard = wav_pcm(await appears(phone[1] / "8613700000499-1.wav"))
    assert likeness(opening, heard) >= HEARD
    assert likeness(said, heard) < ANOTHER


async def test_two_has_the_details_said_again(
    sip: SipClient, phone: tuple[int, Path], speech: Speech
) -> None:
    opening, said = await speech.say(OPENING), await speech.say(SAID)
    outcome = await sip.call("+8613700000487", opening, said)
    assert outcome == CallOutcome(CallResult.CONFIRMED, "2", outcome.code, outcome.seconds)
    heard = wav_pcm(await appears(phone[1] / "8613700000487-1.wav"))
    assert likeness(said, heard) >= HEARD
    first = len(opening) + len(said)  # octets until the end of the first time, without pauses
    assert likeness(said, heard[first:]) >= HEARD


async def test_call_that_is_put_through_goes_on_and_so_does_one_whose_callee_sends_nothing(
    sip: SipClient, phone: tuple[int, Path], speech: Speech
) -> None:
    opening, said = await speech.say("请按一。"), await speech.say(SAID) * 2
    long = (await speech.say(SAID * 6))[: 12 * RATE]
    assert len(long) == 12 * RATE  # so long nothing comes back
    outcome, second = await asyncio.gather(
        sip.call("+8613700000785", opening, said), sip.call("+8613700000701", opening, long)
    )
    assert (outcome.result, outcome.digit) == (CallResult.CONFIRMED, "1")
    assert (second.result, second.digit) == (CallResult.CONFIRMED, "1")
    assert likeness(long, wav_pcm(await appears(phone[1] / "8613700000701-1.wav"))) >= HEARD
    heard = wav_pcm(await appears(phone[1] / "8613700000785-1.wav"))
    pieces = [said[at : at + RATE] for at in range(0, len(said) - RATE, RATE)]
    assert [at for at, piece in enumerate(pieces) if likeness(piece, heard) < HEARD] == []


async def test_forty_calls_at_once_each_with_its_own_outcome_and_words(
    caller: Callable[..., Awaitable[SipClient]], phone: tuple[int, Path], speech: Speech
) -> None:
    sip = await caller(at_once=40)
    said = [await speech.say(text) for text in (SAID, OTHER)]
    fates = ["01", "90", "94", "96", "02"] * 8
    numbers = [f"+86137{n:04d}05{fate}" for n, fate in enumerate(fates)]
    opening = await speech.say("请按一。")
    outcomes = await asyncio.gather(
        *(sip.call(number, opening, said[n % 2]) for n, number in enumerate(numbers))
    )
    expected = [
        CallResult.CONFIRMED,
        CallResult.INVALID,
        CallResult.BUSY,
        CallResult.DECLINED,
        CallResult.CONFIRMED,
    ] * 8
    assert [outcome.result for outcome in outcomes] == expected
    for n, number in enumerate(numbers):
        if expected[n] is CallResult.CONFIRMED:
            heard = wav_pcm(await appears(phone[1] / f"{number[1:]}-1.wav"))
            assert likeness(said[n % 2], heard) >= HEARD
            assert likeness(said[1 - n % 2], heard) < ANOTHER


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
    outcome = await sip.call(f"+86137000001{digits}", SILENCE, await speech.say(SAID))
    assert outcome == CallOutcome(result, "", outcome.code, outcome.seconds)


async def test_immediate_busy_is_never_taken_for_no_answer(sip: SipClient) -> None:
    outcomes = await asyncio.gather(*(sip.call(f"+8613700{n:04d}94", SILENCE, SILENCE) for n in range(40)))
    assert [outcome for outcome in outcomes if outcome.result is not CallResult.BUSY] == []


async def test_number_that_is_no_number_is_not_dialled(sip: SipClient) -> None:
    assert (await sip.call("138;transport=tcp", SILENCE, SILENCE)).result is CallResult.INVALID


async def test_worker_that_dies_leaves_an_unknown_outcome_and_comes_back(sip: SipClient) -> None:
    call = asyncio.create_task(sip.call("+8613700000295", SILENCE, SILENCE))
    await until(lambda: sip._waiting)
    assert sip._process is not None
    os.kill(sip._process.pid, signal.SIGKILL)
    assert (await call).result is CallResult.UNKNOWN
    await asyncio.wait_for(sip.wait_up(), 60)
    assert (await sip.call("+8613700000294", SILENCE, SILENCE)).result is CallResult.BUSY


async def test_caller_that_stops_leaves_nobody_on_the_line(phone: tuple[int, Path], speech: Speech) -> None:
    sip = SipClient(SipOptions(f"127.0.0.1:{phone[0]}"))
    task = asyncio.create_task(sip.run())
    await asyncio.wait_for(sip.wait_up(), 60)
    long = await speech.say(SAID * 20)
    call = asyncio.create_task(sip.call("+8613700000601", SILENCE, long))
    picked_up = phone[1] / "answered.jsonl"
    await until(lambda: picked_up.exists() and "8613700000601" in picked_up.read_text(encoding="utf-8"))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await call).result is not CallResult.CONFIRMED
    ended = (
        phone[1] / "calls.jsonl"
    )  # written when the callee's line is free; by itself it waits a minute for a BYE
    await until(lambda: ended.exists() and "8613700000601" in ended.read_text(encoding="utf-8"), 30)


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
            outcome = await sip.call("+8613700000394", SILENCE, SILENCE)
            assert (outcome.result, outcome.code) == (CallResult.FAILED, "worker-down")
            taken.close()
            await asyncio.wait_for(sip.wait_up(), 60)
            assert (await sip.call("+8613700000394", SILENCE, SILENCE)).result is CallResult.BUSY
        finally:
            taken.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("user", "password", "result", "code"),
    [
        ("trunk-user", "trunk-password", CallResult.BUSY, "486"),
        ("trunk-user", "wrong", CallResult.NOT_ALLOWED, "407"),
        ("other", "trunk-password", CallResult.NOT_ALLOWED, "407"),
        ("", "", CallResult.NOT_ALLOWED, "407"),
    ],
)
async def test_trunk_that_asks_for_a_password(
    trunk: tuple[int, Path], user: str, password: str, result: CallResult, code: str
) -> None:
    sip = SipClient(SipOptions(f"127.0.0.1:{trunk[0]}", auth_user=user, password=password, ring=60.0))
    task = asyncio.create_task(sip.run())
    try:
        await asyncio.wait_for(sip.wait_up(), 60)
        number = f"+861370000{len(user):02d}{len(password):02d}94"
        outcome = await sip.call(number, SILENCE, SILENCE)
        assert (outcome.result, outcome.code[:3]) == (result, code)
        asked = [
            line for line in (trunk[1] / "challenged.jsonl").read_text().splitlines() if number[1:] in line
        ]
        assert len(asked) <= 2  # no endless retries
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
