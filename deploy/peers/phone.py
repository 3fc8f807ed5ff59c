"""A stand-in telephone for every number: `python -m deploy.peers.phone --port 5080 --out DIR`.

A SIP user agent server (`aiosipua`, `aiortp`: not a line of the caller's code). The number's last two digits decide what
the callee does (`fates.py`). Keeps what was heard as `DIR/<number>-<n>.wav` (8 kHz mono) and, once a call is over, a line in
`DIR/calls.jsonl`: `{"number", "n", "fate", "wav", "seconds", "at"}`; `DIR/rung.jsonl` has one for each call that arrived:
`{"number", "n", "at"}`, and `DIR/challenged.jsonl` one for each that had to prove who calls. The real port is in `DIR/phone.port`.
"""

import argparse
import asyncio
import collections
import json
import re
import time
import wave
from pathlib import Path
from typing import Any

from aiosipua.rtp_bridge import CallSession
from aiosipua.transport import UdpSipTransport

from deploy.peers.answering import Uas
from deploy.peers.digest import Digest
from deploy.peers.fates import Call, fate
from deploy.peers.serving import free_udp_port, serve_until_signalled, tell_ready

_REJECT = {
    Call.INVALID: (404, "Not Found"),
    Call.OFF: (480, "Temporarily Unavailable"),
    Call.BUSY: (486, "Busy Here"),
    Call.DECLINES: (603, "Decline"),
}
_PCMU, _PCMA = 0, 8
"""Only mu-law is offered: the A-law of aiortp 0.8.0 has its sign inverted, so it is for who has moved only."""
_HANG_UP, _MOVE = "-", ">"
_KEYS = {Call.SILENT: "", Call.REPEATS: "12" + _HANG_UP, Call.MOVES: "1" + _MOVE + _HANG_UP}
"""What is pressed whenever the speaker is quiet; everybody else: the key 1, and then they listen to the end."""
_MOVE_AFTER = 3.0  # seconds of listening to the details before a callee is put through
_HOLD = 0.5  # seconds of that
_QUIET = 1.0  # seconds of silence after speech before the callee believes that it is over


