"""Telephone calls by Tencent Cloud voice (2020-09-02): SendTtsVoice, and its callbacks over HTTP.

The service plays one template to whoever answers and has no menu. So it never gets the details: it says the template `hint`, which asks the
person to ring the hotline or to look where he or she applied. Whether such a call counts as told, once the key 1 was pressed, is the region's
word (`notice.hint_tells`); without it the next medium or the staff must tell. It rests at weight 0 and is not used before it has another.

Callbacks name a call by the service's id alone, and nothing can be looked up: a call whose answer was lost stays unknown until the medium's
time is over.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tencentcloud.common.abstract_client_async import AbstractClient
from tencentcloud.vms.v20200902 import models
from tencentcloud.vms.v20200902.vms_client import VmsClient

from services.notify.domain.course import Outcome
from services.notify.domain.receipts import Fate, Receipt
from services.notify.domain.texts import Content
from services.notify.providers.cloud import Cloud
from services.notify.providers.interface import Around, Order, Result
from services.notify.providers.options import TencentVoiceSettings
from services.notify.providers.tencent import client, failed, refused

_PERMANENT: Final = frozenset({"InvalidParameterValue.CalledNumberVerifyFail"})
_GONE: Final = frozenset({4, 7, 8, 13, 15, 17, 19})
"""`failure_code` of numbers that cannot be called: in arrears, out of service, not given out, suspended, unknown, expired, no calls."""
_OF_KEY: Final = "#1"
_ENDED, _KEY, _FAILED = "voiceprompt_callback", "voicekey_callback", "voice_failure_callback"


class _Client(AbstractClient):  # type: ignore[misc] # the SDK has no types
    """The service as its package describes it, on the asyncio core of the SDK: the package itself has a client that blocks only."""

    _apiVersion, _endpoint, _service = VmsClient._apiVersion, VmsClient._endpoint, VmsClient._service


class TencentVoice(Cloud):
    """One account and application as a provider."""

    medium = "call"
    example = '{"voiceprompt_callback": {"callid": "...", "result": "0"}}'
    thanks = b'{"result": 0, "errmsg": "OK"}'

    def __init__(self, name: str, settings: TencentVoiceSettings, around: Around) -> None:
        super().__init__(name, settings, around)
        self._settings, self._client = settings, client(_Client, settings)

    def _templates(self, content: Content) -> Sequence[str]:
        return (content.hint_template,)

    async def _ask(self, order: Order, codes: Sequence[str]) -> Result:
        request = models.SendTtsVoiceRequest()
        request.TemplateId, request.TemplateParamSet = codes[0], list(order.content.hint_variables.values())
        request.CalledNumber, request.VoiceSdkAppid = order.number, self._settings.sdk_app_id
        request.PlayTimes, request.SessionContext = self._settings.plays, order.reference
        try:
            answer = await self._client.call_and_deserialize(
                action="SendTtsVoice", params=request._serialize(), resp_cls=models.SendTtsVoiceResponse,
                headers=request.headers, opts={},
            )  # fmt: skip
        except Exception as error:  # the SDK raises its own, httpx's and json's
            return failed(error, self.medium, _PERMANENT)
        call_id = str(answer.SendStatus.CallId or "") if answer.SendStatus else ""
        if not call_id:  # the SDK overlooks errors whose media type says more than application/json
            return refused("", self.medium, _PERMANENT)
        return Result(Outcome.ACCEPTED, "call-accepted", call_id, (call_id, call_id + _OF_KEY))

    def _rows(self, body: Any) -> Sequence[Any]:
        """Each push is one callback."""
        return [body]

    def _receipts(self, row: Mapping[str, Any]) -> Sequence[Receipt]:
        """The end of a call, its keys and the cause of its failure come each by itself, in any order."""
        if not isinstance(row, dict):
            raise ValueError(f"a JSON object is needed, for example {self.example}")
        kind = next((one for one in (_ENDED, _KEY, _FAILED) if isinstance(row.get(one), dict)), "")
        own = row.get(kind, {})
        if not isinstance(own.get("callid"), str):
            raise ValueError(
                f"one of {_ENDED}, {_KEY}, {_FAILED} with callid (text) is needed, for example {self.example}"
            )
        call = own["callid"]
        if kind == _KEY:
            return (
                (Receipt(call + _OF_KEY, Fate.HINTED, "key 1"),)
                if "1" in str(own.get("keypress", ""))
                else ()
            )
        if kind == _FAILED:
            code = own.get("failure_code")
            if not isinstance(code, int):
                raise ValueError(f"failure_code (number) is needed in {_FAILED}")
            return (Receipt(call, Fate.PERMANENT if code in _GONE else Fate.TEMPORARY, f"failure {code}"),)
        result = str(own.get("result", ""))
        if result not in ("0", "1", "2"):
            raise ValueError(f"result (0, 1 or 2) is needed in {_ENDED}")
        # Not answered: the cause follows; where it is not subscribed to, the call is repeated when its time is over.
        return (Receipt(call, Fate.DELIVERED if result == "0" else Fate.PENDING, f"result {result}"),)
