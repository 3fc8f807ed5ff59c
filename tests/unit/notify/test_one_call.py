"""What one call came to, by the telephone stack's events alone; the stack itself is played."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from baresip.errors import CommandTimeout

from services.notify.clients import sip_call, sip_line
from services.notify.clients.sip_call import Call, Script
from services.notify.clients.sip_line import StackLine


class Line:
    """A call of the stack. `answers` are the events that follow each hang-up; `stalls` of them time out instead."""

    def __init__(self, *answers: tuple[str, str], stalls: int = 0, full: bool = False) -> None:
        self.events: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._answers, self._stalls, self._full = list(answers), stalls, full
        self.hung_up = 0
        self.audio = self

    def write(self, pcm: bytes) -> int:
        """Octets that the stack takes: all, or with `full` none."""
        return 0 if self._full else len(pcm)

    def info(self) -> SimpleNamespace:
        """Nothing is on its way to the wire."""
        return SimpleNamespace(tx_buffered=0)

    async def hangup(self) -> None:
        self.hung_up += 1
        if self._stalls:
            self._stalls -= 1
            raise CommandTimeout
        if self._answers:
            self.events.put_nowait(self._answers.pop(0))


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sip_call, "_CLOSE", 0.05)
    monkeypatch.setattr(sip_line, "_FRAME", 2**20)  # handed over at once: no clock decides how much was taken


async def follow(line: Line, *events: tuple[str, str]) -> tuple[str, str, str]:
    """Result, the stack's words and the digit of a call that rings and waits for a moment."""
    for event in events:
        line.events.put_nowait(event)
    call: Any = line
    one = Call(Script(b"", b"\0" * 640, ring=0.05, wait=0.05), line.events)
    return *await one.run(StackLine(call)), one.digit


ANSWERED, ONE, NINE = ("CALL_ESTABLISHED", ""), ("CALL_DTMF_START", "1"), ("CALL_DTMF_START", "9")
CLOSED = ("CALL_CLOSED", "Rejected by user")


@pytest.mark.parametrize("stalls", [0, 1])
@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ((ANSWERED,), ("not-confirmed", "no CALL_CLOSED", "")),
        ((ANSWERED, ONE), ("confirmed", "no CALL_CLOSED", "1")),
        ((ANSWERED, NINE), ("not-confirmed", "no CALL_CLOSED", "9")),
        ((), ("no-answer", "no CALL_CLOSED", "")),
    ],
)
async def test_end_of_ours_that_nobody_reports_changes_nothing_of_what_is_known(
    events: tuple[tuple[str, str], ...], outcome: tuple[str, str, str], stalls: int
) -> None:
    line = Line(stalls=stalls)
    assert await follow(line, *events) == outcome
    assert line.hung_up == 1


async def test_words_that_the_stack_did_not_take_were_not_heard_whatever_the_clock_says() -> None:
    assert await follow(Line(full=True), ANSWERED, ONE) == ("not-confirmed", "no CALL_CLOSED", "1")


async def test_who_picks_up_as_we_give_up_is_hung_up_on_and_called_again() -> None:
    line = Line(ANSWERED, CLOSED)
    assert await follow(line) == ("no-answer", "Rejected by user", "")
    assert line.hung_up == 2


@pytest.mark.parametrize(
    ("words", "result"), [("486 Busy Here", "busy"), ("488 Not Acceptable Here", "failed"), ("", "failed")]
)
async def test_refused_call_is_told_by_its_code(words: str, result: str) -> None:
    assert await follow(Line(), ("CALL_CLOSED", words)) == (result, words, "")


async def test_who_hangs_up_after_the_answer_hung_up() -> None:
    assert await follow(Line(), ANSWERED, ("CALL_CLOSED", "Connection reset by peer")) == (
        "hung-up",
        "Connection reset by peer",
        "",
    )
