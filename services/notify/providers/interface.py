"""What a provider is asked, what it answers, and the interface that every provider has."""

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from pydantic import SecretStr

from services.notify.domain.course import Outcome
from services.notify.domain.receipts import Receipt
from services.notify.domain.texts import Content

StoreReceipts = Callable[[Sequence[Receipt]], Awaitable[None]]
"""Returns when the receipts are committed; only then may a provider be told that they were taken."""


CodeOf = Callable[[str, str], str | None]
"""What a provider (second) calls a template (first); None if it has not approved it."""


@dataclass(frozen=True, slots=True)
class Around:
    """What providers need of the service: where one of a name leaves its receipts, and what it calls our templates.

    Every provider is made of its name, its settings and this.
    """

    store: Callable[[str], StoreReceipts]
    code_of: CodeOf


@dataclass(frozen=True, slots=True)
class Order:
    """One attempt to be made. `reference` names it for ever and is told to providers that echo it (`OutId`, `SessionContext`)."""

    reference: str
    number: str  # +8613957100001
    content: Content


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt came to. `reason` is our word, `code` the provider's, `provider_ids` name the parts of a text.

    `whole`: those are all its parts; without its last part no text is delivered.
    """

    outcome: Outcome
    reason: str
    code: str = ""
    provider_ids: tuple[str, ...] = field(default=())
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Sent:
    """An attempt that was made earlier and whose outcome is not known."""

    reference: str
    number: str
    started_at: datetime
    age: timedelta
    provider_ids: tuple[str, ...]  # empty if no answer came
    code: str = ""  # the provider's word when it took it


class Provider(Protocol):
    """One contract with one carrier or cloud, for one medium. Several of a kind may be configured under different names."""

    @property
    def name(self) -> str:
        """Unique among the configured providers; it stands in tables, metrics and commands."""
        ...

    @property
    def medium(self) -> str:
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
        """Whether it can be used now, as far as can be told without trying."""
        ...

    async def send(self, order: Order) -> Result:
        """One attempt. Never raises for what a provider or a phone can do."""
        ...

    async def run(self) -> None:
        """Keeps what it needs (a session, a worker process); runs until cancelled."""
        ...


@runtime_checkable
class SendsApproved(Protocol):
    """A provider that sends nothing but templates which it has approved."""

    def takes(self, content: Content) -> bool:
        """Whether it has approved the templates that this notice needs of it."""
        ...


@runtime_checkable
class NamesAhead(Protocol):
    """A provider whose receipts call an attempt by names that are known before it is made; not by our reference itself."""

    def names(self, reference: str) -> tuple[str, ...]:
        """Those names. All of them must be reported before an attempt has arrived."""
        ...


@runtime_checkable
class LooksUp(Protocol):
    """A provider that can be asked what became of an attempt."""

    async def look_up(self, sent: Sent) -> Result | None:
        """What the provider knows; None if it cannot say yet. `TECHNICAL`: it never took the order, so it may be sent again."""
        ...


class Forged(Exception):
    """A report over HTTP that is not the provider's own."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A report that came over HTTP: everything a provider needs to know it as its own and to read it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes


def proven(posted: Posted, key: SecretStr) -> None:
    """Raises `Forged` unless the report shows the key that only the provider was told, as `key` in the query of its address."""
    shown, wanted = posted.query.get("key", "").encode(), key.get_secret_value().encode()
    if not hmac.compare_digest(shown, wanted):
        raise Forged


@runtime_checkable
class TakesReports(Protocol):
    """A provider whose receipts come over HTTP to `/receipts/<name>`."""

    def read(self, posted: Posted) -> Sequence[Receipt]:
        """The receipts in a report. Raises `Forged`, or `ValueError` naming the field that cannot be read."""
        ...

    def taken(self, posted: Posted) -> tuple[str, bytes]:
        """Media type and body of the answer that stops the provider from sending the report again."""
        ...
