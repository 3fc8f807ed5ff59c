"""Telephone calls over SIP, spoken by the speech engine of this machine."""

from typing import Final

from services.notify.clients.sip import REPEATS, CallResult, SipClient, SipOptions
from services.notify.clients.speech import Speech
from services.notify.domain.course import Outcome
from services.notify.providers.interface import Around, Order, Result
from services.notify.providers.options import SipSettings
from shared import log

_OUTCOME: Final[dict[CallResult, Outcome]] = {
    CallResult.CONFIRMED: Outcome.DELIVERED,
    CallResult.INVALID: Outcome.PERMANENT,
    CallResult.NOT_ALLOWED: Outcome.TECHNICAL,
    CallResult.FAILED: Outcome.TECHNICAL,
    CallResult.UNKNOWN: Outcome.UNKNOWN,
    CallResult.NOT_CONFIRMED: Outcome.TEMPORARY,
    CallResult.HUNG_UP: Outcome.TEMPORARY,
    CallResult.BUSY: Outcome.TEMPORARY,
    CallResult.NO_ANSWER: Outcome.TEMPORARY,
    CallResult.DECLINED: Outcome.TEMPORARY,
    CallResult.UNAVAILABLE: Outcome.TEMPORARY,
}
_OPENING: Final = "您好，这里是医保服务中心。如您是本人，请按一。"
"""For notices that were made before there were openings."""


class Sip:
    """One trunk as a provider. A call's outcome is known when it ends; there is nothing to look up."""

    medium = "call"

    def __init__(self, name: str, settings: SipSettings, _around: Around) -> None:
        options = SipOptions(
            trunk=settings.peer,
            listen=settings.listen,
            user=settings.user,
            auth_user=settings.auth_user,
            password=settings.password.get_secret_value(),
            rtp_ports=settings.rtp_ports,
            engine=settings.engine,
            at_once=settings.at_once,
            ring=settings.ring,
            wait=settings.key_wait,
        )
        self.name, self.at_once = name, settings.at_once
        self.longest = settings.ring + (2 + REPEATS) * settings.key_wait + 240
        self._client = SipClient(options)
        self._speech = Speech(words_per_minute=settings.speech_rate, folder=settings.speech_dir)

    @property
    def up(self) -> bool:
        """Whether calls can be placed."""
        return self._client.up

    async def send(self, order: Order) -> Result:
        """Call, say who calls, and the details after the key 1."""
        try:
            opening = await self._speech.say(order.content.opening or _OPENING)
            speech = await self._speech.say(order.content.speech)
        except Exception as error:  # the voice's or the folder's: nothing has rung
            log.get().error("a call cannot be spoken", provider=self.name, **log.fault(error))
            return Result(Outcome.TECHNICAL, "call-no-voice", type(error).__name__)
        call = await self._client.call(order.number, opening, speech)
        return Result(_OUTCOME[call.result], f"call-{call.result}", call.code)

    async def run(self) -> None:
        """Keeps the worker that speaks SIP alive."""
        await self._client.run()
