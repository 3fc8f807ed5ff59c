"""Text messages by Tencent Cloud SMS (2021-01-11): SendSms, status reports over HTTP, PullSmsSendStatusByPhoneNumber.

The service sends approved templates only, their variables by position. Reports name the serial number of a text; `SessionContext`
comes back with look-ups, so that an attempt is found again whatever became of its answer.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from tencentcloud.sms.v20210111 import models
from tencentcloud.sms.v20210111.sms_client_async import SmsClient

from services.notify.domain.course import Outcome
from services.notify.domain.receipts import Fate, Receipt
from services.notify.providers.cloud_texts import CloudTexts
from services.notify.providers.interface import Around, Order, Result, Sent
from services.notify.providers.options import TencentSettings
from services.notify.providers.tencent import client, failed, refused

_PERMANENT: Final = frozenset(
    {"FailedOperation.PhoneNumberInBlacklist", "InvalidParameterValue.IncorrectPhoneNumber"}
)
_PERMANENT_WORD: Final = frozenset({"MOBILE_NOT_ON_SERVICE", "EMPTY", "BLACKLIST", "MK:0001", "MK:0012"})
"""`errmsg` of reports about numbers that will never take a text; others may pass."""


class TencentSms(CloudTexts):
    """One account as a provider."""

    example = '[{"sid": "...", "report_status": "SUCCESS"}]'
    thanks = b'{"result": 0, "errmsg": "OK"}'

    def __init__(self, name: str, settings: TencentSettings, around: Around) -> None:
        super().__init__(name, settings, around)
        self._settings, self._client = settings, client(SmsClient, settings)

    async def _ask(self, order: Order, codes: Sequence[str]) -> Result:
        request = models.SendSmsRequest()
        request.PhoneNumberSet = [order.number]
        request.SmsSdkAppId, request.SignName = self._settings.sdk_app_id, order.content.sign
        request.TemplateId, request.TemplateParamSet = codes[0], list(order.content.variables.values())
        request.SessionContext = order.reference
        try:
            answer = await self._client.SendSms(request)
            return _result(answer.SendStatusSet)
        except Exception as error:  # the SDK raises its own, httpx's and json's
            return failed(error, self.medium, _PERMANENT)

    async def look_up(self, sent: Sent) -> Result | None:
        """What became of an attempt, by number and time; found by its `SessionContext`.

        The service lists a text once it has ended: one that it does not list may be on its way to a phone that is off.
        """
        request = models.PullSmsSendStatusByPhoneNumberRequest()
        request.BeginTime = int((sent.started_at - timedelta(minutes=1)).timestamp())
        request.Offset, request.Limit = 0, 100
        request.PhoneNumber, request.SmsSdkAppId = sent.number, self._settings.sdk_app_id
        answer = await self._client.PullSmsSendStatusByPhoneNumber(request)
        known = answer.PullSmsSendStatusSet or []
        own = next((one for one in known if one.SessionContext == sent.reference), None)
        if own is None:
            return None
        outcome = Outcome(str(_fate(str(own.ReportStatus), str(own.Description))))
        return Result(outcome, f"sms-{outcome}", str(own.Description)[:60])

    def _receipt(self, row: Mapping[str, Any]) -> Receipt:
        if (
            not isinstance(row, dict)
            or not isinstance(row.get("sid"), str)
            or row.get("report_status") not in ("SUCCESS", "FAIL")
        ):
            raise ValueError("sid (text) and report_status (SUCCESS or FAIL) are needed in each report")
        word = str(row.get("errmsg") or "")
        return Receipt(row["sid"], _fate(row["report_status"], word), word[:60])


def _result(statuses: Sequence[Any] | None) -> Result:
    if not statuses:  # the SDK overlooks errors whose media type says more than application/json
        return refused("", "sms", _PERMANENT)
    status = statuses[0]
    if status.Code == "Ok":
        return Result(Outcome.ACCEPTED, "sms-accepted", "Ok", (str(status.SerialNo),))
    return refused(str(status.Code), "sms", _PERMANENT)


def _fate(status: str, word: str) -> Fate:
    if status == "SUCCESS":
        return Fate.DELIVERED
    return Fate.PERMANENT if word in _PERMANENT_WORD else Fate.TEMPORARY
