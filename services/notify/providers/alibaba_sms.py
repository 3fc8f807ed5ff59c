"""Text messages by Alibaba Cloud SMS (dysmsapi 2017-05-25): SendSms, SmsReport over HTTP, QuerySendDetails.

The service sends approved templates only and promises nothing for a request that is repeated; `OutId` comes back with reports and
look-ups, so that an attempt is found again whatever became of its answer.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from alibabacloud_dysmsapi20170525 import models
from alibabacloud_dysmsapi20170525.client import Client

from services.notify.clients.numbers import digits
from services.notify.domain.course import Outcome
from services.notify.domain.receipts import Fate, Receipt
from services.notify.providers.alibaba import PERHAPS, config, failed, runtime
from services.notify.providers.cloud_texts import CloudTexts
from services.notify.providers.interface import Around, Order, Result, Sent
from services.notify.providers.options import AlibabaSettings
from shared.clock import BEIJING

_ENDPOINT: Final = "dysmsapi.aliyuncs.com"
_THROTTLED: Final = frozenset(
    {"isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL"}
)
_PERMANENT: Final = frozenset({"isv.MOBILE_NUMBER_ILLEGAL", "isv.BLACK_KEY_CONTROL_LIMIT"})
_PERMANENT_ERR: Final = frozenset(
    {"MOBILE_NOT_ON_SERVICE", "EMPTY_NUMBER", "UNSUBSCRIBE", "BLACKLIST", "MK:0001", "MK:0012"}
)
"""`err_code` of reports about numbers that will never take a text; others may pass (off, full, out of reach)."""
_WAITING, _FAILED, _ARRIVED = 1, 2, 3  # send_status of a look-up
_FORGOTTEN: Final = timedelta(minutes=2)
"""An order that the service does not know so long after it was given was never taken."""
_PAGE: Final = 50


class AlibabaSms(CloudTexts):
    """One account as a provider."""

    example = '[{"out_id": "...", "success": true}]'
    thanks = b'{"code": 0, "msg": "taken"}'

    def __init__(self, name: str, settings: AlibabaSettings, around: Around) -> None:
        super().__init__(name, settings, around)
        self._settings, self._client = settings, Client(config(settings, _ENDPOINT))

    async def _ask(self, order: Order, codes: Sequence[str]) -> Result:
        request = models.SendSmsRequest(
            phone_numbers=digits(order.number),
            sign_name=order.content.sign,
            template_code=codes[0],
            template_param=json.dumps(dict(order.content.variables), ensure_ascii=False),
            out_id=order.reference,
        )
        try:
            answer = await self._client.send_sms_with_options_async(request, runtime(self._settings))
            return _result(str(answer.body.code), order.reference)
        except Exception as error:  # the SDK raises its own, aiohttp's and json's; an answer may have no body
            return failed(error, self.medium, (order.reference,))

    async def look_up(self, sent: Sent) -> Result | None:
        """What became of an attempt, by number and Beijing date; found by its `OutId`."""
        begun = sent.started_at.astimezone(BEIJING)
        days = sorted(
            {begun.date(), (begun + _FORGOTTEN).date()}
        )  # the service's day may have begun meanwhile
        own, whole = None, True
        for day in days:
            known, all_of_day = await self._of_day(sent.number, day)
            own = own or next((one for one in known if one.out_id == sent.reference), None)
            whole = whole and all_of_day
        if own is None:
            never = whole and sent.age >= _FORGOTTEN
            return Result(Outcome.TECHNICAL, "sms-never-taken", "not known") if never else None
        if own.send_status == _ARRIVED:
            return Result(Outcome.DELIVERED, "sms-delivered", own.err_code or "")
        if own.send_status == _FAILED:
            outcome = Outcome(str(_fate(own.err_code or "")))
            return Result(outcome, f"sms-{outcome}", own.err_code or "")
        return None

    async def _of_day(self, number: str, day: date) -> tuple[Sequence[Any], bool]:
        """What was sent to a number on a Beijing day, and whether that is all of it."""
        request = models.QuerySendDetailsRequest(
            phone_number=digits(number), send_date=day.strftime("%Y%m%d"), page_size=_PAGE, current_page=1
        )
        answer = await self._client.query_send_details_with_options_async(request, runtime(self._settings))
        details = answer.body.sms_send_detail_dtos
        known = details.sms_send_detail_dto if details and details.sms_send_detail_dto else []
        return known, answer.body.code == "OK" and len(known) < _PAGE

    def _receipt(self, row: Mapping[str, Any]) -> Receipt:
        if (
            not isinstance(row, dict)
            or not isinstance(row.get("out_id"), str)
            or not isinstance(row.get("success"), bool)
        ):
            raise ValueError("out_id (text) and success (true or false) are needed in each report")
        code = str(row.get("err_code") or "")
        return Receipt(row["out_id"], Fate.DELIVERED if row["success"] else _fate(code), code[:60])


def _result(code: str, reference: str) -> Result:
    if code == "OK":
        return Result(Outcome.ACCEPTED, "sms-accepted", code, (reference,))
    if code in PERHAPS:
        return Result(Outcome.UNKNOWN, "sms-unknown", code, (reference,))
    outcome = Outcome.TECHNICAL
    if code in _THROTTLED:
        outcome = Outcome.THROTTLED
    elif code in _PERMANENT:
        outcome = Outcome.PERMANENT
    return Result(outcome, f"sms-{outcome}", code)


def _fate(code: str) -> Fate:
    return Fate.PERMANENT if code in _PERMANENT_ERR else Fate.TEMPORARY
