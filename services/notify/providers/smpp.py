"""Text messages over SMPP 3.4: a session with an SMS centre that stays bound for the life of the service."""

from typing import Final

from services.notify.clients.smpp import SmppClient, SmppOptions
from services.notify.clients.smpp_pdu import Answer
from services.notify.domain.course import Outcome
from services.notify.providers.interface import Around, Order, Result
from services.notify.providers.options import SmppSettings

_OUTCOME: Final[dict[Answer, Outcome]] = {
    Answer.ACCEPTED: Outcome.ACCEPTED,
    Answer.PERMANENT: Outcome.PERMANENT,
    Answer.THROTTLED: Outcome.THROTTLED,
    Answer.TECHNICAL: Outcome.TECHNICAL,
    Answer.UNKNOWN: Outcome.UNKNOWN,
}


class Smpp:
    """One SMS centre as a provider. It cannot be asked what became of a text (`query_sm` is answered by few), so it is waited for."""

    medium = "sms"

    def __init__(self, name: str, settings: SmppSettings, around: Around) -> None:
        options = SmppOptions(
            host=settings.host,
            port=settings.port,
            system_id=settings.system_id,
            password=settings.password.get_secret_value(),
            source_addr=settings.source,
            system_type=settings.system_type,
            window=settings.window,
            response_timeout=settings.timeout,
            enquire_every=settings.enquire,
        )
        self.name = name
        self._client = SmppClient(options, around.store(name))
        # None that only waits for a place in the window: killed then, it would count as sent though nobody had it.
        self.at_once = settings.window
        self.longest = 4 * settings.timeout + 30  # a text has at most four parts, each waits for its answer

    @property
    def up(self) -> bool:
        """Whether the session is bound."""
        return self._client.up

    async def send(self, order: Order) -> Result:
        """Submit; the receipt comes later."""
        sent = await self._client.send(order.number, order.content.sms)
        whole = sent.answer is Answer.ACCEPTED
        return Result(_OUTCOME[sent.answer], f"sms-{sent.answer}", sent.code, sent.provider_ids, whole)

    async def run(self) -> None:
        """Keeps the session bound."""
        await self._client.run()
