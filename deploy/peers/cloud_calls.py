"""The telephone half of the stand-in clouds (`clouds.py`): Alibaba Cloud IvrCall and QueryCallDetailByCallId, Tencent Cloud SendTtsVoice.

What the called person does is decided by the number's last two digits (`fates.py`); numbers whose texts are never answered (88) are called,
and the answer is lost. Reports go to `/receipts/alibaba-voice` and `/receipts/tencent-voice`. Calls are kept in `DIR/cloud-calls.jsonl`, one
a line: `{"cloud", "number", "said", "keys", "reference", "fate", "at"}`; `said` are the templates that were played, with their variables.
"""

import asyncio
import collections
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from deploy.peers.fates import Call, Sms, fate

Push = Callable[[str, Any], Awaitable[None]]
"""Posts a report to the door of that name, again and again while nobody takes it."""

_Words = tuple[str, Any]
"""A template and its variables."""

_KEYS: Final = {Call.CONFIRMS: "1", Call.SLOW: "1", Call.REPEATS: "21"}
_ALIBABA: Final = {
    Call.SILENT: "200008", Call.HANGS_UP: "200001", Call.BUSY: "200002", Call.NO_ANSWER: "200003",
    Call.INVALID: "200004", Call.DECLINES: "200005", Call.OFF: "200010",
}  # fmt: skip
_TENCENT: Final = {Call.OFF: 1, Call.BUSY: 2, Call.NO_ANSWER: 5, Call.INVALID: 8, Call.DECLINES: 10}
_ANSWERED: Final = (*_KEYS, Call.SILENT, Call.HANGS_UP)
_IVR: Final = "11000000300005"
_MAINLAND: Final = re.compile(r"1[3-9]\d{9}|0\d{9,11}")
_DAY: Final = 86_400_000


@dataclass
class Placed:
    """One call. `said`: template and variables, in the order in which they were played."""

    cloud: str
    number: str
    reference: str
    id: str
    fate: Call
    said: list[_Words]
    ended: bool = False
    at: float = field(default_factory=time.time)

    @property
    def keys(self) -> str:
        """What was pressed."""
        return _KEYS.get(self.fate, "")

    @property
    def status(self) -> str:
        """Alibaba's word for how it ended."""
        return _ALIBABA.get(self.fate, "200000")


class Calls:
    """Calls of both clouds."""

    def __init__(self, out: Path, push: Push, *, seconds: float, slow: float) -> None:
        """Seconds of an ordinary and of a slow call."""
        self._out, self._push, self._seconds, self._slow = out, push, seconds, slow
        self._placed: dict[str, Placed] = {}
        self._of_number: collections.Counter[str] = collections.Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    async def alibaba(self, action: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Answers IvrCall and QueryCallDetailByCallId."""
        if action == "QueryCallDetailByCallId":
            return {"Code": "OK", "Message": "OK", "Data": self._details(query)}
        if not _MAINLAND.fullmatch(query["CalledNumber"]):
            return {"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": "CalledNumber"}
        if not 1 <= len(query["OutId"]) <= 15 or not query["CalledShowNumber"] or "1" not in _menu(query):
            return {"Code": "isv.INVALID_PARAMETERS", "Message": "OutId, CalledShowNumber or MenuKeyMap"}
        first = query["StartCode"], json.loads(query["StartTtsParams"])
        call = await self._place("alibaba", query["CalledNumber"], query["OutId"], first, _menu(query))
        return {"Code": "OK", "Message": "OK", "CallId": call.id}

    async def tencent(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Answers SendTtsVoice."""
        words = asked["TemplateId"], asked["TemplateParamSet"]
        call = await self._place("tencent", asked["CalledNumber"], asked["SessionContext"], words, {})
        return {"SendStatus": {"CallId": call.id, "SessionContext": call.reference}}

    def _details(self, query: Mapping[str, str]) -> str | None:
        call = self._placed.get(query["CallId"])
        began = int(query["QueryDate"])
        if (
            call is None
            or not call.ended
            or query["ProdId"] != _IVR
            or not began <= call.at * 1000 < began + _DAY
        ):
            return None
        told = {
            "state": call.status,
            "stateDesc": "",
            "callee": call.number,
            "duration": 0,
            "gmtCreate": _at(call.at),
        }
        return json.dumps(told)

    async def _place(
        self, cloud: str, number: str, reference: str, first: _Words, menu: Mapping[str, _Words]
    ) -> Placed:
        self._of_number[number] += 1
        what = fate(number).call
        if what is Call.BUSY_ONCE:
            what = Call.BUSY if self._of_number[number] == 1 else Call.CONFIRMS
        heard = [first, *(menu[key] for key in _KEYS.get(what, "") if key in menu)]
        said = heard if what in _ANSWERED else []
        name = f"{int(time.time())}{len(self._placed):06d}"
        call = Placed(cloud, number, reference, f"{name}^1{name}" if cloud == "alibaba" else name, what, said)
        self._placed[call.id] = call
        line = {"cloud": cloud, "number": number, "said": said, "keys": call.keys, "reference": reference}
        with (self._out / "cloud-calls.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line | {"fate": str(what), "at": call.at}, ensure_ascii=False) + "\n")
        task = asyncio.create_task(self._happen(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if fate(number).sms is Sms.HANGS:
            await asyncio.sleep(3600)
        return call

    async def _happen(self, call: Placed) -> None:
        await asyncio.sleep(self._slow if call.fate is Call.SLOW else self._seconds)
        call.ended = True
        for report in _alibaba(call) if call.cloud == "alibaba" else _tencent(call):
            await self._push(f"{call.cloud}-voice", report)


def _menu(query: Mapping[str, str]) -> dict[str, _Words]:
    """What follows each key."""
    found = {}
    for n in range(1, 13):
        at = f"MenuKeyMap.{n}."
        if key := query.get(f"{at}Key"):
            found[key] = query[f"{at}Code"], json.loads(query[f"{at}TtsParams"])
    return found


def _alibaba(call: Placed) -> list[Any]:
    """VoiceCallReport for the beginning and each key, VoiceReport for the whole."""
    common = {"call_id": call.id, "out_id": call.reference}
    on_the_way = [{"status_code": "200101"}, *({"status_code": "300000", "dtmf": key} for key in call.keys)]
    whole = {
        "status_code": call.status, "status_msg": "", "callee": call.number, "dtmf": call.keys, "duration": "10",
        "originate_time": _at(call.at), "end_time": _at(time.time()), "hangup_direction": "机器", "voice_type": "voice",
    }  # fmt: skip
    return [[common | one | {"status_time": _at(time.time())}] for one in on_the_way] + [[common | whole]]


def _tencent(call: Placed) -> list[Any]:
    """A callback for the call, one for each key, one for the cause of a failure."""
    common = {"callid": call.id, "mobile": call.number[-11:], "nationcode": "86", "call_from": ""}
    answered = call.fate in _ANSWERED
    ended = common | {
        "result": "0" if answered else "1", "accept_time": str(int(time.time())), "fee": "1",
        "start_calltime": str(int(call.at)), "end_calltime": str(int(time.time())),
    }  # fmt: skip
    found: list[Any] = [{"voicekey_callback": common | {"keypress": key}} for key in call.keys]
    found.append({"voiceprompt_callback": ended})
    if not answered:
        cause: dict[str, Any] = {"failure_code": _TENCENT[call.fate], "failure_reason": str(call.fate)}
        found.append({"voice_failure_callback": common | cause})
    return found


def _at(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
