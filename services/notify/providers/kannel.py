"""Text messages through a Kannel gateway's HTTP interface (sendsms of smsbox; reports by `dlr-url`). Kannel User's Guide, chapters 6 and 9."""

import asyncio
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, urlencode

import httpx

from services.notify.clients.numbers import digits
from services.notify.domain.course import Outcome
from services.notify.domain.receipts import Fate, Receipt
from services.notify.providers.interface import Around, Order, Posted, Result, proven
from services.notify.providers.options import KannelSettings

_MASK: Final = 31  # delivered 1, not delivered 2, buffered 4, accepted by the SMS centre 8, refused by it 16
_EXPIRED: Final = 32
_LOOK_AGAIN: Final = 2.0
_STATE: Final = {1: Fate.DELIVERED, 2: Fate.PERMANENT, 4: Fate.PENDING, 8: Fate.PENDING, 16: Fate.PERMANENT}
_REPLY: Final[dict[int, Outcome]] = {
    202: Outcome.ACCEPTED,
    400: Outcome.PERMANENT,  # a field that Kannel cannot use: the number
    403: Outcome.TECHNICAL,
    404: Outcome.TECHNICAL,
    503: Outcome.THROTTLED,  # "temporal failure": it takes nothing now
}


class Kannel:
    """One gateway as a provider. Kannel keeps no record that could be asked, so silence stays silence."""

    medium = "sms"

    def __init__(self, name: str, settings: KannelSettings, _around: Around) -> None:
        self.name, self._settings = name, settings
        self.at_once = settings.at_once
        self.longest = settings.timeout * 2 + 30
        self._http = httpx.AsyncClient(
            timeout=settings.timeout, limits=httpx.Limits(max_connections=settings.at_once)
        )
        self._reached = True

    @property
    def up(self) -> bool:
        """Whether the last request reached the gateway."""
        return self._reached

    async def send(self, order: Order) -> Result:
        """One text; Kannel cuts it into parts itself and reports on the whole. Its id is our reference: Kannel gives back what `dlr-url` says."""
        s = self._settings
        query = {
            "username": s.username,
            "password": s.password.get_secret_value(),
            "from": s.source,
            "to": digits(order.number),
            "text": order.content.sms,
            "coding": "2",
            "charset": "UTF-8",
            "dlr-mask": str(_MASK),
            "dlr-url": self._report_url(order.reference),
        } | ({"smsc": s.smsc} if s.smsc else {})
        try:
            answer = await self._http.get(str(s.url), params=query)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            self._reached = False
            return Result(Outcome.TECHNICAL, "sms-technical", type(error).__name__)
        except httpx.PoolTimeout:  # it never left: all connections were in use
            return Result(Outcome.THROTTLED, "sms-throttled", "PoolTimeout")
        except httpx.HTTPError as error:  # it may have been taken
            return Result(Outcome.UNKNOWN, "sms-unknown", type(error).__name__, (order.reference,))
        self._reached = True
        outcome = _REPLY.get(answer.status_code)
        if outcome is None:  # something between us and the gateway fails: it may have been taken
            outcome = Outcome.UNKNOWN if answer.is_server_error else Outcome.TECHNICAL
        ids = (order.reference,) if outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN) else ()
        return Result(outcome, f"sms-{outcome}", f"{answer.status_code} {answer.text[:40]}", ids)

    async def run(self) -> None:
        """Looks whether the gateway can be reached again, every few seconds, once it could not."""
        async with self._http:
            while True:
                await asyncio.sleep(_LOOK_AGAIN)
                if not self._reached:
                    self._reached = await self._answers()

    def read(self, posted: Posted) -> Sequence[Receipt]:
        """One report. Raises `Forged` without the key, `ValueError` for a state that Kannel does not have."""
        proven(posted, self._settings.report_key)
        reference, state = posted.query.get("reference", ""), posted.query.get("state", "")
        if not reference or not state.isdecimal() or not int(state):
            raise ValueError("reference and state are needed, for example reference=0192f0c1&state=1")
        bits = int(state)
        fate = _STATE.get(bits & _MASK)
        if fate is None:
            raise ValueError(f"state {bits} is none of {sorted(_STATE)}")
        if fate is Fate.PERMANENT and bits & _EXPIRED:
            fate = Fate.TEMPORARY
        return [Receipt(reference, fate, posted.query.get("answer", "")[:60])]

    def taken(self, posted: Posted) -> tuple[str, bytes]:
        """Kannel reads the status alone."""
        return "text/plain", b"taken"

    def _report_url(self, reference: str) -> str:
        """Kannel fills %d (state) and %A (the SMS centre's words, escaped)."""
        base = str(self._settings.reports).rstrip("/")
        known = urlencode({"key": self._settings.report_key.get_secret_value(), "reference": reference})
        return f"{base}/receipts/{quote(self.name)}?{known}&state=%d&answer=%A"

    async def _answers(self) -> bool:
        try:
            await self._http.get(str(self._settings.url))  # without a number: it refuses, and so it is there
        except httpx.HTTPError:
            return False
        return True
