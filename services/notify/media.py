"""The two media as the sender sees them: a number and words in, an outcome out. No database, no Kafka."""

from dataclasses import dataclass, field
from typing import Final, Protocol

from services.notify.clients.sip import CallResult, SipClient
from services.notify.clients.smpp import SmppClient
from services.notify.clients.smpp_pdu import Answer
from services.notify.clients.speech import Speech
from services.notify.domain.course import Outcome
from services.notify.domain.texts import Content


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt came to. `reason` is our word, `code` the provider's, `provider_ids` name the parts of a text."""

    outcome: Outcome
    reason: str
    code: str = ""
    provider_ids: tuple[str, ...] = field(default=())


class Medium(Protocol):
    """A way to tell somebody something."""

    @property
    def name(self) -> str:
        """`sms` or `call`."""
        ...

    @property
    def at_once(self) -> int:
        """How many attempts may run at the same time."""
        ...

    @property
    def longest(self) -> float:
        """Seconds after which an attempt whose process is gone counts as unknown."""
        ...

    @property
    def up(self) -> bool:
        """Whether the link stands."""
        ...

    async def send(self, number: str, content: Content) -> Result:
        """One attempt."""
        ...


_SMS: Final[dict[Answer, Outcome]] = {
    Answer.ACCEPTED: Outcome.ACCEPTED,
    Answer.PERMANENT: Outcome.PERMANENT,
    Answer.THROTTLED: Outcome.THROTTLED,
    Answer.TECHNICAL: Outcome.TECHNICAL,
    Answer.UNKNOWN: Outcome.UNKNOWN,
}
_CALL: Final[dict[CallResult, Outcome]] = {
    CallResult.CONFIRMED: Outcome.DELIVERED,
    CallResult.INVALID: Outcome.PERMANENT,
    CallResult.FAILED: Outcome.TECHNICAL,
    CallResult.UNKNOWN: Outcome.UNKNOWN,
    CallResult.NOT_CONFIRMED: Outcome.TEMPORARY,
    CallResult.HUNG_UP: Outcome.TEMPORARY,
    CallResult.BUSY: Outcome.TEMPORARY,
    CallResult.NO_ANSWER: Outcome.TEMPORARY,
    CallResult.DECLINED: Outcome.TEMPORARY,
    CallResult.UNAVAILABLE: Outcome.TEMPORARY,
}


class Absent:
    """A medium that this installation does not have: its notices go on at once."""

    at_once, longest, up = 50, 60.0, False

    def __init__(self, name: str) -> None:
        self.name = name

    async def send(self, number: str, content: Content) -> Result:
        """Nothing is sent."""
        return Result(Outcome.PERMANENT, f"{self.name}-not-configured")


class Texts:
    """Text messages over SMPP."""

    name = "sms"

    def __init__(self, client: SmppClient, *, at_once: int = 50, longest: float = 120.0) -> None:
        self._client, self.at_once, self.longest = client, at_once, longest

    @property
    def up(self) -> bool:
        """Whether the session is bound."""
        return self._client.up

    async def send(self, number: str, content: Content) -> Result:
        """Submit; the receipt comes later."""
        sent = await self._client.send(number, content.sms)
        return Result(_SMS[sent.answer], f"sms-{sent.answer}", sent.code, sent.provider_ids)


class Calls:
    """Telephone calls over SIP, spoken by the speech engine."""

    name = "call"

    def __init__(
        self,
        client: SipClient,
        speech: Speech,
        *,
        at_once: int = 20,
        longest: float = 240.0,
    ) -> None:
        self._client, self._speech, self.at_once, self.longest = client, speech, at_once, longest

    @property
    def up(self) -> bool:
        """Whether calls can be placed."""
        return self._client.up

    async def send(self, number: str, content: Content) -> Result:
        """Call, speak, wait for the key 1."""
        pcm = await self._speech.say(content.speech)
        call = await self._client.call(number, pcm)
        return Result(_CALL[call.result], f"call-{call.result}", call.code)
