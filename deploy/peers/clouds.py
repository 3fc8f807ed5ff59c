"""Stand-ins of two clouds that send texts and call: `python -m deploy.peers.clouds --out DIR --reports URL`. Their own SDKs talk to it unchanged.

One port for Alibaba Cloud SMS (SendSms, QuerySendDetails), Tencent Cloud SMS (SendSms, PullSmsSendStatusByPhoneNumber) and the voice
services of both (`cloud_calls.py`). Signatures are verified; the fate of a text is decided by the number's last two digits (`fates.py`); reports are posted to
`URL/receipts/<name>?key=...` and again while nobody takes them. Texts are kept in `DIR/cloud.jsonl`, one a line:
`{"cloud", "number", "template", "variables", "reference", "fate", "at"}`. The real port is in `DIR/clouds.port`.
"""

import argparse
import asyncio
import collections
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from aiohttp import web

from deploy.peers import signatures
from deploy.peers.cloud_calls import Calls
from deploy.peers.fates import Sms, fate
from deploy.peers.serving import serve_until_signalled, tell_ready

KEY, SECRET = "gongji-key", "gongji-secret"
REPORT_KEY: Final = "report-key-of-the-cloud"
_AGAIN: Final = (0.5, 1.0, 2.0)
"""Seconds until a report that nobody took is posted again."""


@dataclass
class Text:
    """One text that a cloud took."""

    cloud: str
    number: str
    template: str
    variables: Any
    reference: str
    id: str
    fate: Sms
    arrived: bool | None = None
    at: float = field(default_factory=time.time)


