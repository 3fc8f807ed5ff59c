"""Places SIP calls with `baresip-python`, in a process of its own: `python -m services.notify.clients.sip_worker` (see `sip_serving.py`).

The telephone library is native code, so a crash in it must not take the service along.

Outcomes are taken from the runtime's events alone: an immediate final answer can arrive before `dial()` returns, and a
call object made after it never learns that the call is over.
"""

import argparse
import asyncio
import collections
import os
import time
from typing import Any

from baresip.config import Account, Config
from baresip.errors import BaresipError, CommandTimeout
from baresip.runtime import Runtime
from baresip.ua import UserAgent

from services.notify.clients.numbers import digits
from services.notify.clients.sip_call import Call, Script
from services.notify.clients.sip_line import StackLine
from services.notify.clients.sip_serving import run


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
                result, code = await one.run(StackLine(call))
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


if __name__ == "__main__":
    run(Caller)
