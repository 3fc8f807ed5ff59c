"""Telephone calls: the service's side of the worker process that speaks SIP.

Keeps the worker alive (backoff) and at most `at_once` calls in the air. A worker that dies takes its calls along: their
outcome is `unknown`, because the phone may well have rung.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from typing import Any, Final

import structlog

from services.notify.clients.numbers import dialable

log = structlog.get_logger("notify.sip")

RATE: Final = 16000
"""Octets of speech a second: 8 kHz mono s16le."""
_HANGING_UP: Final = 3.0
"""Seconds that the worker has to end its calls."""
REPEATS: Final = 2
"""How often the key 2 is followed, in one call."""


class CallResult(StrEnum):
    """How a call ended."""

    CONFIRMED = "confirmed"  # answered, 1 pressed, details heard
    NOT_CONFIRMED = "not-confirmed"  # answered, no 1: nobody was told anything
    HUNG_UP = "hung-up"  # answered, hung up before the end of the details
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    DECLINED = "declined"
    INVALID = "invalid"  # the number does not exist
    UNAVAILABLE = "unavailable"
    NOT_ALLOWED = "not-allowed"  # the trunk refuses our user, our password or the call
    FAILED = "failed"  # ours or the provider's
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """Result, key pressed, the network's own words, seconds from dialling to the end."""

    result: CallResult
    digit: str
    code: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SipOptions:
    """The trunk and how patient we are. Times in seconds."""

    trunk: str  # host:port
    listen: str = "127.0.0.1:0"
    user: str = "12393"
    auth_user: str = ""
    password: str = ""
    rtp_ports: str = "26000-26400"
    engine: str = "auto"  # baresip-python, baresip, or auto: the program when the library does not start
    at_once: int = 20
    ring: float = 30.0
    wait: float = 8.0
    start_timeout: float = 20.0


class SipClient:
    """Places calls through a worker process that is started again when it dies."""

    def __init__(self, options: SipOptions) -> None:
        self._o = options
        self._slots = asyncio.Semaphore(options.at_once)
        self._waiting: dict[int, asyncio.Future[CallOutcome]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()
        self._next = 0
        self._failed = 0
        self.starts = 0

    @property
    def up(self) -> bool:
        """Whether the worker is ready to call."""
        return self._ready.is_set()

    async def wait_up(self) -> None:
        """Wait until calls can be placed."""
        await self._ready.wait()

    async def run(self) -> None:
        """Keep the worker running. Ends only by cancellation (the worker ends with it)."""
        delay = 0.2
        while True:
            starts = self.starts
            try:
                await self._serve(_worker(self._o.engine, self._failed))
            except Exception as error:  # a worker that does not start is tried again
                log.warning("sip-worker-failed", error=type(error).__name__)
            finally:
                self._lost()
                await self._end()
            self._failed = 0 if self.starts > starts else self._failed + 1
            delay = 0.2 if self.starts > starts else min(delay * 2, 10.0)
            await asyncio.sleep(delay)

    async def call(self, number: str, opening: bytes, speech: bytes) -> CallOutcome:
        """Call `number`, say `opening`, and `speech` once 1 is pressed (8 kHz mono s16le). Never raises for what a phone can do."""
        if not dialable(number):
            return CallOutcome(CallResult.INVALID, "", "not dialable", 0.0)
        async with self._slots:
            process = self._process
            if not self.up or process is None or process.stdin is None:
                return CallOutcome(CallResult.FAILED, "", "worker-down", 0.0)
            self._next = number_of_call = self._next + 1
            future = self._waiting[number_of_call] = asyncio.get_running_loop().create_future()
            order = {
                "id": number_of_call,
                "number": number,
                "ring": self._o.ring,
                "wait": self._o.wait,
                "opening": len(opening),
                "speech": len(speech),
            }
            try:
                process.stdin.write(json.dumps(order).encode() + b"\n" + opening + speech)
                said = (len(opening) + (1 + REPEATS) * len(speech)) / RATE
                longest = self._o.ring + (2 + REPEATS) * self._o.wait + said + 15
                return await asyncio.wait_for(future, longest)
            except (TimeoutError, ConnectionError):
                return CallOutcome(CallResult.UNKNOWN, "", "worker-silent", 0.0)
            finally:
                self._waiting.pop(number_of_call, None)

    async def _serve(self, worker: str) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"services.notify.clients.{worker}", "--listen", self._o.listen, "--trunk", self._o.trunk,
            "--user", self._o.user, "--auth-user", self._o.auth_user, "--rtp-ports", self._o.rtp_ports,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "GONGJI_SIP_PASSWORD": self._o.password}, start_new_session=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        # A worker that ends says nothing; that it has ended may be known only later.
        if not await asyncio.wait_for(self._process.stdout.readline(), self._o.start_timeout):
            raise ConnectionError(f"worker ended with {await self._process.wait()}")
        self.starts += 1
        self._ready.set()
        log.info("sip-worker-ready", starts=self.starts, worker=worker)
        while line := await self._process.stdout.readline():
            self._answer(json.loads(line))

    def _answer(self, said: dict[str, Any]) -> None:
        future = self._waiting.get(said["id"])
        if future and not future.done():
            future.set_result(
                CallOutcome(CallResult(said["result"]), said["digit"], said["code"], said["seconds"])
            )

    def _lost(self) -> None:
        self._ready.clear()
        for future in self._waiting.values():
            if not future.done():
                future.set_result(CallOutcome(CallResult.UNKNOWN, "", "worker-died", 0.0))

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()  # it hangs up what is in the air, and ends
        try:
            async with asyncio.timeout(_HANGING_UP):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        with contextlib.suppress(ProcessLookupError):  # programs that it started; they hang up, too
            os.killpg(process.pid, signal.SIGTERM)


def _worker(engine: str, failed: int) -> str:
    """The module of the worker to start after `failed` starts in vain: the library's first, then each in turn."""
    if engine == "auto":
        usable = find_spec("baresip") is not None and (failed % 3 < 2 or shutil.which("baresip") is None)
        engine = "baresip-python" if usable else "baresip"
    return "sip_worker" if engine == "baresip-python" else "sip_program"
