"""A stand-in SMS centre: `python -m deploy.peers.smsc --port 2775 --out DIR`.

Speaks SMPP 3.4 (server of `smpp34`, not a line of the sender's code), decides the fate of each text by the number's last
two digits (`fates.py`), joins the parts of a long text, and keeps what phones received in `DIR/sms.jsonl`, one text a line:
`{"number", "text", "parts", "fate", "at"}`. With port 0 the real port is in `DIR/smsc.port`. While there is a file `DIR/dark`, links stand
and no submit is answered or delivered; `DIR/unanswered.jsonl` names them: `{"number", "at"}`. `DIR/incomplete.jsonl`, alike, names the
texts of which not all parts were there when a session ended.
"""

import argparse
import asyncio
import collections
import contextlib
import json
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import smpp34

from deploy.local.ports import free_port
from deploy.peers.fates import Sms, fate
from deploy.peers.serving import serve_until_signalled, tell_ready

_BAD_DESTINATION, _THROTTLED = (
    0x0B,
    0x58,
)  # SMPP 3.4 §5.1.3; the module does not export all of its own constants
_TLV_MESSAGE_ID, _TLV_STATE = 0x001E, 0x0427
_STATES = {"DELIVRD": 2, "EXPIRED": 3, "UNDELIV": 5}
_STAT = {Sms.PERMANENT: "UNDELIV", Sms.EXPIRED: "EXPIRED"}


class Smsc:
    """The SMS centre: one server, any number of sessions."""

    def __init__(
        self,
        port: int,
        out: Path,
        *,
        receipt_after: float = 0.05,
        slow: float = 3.0,
        answer_after: float = 0.0,
    ) -> None:
        """Seconds until an ordinary and a slow receipt, and from a submit, which is delivered at once, to its answer; `out` is made if missing."""
        self.port, self._out = port or free_port(), out
        self._after, self._slow, self._answer_after = receipt_after, slow, answer_after
        self._dark = out / "dark"
        self._server = smpp34.Server("127.0.0.1", self.port, system_id="gongji-smsc", inbound_capacity=4096)
        self._sessions: dict[str, Any] = {}
        self._refusals: collections.Counter[str] = collections.Counter()
        self._parts: dict[tuple[str, int], dict[int, str]] = {}
        self._hung: list[Any] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._era, self._count = int(time.time() * 10), 0  # ids stay unique when the double starts again

    async def run(self) -> None:
        """Serve until cancelled."""
        self._out.mkdir(parents=True, exist_ok=True)
        await self._server.start()
        tell_ready(self._out / "smsc.port", self.port)
        while True:
            event = await self._server.next()
            if isinstance(event, smpp34.Esme):
                self._sessions[event.session_id] = event
            elif isinstance(event, smpp34.SubmitSmEvent):
                self._submitted(event)
            else:
                self._sessions.pop(event.session_id, None)
                for number, _ in self._parts:
                    self._note("incomplete.jsonl", {"number": number, "at": time.time()})

    def _submitted(self, event: Any) -> None:
        number = event.destination_addr
        what = fate(number).sms
        if what is Sms.HANGS or self._dark.exists():
            self._hung.append(event)  # kept and never answered: the sender cannot know what became of it
            self._note("unanswered.jsonl", {"number": number, "at": time.time()})
            return
        if what is Sms.REFUSED:
            event.reject(_BAD_DESTINATION)
            return
        if what is Sms.THROTTLED and self._refusals[number] < 2:
            self._refusals[number] += 1
            event.reject(_THROTTLED)
            return
        self._count += 1
        message_id = f"{self._era:x}-{self._count:x}"
        self._keep(number, event, what)
        if self._answer_after:
            self._begin(self._answer(event, message_id, what))
        else:
            self._accept(event, message_id, what)

    async def _answer(self, event: Any, message_id: str, what: Sms) -> None:
        await asyncio.sleep(self._answer_after)
        self._accept(event, message_id, what)

    def _accept(self, event: Any, message_id: str, what: Sms) -> None:
        with contextlib.suppress(smpp34.SmppError):  # who asked is gone
            event.accept(message_id)
        if what is not Sms.SILENT and event.registered_delivery & 1:
            self._begin(self._receipt(event, message_id, what))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _keep(self, number: str, event: Any, what: Sms) -> None:
        """Write the text once all of its parts are here."""
        raw, total = event.short_message, 1
        if event.esm_class & 0x40:
            reference, total, n = raw[3], raw[4], raw[5]
            kept = self._parts.setdefault((number, reference), {})
            kept[n] = raw[6:].decode("utf-16-be", "surrogatepass")
            if len(kept) < total:
                return
            text = "".join(kept[i] for i in sorted(kept))
            del self._parts[(number, reference)]
        else:
            text = raw.decode("utf-16-be")
        heard = {"number": number, "text": text, "parts": total, "fate": str(what), "at": time.time()}
        self._note("sms.jsonl", heard)

    def _note(self, file: str, row: dict[str, Any]) -> None:
        with (self._out / file).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")

    async def _receipt(self, event: Any, message_id: str, what: Sms) -> None:
        """Deliver the receipt until somebody has taken it (60 tries, a second apart)."""
        await asyncio.sleep(self._slow if what is Sms.SLOW else self._after)
        stat = _STAT.get(what, "DELIVRD")
        day = time.strftime("%y%m%d%H%M")
        done = int(stat == "DELIVRD")
        text = f"id:{message_id} sub:001 dlvrd:{done:03d} submit date:{day} done date:{day} stat:{stat} err:000 text:"
        tlvs = [
            smpp34.Tlv(_TLV_MESSAGE_ID, message_id.encode() + b"\0"),
            smpp34.Tlv(_TLV_STATE, bytes((_STATES[stat],))),
        ]
        for _ in range(60):
            for session in list(self._sessions.values()):
                try:
                    reply = await session.deliver_sm(
                        event.source_addr,
                        text.encode(),
                        source_addr=event.destination_addr,
                        esm_class=4,
                        tlvs=tlvs,
                    )
                except smpp34.SmppError:
                    continue
                if reply.is_success:
                    return
            await asyncio.sleep(1)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="stand-in SMS centre (SMPP 3.4) on 127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free port, written to OUT/smsc.port")
    parser.add_argument("--out", type=Path, required=True, help="folder of sms.jsonl")
    parser.add_argument("--receipt-after", type=float, default=0.05, help="seconds until a receipt")
    parser.add_argument(
        "--slow", type=float, default=3.0, help="seconds until a slow receipt (numbers ending in 98)"
    )
    parser.add_argument("--answer-after", type=float, default=0.0, help="seconds from a submit to its answer")
    args = parser.parse_args()
    times = {"receipt_after": args.receipt_after, "slow": args.slow, "answer_after": args.answer_after}
    serve_until_signalled(Smsc(args.port, args.out, **times).run())


if __name__ == "__main__":
    main()
