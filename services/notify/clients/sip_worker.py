"""Places SIP calls, in a process of its own: `python -m services.notify.clients.sip_worker`.

The telephone library is native code, so a crash in it must not take the service along. Protocol on stdin and stdout: a
line of JSON `{"id", "number", "ring", "wait", "pcm": <octets that follow>}`, then the speech (8 kHz mono s16le); back
comes `{"id", "result", "digit", "code", "seconds"}` per call, in the order in which calls end.

Outcomes are taken from the runtime's events alone: an immediate final answer can arrive before `dial()` returns, and a
call object made after it never learns that the call is over.
"""

import argparse
import asyncio
import collections
import contextlib
import json
import os
import re
import sys
import time
from typing import Any, BinaryIO

from baresip.config import Account, Config
from baresip.errors import BaresipError, CommandTimeout
from baresip.runtime import Runtime
from baresip.ua import UserAgent

from services.notify.clients.numbers import digits

_BY_CODE = {
    486: "busy", 600: "busy", 603: "declined", 404: "invalid", 484: "invalid", 604: "invalid",
    480: "unavailable", 408: "no-answer", 487: "no-answer",
}  # fmt: skip
_FRAME = 640  # octets written at once: 40 ms at 8 kHz mono s16
_CLOSE = 5.0  # seconds that the stack may take to report the end of a call that we ended


class Call:
    """One call from dialling to CALL_CLOSED."""

    def __init__(
        self, pcm: bytes, ring: float, wait: float, events: "asyncio.Queue[tuple[str, str]]"
    ) -> None:
        """`ring`: seconds until we give up; `wait`: seconds for a key after the speech has ended."""
        self._pcm, self._ring, self._wait, self._events = pcm, ring, wait, events
        self._loop = asyncio.get_running_loop()
        self._ours = self._answered = False
        self.digit = ""
        self._feeder: asyncio.Task[None] | None = None

    async def run(self, call: Any) -> tuple[str, str]:
        """Follow the call to its end; returns result and the stack's reason."""
        end = self._loop.time() + self._ring
        try:
            while True:
                try:
                    async with asyncio.timeout(max(0.01, end - self._loop.time())):
                        name, text = await self._events.get()
                except TimeoutError:
                    if self._ours:  # what happened is known, only its end was not reported
                        return self._result(""), "no CALL_CLOSED"
                    end = await self._hang_up(call)
                    continue
                if name == "CALL_ESTABLISHED" and self._ours:  # picked up as we gave up
                    end = await self._hang_up(call)
                elif name == "CALL_ESTABLISHED":
                    self._answered = True
                    self._feeder = asyncio.create_task(self._feed(call))
                    end = self._loop.time() + len(self._pcm) / 16000 + self._wait
                elif name == "CALL_DTMF_START" and not self.digit:
                    self.digit = text
                    end = await self._hang_up(call)
                elif name == "CALL_CLOSED":
                    return self._result(text), text
        finally:
            if self._feeder:
                self._feeder.cancel()

    def _result(self, text: str) -> str:
        if self.digit:
            return "confirmed" if self.digit == "1" else "not-confirmed"
        if self._answered:
            return "not-confirmed" if self._ours else "hung-up"
        if self._ours:
            return "no-answer"
        code = re.match(r"(\d{3})", text)
        return _BY_CODE.get(int(code[1]) if code else 0, "failed")

    async def _hang_up(self, call: Any) -> float:
        """CANCEL before the answer, BYE after it; returns when CALL_CLOSED is due."""
        self._ours = True
        with contextlib.suppress(BaresipError):  # the other side may have been faster
            await call.hangup()
        return self._loop.time() + _CLOSE

    async def _feed(self, call: Any) -> None:
        at = 0
        try:
            while at < len(self._pcm):
                at += call.audio.write(self._pcm[at : at + _FRAME])
                await asyncio.sleep(0.02)
        except BaresipError:
            return  # the peer is gone, CALL_CLOSED follows


class Caller:
    """The telephone: one user agent, any number of calls at once."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._runtime: Any = Runtime()  # its types know no `on_dead`
        self._events: collections.defaultdict[int, asyncio.Queue[tuple[str, str]]]
        self._events = collections.defaultdict(asyncio.Queue)

    async def start(self) -> None:
        """Start the stack; the subscription comes before the first dial."""
        a = self._args
        extra = (
            f"sip_listen {a.listen}\nausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\n"
            f"rtp_ports {a.rtp_ports}\nsip_transports udp\n"  # no TCP and TLS ports that somebody else may have
        )
        host, _, port = a.listen.rpartition(":")
        await self._runtime.start(
            Config(net_interface=host, max_concurrent_calls=None, rtp_timeout=10, extra_config_text=extra)
        )
        self._runtime.on_dead = _end  # nothing revives it in this process: the service starts another one
        self._runtime.subscribe(self._heard)
        account = Account(
            user=a.user, domain=host if port == "0" else a.listen, reg_interval=0,
            password=os.environ.get("GONGJI_SIP_PASSWORD", ""),
            auth_user=a.auth_user or None, audio_codecs=("pcma", "pcmu"),
        )  # fmt: skip
        self._agent = await UserAgent.create(self._runtime, account)

    def _heard(self, event: Any) -> None:
        if event.call:
            self._events[event.call].put_nowait((event.event.name, event.text or ""))

    async def call(self, order: dict[str, Any], pcm: bytes) -> dict[str, Any]:
        """One call; what happened as the answer of the protocol. Never raises."""
        began = time.monotonic()
        digit = code = ""
        try:
            call = await self._agent.dial(f"sip:{digits(order['number'])}@{self._args.trunk}")
            try:
                one = Call(pcm, order["ring"], order["wait"], self._events[call.handle])
                result, code = await one.run(call)
                digit = one.digit
            finally:
                self._events.pop(call.handle, None)
        except ValueError:
            result, code = "invalid", "not dialable"
        except CommandTimeout:  # the phone may ring
            result, code = "unknown", "CommandTimeout"
        except BaresipError as error:
            result, code = "failed", type(error).__name__
        return {"id": order["id"], "result": result, "digit": digit, "code": code[:60],
                "seconds": round(time.monotonic() - began, 3)}  # fmt: skip


def _end() -> None:
    os._exit(1)


async def _serve(args: argparse.Namespace, out: BinaryIO) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    caller = Caller(args)
    await caller.start()
    tasks: set[asyncio.Task[None]] = set()

    def say(message: dict[str, Any]) -> None:
        out.write(json.dumps(message).encode() + b"\n")
        out.flush()

    async def place(order: dict[str, Any], pcm: bytes) -> None:
        say(await caller.call(order, pcm))

    say({"ready": True})
    while line := await reader.readline():
        order = json.loads(line)
        pcm = await reader.readexactly(order["pcm"])
        task = asyncio.create_task(place(order, pcm))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


def main() -> None:
    """Command line; ends when stdin closes, so it never outlives the service."""
    parser = argparse.ArgumentParser(description="places SIP calls for notify")
    parser.add_argument("--listen", required=True, help="own address, host:port; port 0: any free one")
    parser.add_argument("--trunk", required=True, help="where calls go, host:port")
    parser.add_argument("--user", default="12393", help="number that calls")
    parser.add_argument("--auth-user", default="", help="digest user; the password is in GONGJI_SIP_PASSWORD")
    parser.add_argument("--rtp-ports", default="26000-26400")
    args = parser.parse_args()
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the native library prints must not mix with the answers
    asyncio.run(_serve(args, out))
    os._exit(0)


if __name__ == "__main__":
    main()