class Phone:
    """The telephone: any number of calls at once."""

    def __init__(
        self, port: int, out: Path, *, pick_up: float = 0.3, slow: float = 3.0, digest: Digest | None = None
    ) -> None:
        """Seconds of ringing before an ordinary and a slow callee answers; with `digest` callers have to prove who they are."""
        self.port, self._out = port or free_udp_port(), out
        self._pick_up, self._slow = pick_up, slow
        transport = UdpSipTransport(local_addr=("127.0.0.1", self.port))
        self._uas = Uas(transport, digest, lambda to: self._note("challenged", {"number": _number(to)}))
        self._calls: collections.Counter[str] = collections.Counter()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._over: dict[str, asyncio.Event] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        self._out.mkdir(parents=True, exist_ok=True)
        self._uas.on_invite = self._invited
        self._uas.on_bye = lambda call, _request: self._ended(call.call_id)
        self._uas.on_cancel = lambda request, _addr: self._ended(request.call_id or "")
        await self._uas.start()
        tell_ready(self._out / "phone.port", self.port)
        await asyncio.Event().wait()

    def _ended(self, call_id: str) -> None:
        if over := self._over.get(call_id):
            over.set()

    def _invited(self, call: Any) -> None:
        if call.call_id in self._over:
            return  # the same INVITE again
        self._over[call.call_id] = asyncio.Event()
        self._tasks[call.call_id] = asyncio.create_task(self._answer(call))

    async def _answer(self, call: Any) -> None:
        number = _number(call.callee)
        self._calls[number] += 1
        n, what, heard, began = self._calls[number], fate(number).call, b"", time.monotonic()
        over = self._over[call.call_id]
        self._note("rung", {"number": number, "n": n})
        if what is Call.BUSY_ONCE:
            what = Call.BUSY if n == 1 else Call.CONFIRMS
        try:
            if what in _REJECT:
                call.reject(*_REJECT[what])
            else:
                call.ringing()
                if what is Call.NO_ANSWER:
                    await asyncio.wait_for(over.wait(), 180)
                elif not await _within(over, self._slow if what is Call.SLOW else self._pick_up):
                    self._note("answered", {"number": number, "n": n})
                    heard = await self._talk(call, what, over)
        finally:
            self._keep(number, n, what, heard, time.monotonic() - began)
            self._tasks.pop(call.call_id, None)

    async def _talk(self, call: Any, what: Call, over: asyncio.Event) -> bytes:
        """Answer, listen until the speaker is quiet, press the key; returns what was heard."""
        session = _session(call, _PCMU)
        heard: list[bytes] = []
        last_sound = [0.0]

        def listen(pcm: bytes, _timestamp: int) -> None:
            heard.append(pcm)
            if any(
                abs(int.from_bytes(pcm[i : i + 2], "little", signed=True)) > 200
                for i in range(0, len(pcm), 32)
            ):
                last_sound[0] = time.monotonic()

        session.on_audio = listen
        await _listen_only(session)
        call.accept(session.sdp_answer)
        try:
            if what is Call.HANGS_UP:
                if not await _within(over, 1.0):
                    call.hangup()
                return b"".join(heard)
            for key in _KEYS.get(what, "1" + _HANG_UP):
                if key == _MOVE:
                    await _within(over, _MOVE_AFTER)
                    session = await self._moved(call, session)
                    continue
                last_sound[0] = 0.0
                while not over.is_set() and not (last_sound[0] and time.monotonic() - last_sound[0] > _QUIET):
                    await _within(over, 0.1)
                if not over.is_set():
                    self._press(call, session, key)
            await _within(over, 60)
            return b"".join(heard)
        finally:
            await session.close()

    async def _moved(self, call: Any, session: CallSession) -> CallSession:
        """Puts the call on hold, and goes on listening elsewhere in another codec, as a call does that is put through."""
        self._uas.move(call, session.sdp_answer, hold=True)
        await asyncio.sleep(_HOLD)
        elsewhere = _session(call, _PCMA)
        elsewhere.on_audio = session.on_audio
        await _listen_only(elsewhere)
        self._uas.move(call, elsewhere.sdp_answer)
        await session.close()
        return elsewhere

    def _press(self, call: Any, session: CallSession, key: str) -> None:
        if key == _HANG_UP:
            call.hangup()
            self._ended(call.call_id)
        else:
            session.send_dtmf(key, 160)

    def _keep(self, number: str, n: int, what: Call, heard: bytes, seconds: float) -> None:
        name = f"{number}-{n}.wav" if heard else None
        if name:
            with wave.open(str(self._out / name), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(8000)
                file.writeframes(heard)
        line = {"number": number, "n": n, "fate": str(what), "wav": name, "seconds": round(seconds, 2)}
        self._note("calls", line)

    def _note(self, what: str, line: dict[str, Any]) -> None:
        with (self._out / f"{what}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({**line, "at": time.time()}) + "\n")


def _number(address: str) -> str:
    found = re.search(r"sip:\+?(\d+)@", address)
    return found[1] if found else "unknown"


async def _within(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event came within the time."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _session(call: Any, codec: int) -> CallSession:
    return CallSession(
        local_ip="127.0.0.1", rtp_port=free_udp_port(), offer=call.sdp_offer,
        supported_codecs=[codec], jitter_prefetch=0, dtmf_payload_type=_dtmf_type(call),
    )  # fmt: skip


async def _listen_only(session: CallSession) -> None:
    """Starts without the reports of RTCP: many telephones send nothing at all while they listen."""
    await session.start()
    session.rtp_session._rtcp_task.cancel()


def _dtmf_type(call: Any) -> int:
    """The payload type of telephone-event that the caller offers, else 101."""
    for codec in call.sdp_offer.audio.codecs:
        if codec.encoding_name.lower() == "telephone-event":
            return int(codec.payload_type)
    return 101


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="stand-in telephone (SIP) on 127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free port, written to OUT/phone.port")
    parser.add_argument("--out", type=Path, required=True, help="folder of calls.jsonl and the WAV files")
    parser.add_argument("--pick-up", type=float, default=0.3, help="seconds until a callee answers")
    parser.add_argument(
        "--slow", type=float, default=3.0, help="seconds until a slow callee answers (ending in 98)"
    )
    parser.add_argument("--user", default="", help="who may call: callers are challenged")
    parser.add_argument("--password", default="", help="of that user")
    args = parser.parse_args()
    digest = Digest(args.user, args.password) if args.user else None
    serve_until_signalled(
        Phone(args.port, args.out, pick_up=args.pick_up, slow=args.slow, digest=digest).run()
    )


if __name__ == "__main__":
    main()
