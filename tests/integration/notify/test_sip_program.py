"""The other telephone: Debian's program baresip, a process a call, where it is installed. The same outcomes as with the library."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from deploy.peers.hearing import ANOTHER, HEARD, likeness, wav_pcm
from services.notify.clients.sip import CallResult, SipClient, SipOptions
from services.notify.clients.sip_program import program
from services.notify.clients.speech import Speech
from tests.integration.notify.helpers import appears, until

pytestmark = pytest.mark.skipif(
    program() is None, reason="baresip is not installed (apt-get install baresip-core)"
)
SAID, OTHER = "您的家庭共济申请已通过。", "请补充户口本原件。"
SILENCE = b"\0" * 1600
Callers = Callable[..., Awaitable[SipClient]]


async def test_every_outcome_of_a_call_and_the_right_words(
    caller: Callers, phone: tuple[int, Path], speech: Speech
) -> None:
    sip = await caller(engine="baresip", wait=3.0)
    opening = await speech.say("请按一。")
    said = [await speech.say(SAID), await speech.say(OTHER)]
    wanted = {
        "01": (CallResult.CONFIRMED, "1"),
        "02": (CallResult.CONFIRMED, "1"),
        "90": (CallResult.INVALID, ""),
        "94": (CallResult.BUSY, ""),
        "96": (CallResult.DECLINED, ""),
        "97": (CallResult.HUNG_UP, ""),
        "99": (CallResult.NOT_CONFIRMED, ""),
    }
    outcomes = await asyncio.gather(
        *(sip.call(f"+86137000088{fate}", opening, said[n % 2]) for n, fate in enumerate(wanted))
    )
    assert {fate: (one.result, one.digit) for fate, one in zip(wanted, outcomes, strict=True)} == wanted
    for fate, mine, not_mine in (("01", 0, 1), ("02", 1, 0)):
        heard = wav_pcm(await appears(phone[1] / f"86137000088{fate}-1.wav"))
        assert likeness(opening, heard) >= HEARD
        assert likeness(said[mine], heard) >= HEARD
        assert likeness(said[not_mine], heard) < ANOTHER


async def test_nobody_answers(caller: Callers) -> None:
    sip = await caller(engine="baresip", ring=1.5)
    assert (await sip.call("+8613700008995", SILENCE, SILENCE)).result is CallResult.NO_ANSWER


@pytest.mark.parametrize(
    ("password", "result"), [("trunk-password", CallResult.BUSY), ("wrong", CallResult.NOT_ALLOWED)]
)
async def test_trunk_that_asks_for_a_password(
    trunk: tuple[int, Path], password: str, result: CallResult
) -> None:
    options = SipOptions(f"127.0.0.1:{trunk[0]}", engine="baresip", auth_user="trunk-user", password=password)
    sip = SipClient(options)
    task = asyncio.create_task(sip.run())
    try:
        await asyncio.wait_for(sip.wait_up(), 60)
        number = f"+861370008{len(password):02d}94"
        assert (await sip.call(number, SILENCE, SILENCE)).result is result
        asked = (trunk[1] / "challenged.jsonl").read_text(encoding="utf-8")
        assert asked.count(number[1:]) <= 2  # no endless retries
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_killed_worker_leaves_nobody_on_the_line(
    caller: Callers, phone: tuple[int, Path], speech: Speech
) -> None:
    sip = await caller(engine="baresip")
    number = "8613700008803"
    call = asyncio.create_task(sip.call(f"+{number}", SILENCE, await speech.say(SAID * 20)))
    picked_up, ended = phone[1] / "answered.jsonl", phone[1] / "calls.jsonl"
    await until(lambda: picked_up.exists() and number in picked_up.read_text(encoding="utf-8"))
    assert sip._process is not None
    os.kill(sip._process.pid, signal.SIGKILL)
    assert (await call).result is CallResult.UNKNOWN
    await until(lambda: ended.exists() and number in ended.read_text(encoding="utf-8"), 30)


async def test_the_program_calls_where_the_library_does_not_start(
    caller: Callers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "baresip.py").write_text("raise ImportError('not for this machine')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    sip = await caller()
    assert (await sip.call("+8613700008694", SILENCE, SILENCE)).result is CallResult.BUSY