class Clouds:
    """Both clouds."""

    def __init__(self, out: Path, reports: str, *, report_after: float = 0.1, slow: float = 3.0) -> None:
        """Seconds until an ordinary and a slow report."""
        self._out, self._reports, self._after, self._slow = out, reports, report_after, slow
        self._texts: list[Text] = []
        self._refusals: collections.Counter[str] = collections.Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._calls = Calls(out, self._push, seconds=report_after, slow=slow)

    async def run(self) -> None:
        """Serves until cancelled."""
        self._out.mkdir(parents=True, exist_ok=True)
        app = web.Application()
        app.router.add_post("/{path:.*}", self._asked)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        async with httpx.AsyncClient(timeout=10) as self._http:
            await web.TCPSite(runner, "127.0.0.1", 0, backlog=256).start()
            tell_ready(self._out / "clouds.port", runner.addresses[0][1])
            await asyncio.Event().wait()

    async def _asked(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body, query = await request.read(), dict(request.query)
        if action := headers.get("x-acs-action"):
            if not signatures.acs3("POST", request.path, query, headers, body, KEY, SECRET):
                return web.json_response(
                    {"Code": "SignatureDoesNotMatch", "Message": "", "RequestId": "r"}, status=403
                )
            return web.json_response({"RequestId": "r", **await self._alibaba(action, query)})
        if not signatures.tc3("POST", request.path, headers, body, KEY, SECRET):
            error = {"Code": "AuthFailure.SignatureFailure", "Message": ""}
            return _tencent_says({"Error": error})
        told = await self._tencent(headers.get("x-tc-action", ""), json.loads(body))
        return _tencent_says(told)

    async def _alibaba(self, action: str, query: Mapping[str, str]) -> dict[str, Any]:
        if action in ("IvrCall", "QueryCallDetailByCallId"):
            return await self._calls.alibaba(action, query)
        if action == "SendSms":
            number = query["PhoneNumbers"]
            code = self._refused(number, "isv.MOBILE_NUMBER_ILLEGAL", "isv.BUSINESS_LIMIT_CONTROL")
            if code:
                return {"Code": code, "Message": code}
            variables = json.loads(query["TemplateParam"])
            text = await self._take("alibaba", number, query["TemplateCode"], variables, query["OutId"])
            return {"Code": "OK", "Message": "OK", "BizId": text.id}
        known = [one for one in self._texts if one.cloud == "alibaba" and one.number == query["PhoneNumber"]]
        state = {None: 1, False: 2, True: 3}
        rows = [
            {
                "OutId": one.reference,
                "PhoneNum": one.number,
                "SendStatus": state[one.arrived],
                "ErrCode": _word(one),
            }
            for one in known
        ]
        details = {"SmsSendDetailDTO": rows}
        return {"Code": "OK", "Message": "OK", "TotalCount": str(len(rows)), "SmsSendDetailDTOs": details}

    async def _tencent(self, action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        if action == "SendTtsVoice":
            return await self._calls.tencent(asked)
        if action == "SendSms":
            number = asked["PhoneNumberSet"][0]
            code = self._refused(
                number, "FailedOperation.PhoneNumberInBlacklist", "LimitExceeded.PhoneNumberDailyLimit"
            )
            status = {
                "PhoneNumber": number,
                "Fee": 1,
                "SessionContext": asked["SessionContext"],
                "IsoCode": "CN",
            }
            if code:
                return {"SendStatusSet": [status | {"SerialNo": "", "Code": code, "Message": code}]}
            text = await self._take(
                "tencent", number, asked["TemplateId"], asked["TemplateParamSet"], asked["SessionContext"]
            )
            return {
                "SendStatusSet": [status | {"SerialNo": text.id, "Code": "Ok", "Message": "send success"}]
            }
        known = [one for one in self._texts if one.cloud == "tencent" and one.number == asked["PhoneNumber"]]
        rows = [
            {
                "SerialNo": one.id, "PhoneNumber": one.number, "SubscriberNumber": one.number[-11:], "CountryCode": "86",
                "ReportStatus": "SUCCESS" if one.arrived else "FAIL", "Description": _word(one),
                "SessionContext": one.reference, "UserReceiveTime": int(one.at),
            }
            for one in known if one.arrived is not None
        ]  # fmt: skip
        return {"PullSmsSendStatusSet": rows}

    def _refused(self, number: str, illegal: str, throttled: str) -> str:
        what = fate(number).sms
        if what is Sms.REFUSED:
            return illegal
        self._refusals[number] += 1
        return throttled if what is Sms.THROTTLED and self._refusals[number] <= 2 else ""

    async def _take(self, cloud: str, number: str, template: str, variables: Any, reference: str) -> Text:
        text = Text(
            cloud,
            number,
            template,
            variables,
            reference,
            f"{cloud[0]}{len(self._texts):06d}",
            fate(number).sms,
        )
        self._texts.append(text)
        line = {"cloud": cloud, "number": number, "template": template, "variables": variables}
        line |= {"reference": reference, "fate": str(text.fate), "at": text.at}
        with (self._out / "cloud.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        task = asyncio.create_task(self._report(text))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if text.fate is Sms.HANGS:
            await asyncio.sleep(3600)
        return text

    async def _report(self, text: Text) -> None:
        await asyncio.sleep(self._slow if text.fate is Sms.SLOW else self._after)
        text.arrived = text.fate not in (Sms.PERMANENT, Sms.EXPIRED)
        if text.fate in (Sms.SILENT, Sms.HANGS):
            return  # it arrived, and nobody says so: only who asks learns of it
        body = _alibaba_report(text) if text.cloud == "alibaba" else _tencent_report(text)
        await self._push(text.cloud, [body])

    async def _push(self, name: str, body: Any) -> None:
        for wait in (*_AGAIN, None):
            try:
                url = f"{self._reports}/receipts/{name}"
                answer = await self._http.post(url, params={"key": REPORT_KEY}, json=body)
                if answer.status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass
            if wait:
                await asyncio.sleep(wait)


def _tencent_says(told: Mapping[str, Any]) -> web.Response:
    body = json.dumps({"Response": {"RequestId": "r", **told}}).encode()
    return web.Response(body=body, content_type="application/json")


def _word(text: Text) -> str:
    if text.arrived:
        return "DELIVERED"
    return "MOBILE_NOT_ON_SERVICE" if text.fate is Sms.PERMANENT else "MOBILE_SEND_LIMIT"


def _alibaba_report(text: Text) -> dict[str, Any]:
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    return {
        "phone_number": text.number, "send_time": now, "report_time": now, "success": bool(text.arrived),
        "err_code": _word(text), "err_msg": "", "sms_size": "1", "biz_id": text.id, "out_id": text.reference,
    }  # fmt: skip


def _tencent_report(text: Text) -> dict[str, Any]:
    return {
        "user_receive_time": time.strftime("%Y-%m-%d %H:%M:%S"), "nationcode": "86", "mobile": text.number[-11:],
        "report_status": "SUCCESS" if text.arrived else "FAIL", "errmsg": _word(text), "description": "",
        "sid": text.id, "ext": text.reference,
    }  # fmt: skip


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="stand-in clouds that send texts, on 127.0.0.1")
    parser.add_argument("--out", type=Path, required=True, help="folder of cloud.jsonl and clouds.port")
    parser.add_argument("--reports", required=True, help="where reports go, such as http://127.0.0.1:8087")
    parser.add_argument("--slow", type=float, default=3.0, help="seconds until a slow report (ending in 98)")
    args = parser.parse_args()
    serve_until_signalled(Clouds(args.out, args.reports, slow=args.slow).run())


if __name__ == "__main__":
    main()
