"""Text messages over SMPP 3.4: a session with an SMS centre that stays bound for the life of the service."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from services.notify.clients.smpp import SmppClient, SmppOptions
from services.notify.clients.smpp_pdu import Answer
from services.notify.domain.course import Outcome
from services.notify.providers.interface import Order, Result, StoreReceipts

_OUTCOME: Final[dict[Answer, Outcome]] = {
    Answer.ACCEPTED: Outcome.ACCEPTED,
    Answer.PERMANENT: Outcome.PERMANENT,
    Answer.THROTTLED: Outcome.THROTTLED,
    Answer.TECHNICAL: Outcome.TECHNICAL,
    Answer.UNKNOWN: Outcome.UNKNOWN,
}


class SmppSettings(BaseModel):
    """One SMS centre. Times in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["smpp"] = "smpp"
    host: str = Field(min_length=1, max_length=253)
    port: int = Field(default=2775, ge=1, le=65535)
    system_id: str = Field(default="gongji", max_length=15)
    password: SecretStr = Field(default=SecretStr("gongji"))
    system_type: str = Field(default="", max_length=12)
    source: str = Field(default="12393", max_length=20)
    window: int = Field(default=10, ge=1, le=1000)
    timeout: float = Field(default=10.0, gt=0, le=60)
    enquire: float = Field(default=30.0, gt=0)


class Smpp:
    """One SMS centre as a provider. It cannot be asked what became of a text (`query_sm` is answered by few), so it is waited for."""

    medium = "sms"

    def __init__(self, name: str, settings: SmppSettings, store: StoreReceipts) -> None:
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
        self._client = SmppClient(options, store)
        self.at_once = 4 * settings.window  # more than the window holds, because each also waits for its row
        # a text has at most four parts, each waits for its place in the window and for its answer
        self.longest = 4 * 4 * settings.timeout + 30

    @property
    def up(self) -> bool:
        """Whether the session is bound."""
        return self._client.up

    async def send(self, order: Order) -> Result:
        """Submit; the receipt comes later."""
        sent = await self._client.send(order.number, order.content.sms)
        return Result(_OUTCOME[sent.answer], f"sms-{sent.answer}", sent.code, sent.provider_ids)

    async def run(self) -> None:
        """Keeps the session bound."""
        await self._client.run()
