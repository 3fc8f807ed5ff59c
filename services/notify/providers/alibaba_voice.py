"""Telephone calls by Alibaba Cloud voice (dyvmsapi 2017-05-25): IvrCall, VoiceReport and VoiceCallReport over HTTP, QueryCallDetailByCallId.

Whoever answers hears the approved template of the opening, and once more after the key 2; that of the details follows the key 1 only, and
is said `plays` times. A person has been told when the key 1 was pressed and the call was heard to its end. `OutId` comes back with every
report, so that a call is known again whatever became of its answer; it can be looked up by the service's own id alone, and the look-up
says nothing of keys.
"""

import json
import re
from base64 import b32encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from alibabacloud_dyvmsapi20170525 import models
from alibabacloud_dyvmsapi20170525.client import Client

from services.notify.clients.numbers import national
from services.notify.domain.course import Outcome
from services.notify.domain.receipts import Fate, Receipt
from services.notify.domain.texts import Content
from services.notify.providers.alibaba import PERHAPS, config, failed, runtime
from services.notify.providers.cloud import Cloud
from services.notify.providers.interface import Around, Order, Result, Sent
from services.notify.providers.options import AlibabaVoiceSettings
from shared.clock import BEIJING

_ENDPOINT: Final = "dyvmsapi.aliyuncs.com"
_IVR: Final = 11000000300005
"""`ProdId` of IvrCall in look-ups."""
_THROTTLED: Final = frozenset(
    {"isv.BUSINESS_LIMIT_CONTROL", "isv.VOICE_ROBOT_NOT_PERIOD", "isv.VOICE_CALL_PERIOD_ERROR"}
)
_PERMANENT: Final = frozenset({"isv.MOBILE_NUMBER_ILLEGAL", "isv.COMPLAINT_REJECT"})

HEARD: Final = "200000"
_KEY_PRESSED: Final = "300000"
_UNDER_WAY: Final = frozenset({"200100", "200101", "200102", "200103", "200201"})
_FATES: Final = {
    HEARD: Fate.DELIVERED,
    **dict.fromkeys(("200004", "200011", "200116", "482"), Fate.PERMANENT),  # no such number, out of service
    **dict.fromkeys(("200118", "200119", "200121", "400"), Fate.THROTTLED),  # hour, frequency, lines
    **dict.fromkeys(("200006", "200104", "200117", "476", "500", "999999"), Fate.TECHNICAL),
}
"""`status_code` of an ended call. All others may pass: hung up early (200001), busy (200002), no answer (200003), not reached
(200005, 200007), no key (200008), switched off (200010)."""
_CALL_ID: Final = re.compile(r"[0-9]+\^[0-9]+")
_OF_KEY: Final = "#1"


class AlibabaVoice(Cloud):
    """One account as a provider."""

    medium = "call"
    example = '[{"out_id": "...", "status_code": "200000", "dtmf": "1"}]'
    thanks = b'{"code": 0, "msg": "taken"}'

    def __init__(self, name: str, settings: AlibabaVoiceSettings, around: Around) -> None:
        super().__init__(name, settings, around)
        self._settings, self._client = settings, Client(config(settings, _ENDPOINT))

    def names(self, reference: str) -> tuple[str, ...]:
        """What receipts will call an attempt: the call, and its key 1. Known before it is made."""
        return _names(_out_id(reference))

    def _templates(self, content: Content) -> Sequence[str]:
        return content.opening_template, content.call_template

    async def _ask(self, order: Order, codes: Sequence[str]) -> Result:
        opening, details = codes
        content, names = order.content, self.names(order.reference)
        first, after_key = _json(content.opening_variables), _json(content.call_variables)
        menu = [
            models.IvrCallRequestMenuKeyMap(key="1", code=details, tts_params=after_key),
            models.IvrCallRequestMenuKeyMap(key="2", code=opening, tts_params=first),
        ]
        request = models.IvrCallRequest(
            called_show_number=self._settings.caller,
            called_number=national(order.number),
            start_code=opening,
            start_tts_params=first,
            menu_key_map=menu,
            play_times=self._settings.plays,
            timeout=int(self._settings.key_wait * 1000),
            out_id=_out_id(order.reference),
        )
        try:
            answer = await self._client.ivr_call_with_options_async(request, runtime(self._settings))
            return _result(str(answer.body.code), str(answer.body.call_id or ""), names)
        except Exception as error:  # the SDK raises its own, aiohttp's and json's; an answer may have no body
            return failed(error, self.medium, names)

    async def look_up(self, sent: Sent) -> Result | None:
        """What became of a call that the service took. None for one that was heard to its end: only the report has its keys."""
        if not _CALL_ID.fullmatch(sent.code):
            return None
        day = datetime.combine(sent.started_at.astimezone(BEIJING), datetime.min.time(), BEIJING)
        request = models.QueryCallDetailByCallIdRequest(
            call_id=sent.code, prod_id=_IVR, query_date=int(day.timestamp() * 1000)
        )
        answer = await self._client.query_call_detail_by_call_id_with_options_async(
            request, runtime(self._settings)
        )
        details = json.loads(answer.body.data) if answer.body.code == "OK" and answer.body.data else {}
        state = str(details.get("state") or "")
        fate = _fate(state)
        if not state or state in _UNDER_WAY or fate is Fate.DELIVERED:
            return None
        outcome = Outcome(str(fate))
        return Result(outcome, f"call-{outcome}", state)

    def _receipts(self, row: Mapping[str, Any]) -> Sequence[Receipt]:
        if (
            not isinstance(row, dict)
            or not isinstance(row.get("out_id"), str)
            or not isinstance(row.get("status_code"), str)
        ):
            raise ValueError("out_id (text) and status_code (text) are needed in each report")
        call, key = _names(row["out_id"])
        status, keys = row["status_code"], str(row.get("dtmf") or "")
        if status in _UNDER_WAY:
            return ()
        pressed = (Receipt(key, Fate.DELIVERED, "key 1"),) if "1" in keys else ()
        if status == _KEY_PRESSED:
            return pressed
        fate = _fate(status)
        if fate is Fate.DELIVERED and keys and not pressed:
            fate = Fate.TEMPORARY
        return Receipt(call, fate, status), *pressed


def _result(code: str, call_id: str, names: tuple[str, ...]) -> Result:
    if code == "OK":
        return Result(Outcome.ACCEPTED, "call-accepted", call_id, names)
    if code in PERHAPS:
        return Result(Outcome.UNKNOWN, "call-unknown", code, names)
    outcome = Outcome.TECHNICAL
    if code in _THROTTLED:
        outcome = Outcome.THROTTLED
    elif code in _PERMANENT:
        outcome = Outcome.PERMANENT
    return Result(outcome, f"call-{outcome}", code)


def _fate(status: str) -> Fate:
    return _FATES.get(status, Fate.TEMPORARY)


def _out_id(reference: str) -> str:
    """Our reference in the 15 characters that IvrCall takes."""
    return b32encode(sha256(reference.encode()).digest()[:9]).decode().rstrip("=")


def _names(out_id: str) -> tuple[str, str]:
    return out_id, out_id + _OF_KEY


def _json(variables: Mapping[str, str]) -> str:
    return json.dumps(dict(variables), ensure_ascii=False)
