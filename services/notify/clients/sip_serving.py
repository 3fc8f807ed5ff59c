"""What every worker process that speaks SIP does: takes orders on stdin, answers on stdout.

An order is a line of JSON `{"id", "number", "ring", "wait", "opening": <octets>, "speech": <octets>}`, then both (8 kHz mono s16le);
back comes `{"id", "result", "digit", "code", "seconds"}` per call, in the order in which calls end; before all `{"ready": true}`.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, Final, Protocol

from services.notify.clients.sip_call import Script

_LAST_WORDS: Final = 2.0  # seconds that calls have to end when the service goes


class Caller(Protocol):
    """A telephone: any number of calls at once."""

    async def start(self) -> None:
        """Gets ready to call."""
        ...

    async def call(self, order: dict[str, Any], script: Script) -> dict[str, Any]:
        """One call; what happened as the answer of the protocol. Never raises."""
        ...

    def give_up(self) -> None:
        """Ends every call that is in the air."""
        ...


def run(make: Callable[[argparse.Namespace], Caller]) -> None:
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
    asyncio.run(_serve(make(args), out))
    os._exit(0)


async def _serve(caller: Caller, out: BinaryIO) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
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
