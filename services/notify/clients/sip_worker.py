"""Places SIP calls, in a process of its own: `python -m services.notify.clients.sip_worker`.

The telephone library is native code, so a crash in it must not take the service along. Protocol on stdin and stdout: a
line of JSON `{"id", "number", "ring", "wait", "opening": <octets>, "speech": <octets>}`, then both (8 kHz mono s16le); back
comes `{"id", "result", "digit", "code", "seconds"}` per call, in the order in which calls end.

Outcomes are taken from the runtime's events alone: an immediate final answer can arrive before `dial()` returns, and a
call object made after it never learns that the call is over.
"""

import argparse
import asyncio
import collections
import json
import os
import sys
import time
from typing import Any, BinaryIO

from baresip.config import Account, Config
from baresip.errors import BaresipError, CommandTimeout
from baresip.runtime import Runtime
from baresip.ua import UserAgent

from services.notify.clients.numbers import digits
from services.notify.clients.sip_call import Call, Script

_LAST_WORDS = 2.0  # seconds that calls have to end when the service goes


class Caller:
    """The telephone: one user agent, any number of calls at once."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._runtime: Any = Runtime()  # its types know no `on_dead`
        self._events: collections.defaultdict[int, asyncio.Queue[tuple[str, str]]]
        self._events = collections.defaultdict(asyncio.Queue)
        self._calls: dict[int, Call] = {}

    async def start(self) -> None:
        """Start the stack; the subscription comes before the first dial."""
        a = self._args
        extra = (
            f"sip_listen {a.listen}\nausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\n"
            f"rtp_ports {a.rtp_ports}\nsip_transports udp\n"  # no TCP and TLS ports that somebody else may have
        )
        host, _, port = a.listen.rpartition(":")
        # No `rtp_timeout`: who listens may send nothing at all; a call ends by a BYE or when its words are over.
        await self._runtime.start(
            Config(net_interface=host, max_concurrent_calls=None, extra_config_text=extra)
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

    def give_up(self) -> None:
        """Ends every call that is in the air."""
        for one in self._calls.values():
            one.give_up()

    async def call(self, order: dict[str, Any], script: Script) -> dict[str, Any]:
        """One call; what happened as the answer of the protocol. Never raises."""
        began = time.monotonic()
        digit = code = ""
        try:
            call = await self._agent.dial(f"sip:{digits(order['number'])}@{self._args.trunk}")
            try:
                one = self._calls[call.handle] = Call(script, self._events[call.handle])
                result, code = await one.run(call)
                digit = one.digit
            finally:
                self._events.pop(call.handle, None)
                self._calls.pop(call.handle, None)
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

    async def place(order: dict[str, Any], script: Script) -> None:
        say(await caller.call(order, script))

    say({"ready": True})
    while line := await reader.readline():
        order = json.loads(line)
        words = [await reader.readexactly(order[name]) for name in ("opening", "speech")]
        script = Script(words[0], words[1], order["ring"], order["wait"])
        task = asyncio.create_task(place(order, script))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    caller.give_up()
    if tasks:
        await asyncio.wait(tasks, timeout=_LAST_WORDS)


def main() -> None:
    """Command line; ends when stdin closes, so it never outlives the service; calls in the air are hung up first."""
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
