"""The providers of one medium, and which of them is used for the next attempt."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

from services.notify.domain import weights
from services.notify.domain.course import Outcome
from services.notify.domain.texts import Content
from services.notify.domain.weights import Share
from services.notify.providers.interface import Order, Provider, Result, SendsApproved

_PASSED_ON: Final = 50
_REFUSED_FOR: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Nobody:
    """No provider can be asked. `since`: for so long none that could take it was there; None: none of them ever will."""

    since: datetime | None


@dataclass(frozen=True, slots=True)
class Busy:
    """Those that can be asked have as many attempts as they may have at once."""


@dataclass
class Switch:
    """One medium as the sender sees it. `shares` are kept up to date by `balancing`; a provider without one has its share by default."""

    name: str
    providers: Sequence[Provider]
    shares: Mapping[str, Share] = field(default_factory=dict)
    chance: Random = field(default_factory=Random)
    refused: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """When a provider said that it does not send a template, whatever our list of its codes says."""
    began: datetime | None = None
    """When this process looked first: what was before, it has not seen."""

    @property
    def longest(self) -> float:
        """Seconds after which an attempt whose process is gone counts as unknown."""
        return max((one.longest for one in self.providers), default=60.0)

    def out_since(self, now: datetime) -> datetime | None:
        """Since when no provider can be asked for anything; None if one can, or none is configured."""
        self.began = self.began or now
        return self._out_since(self.providers) if self.providers else None

    def room(self, running: Mapping[str, int], now: datetime) -> int:
        """How many attempts may begin, given how many each provider has; when none can be asked, how many are passed on at a look."""
        self.began = self.began or now
        there = [one for one in self.providers if self._away_since(one) is None]
        asked = [one for one in there if self._weight(one)] or there
        return sum(max(0, one.at_once - running.get(one.name, 0)) for one in asked) if asked else _PASSED_ON

    def choose(
        self, content: Content, avoid: str | None, running: Mapping[str, int], now: datetime
    ) -> str | Nobody | Busy:
        """The provider for one attempt, among those that have its template approved and room for it beside their `running` attempts.

        Nobody's dark provider holds up what another can send. `avoid`: who failed with it last time.
        """
        self.began = self.began or now
        able = [one for one in self.providers if self._able(one, content, now)]
        if not able:
            return Nobody(None)
        if (since := self._out_since(able)) is not None:
            return Nobody(since)
        there = [one for one in able if self._away_since(one) is None]
        usable = {one.name: self._weight(one) for one in there if running.get(one.name, 0) < one.at_once}
        return weights.choose(usable, avoid=avoid, roll=self.chance.random()) if usable else Busy()

    def note(self, provider: str, content: Content, result: Result, now: datetime) -> None:
        """What an attempt came to: a template that was refused is not tried there again for a while."""
        if weights.withdrawn(result.outcome, result.code):
            self.refused[provider, content.template] = now

    def provider(self, name: str) -> Provider | None:
        """The provider of that name, if it is still configured."""
        return next((one for one in self.providers if one.name == name), None)

    def is_up(self, provider: str) -> bool:
        """Whether the link of that provider stands."""
        found = self.provider(provider)
        return found is not None and found.up

    async def send(self, provider: str, order: Order) -> Result:
        """One attempt by the provider that was chosen. It ends before its lease does: nothing is sent that counts as unknown already."""
        asked = next(one for one in self.providers if one.name == provider)
        try:
            async with asyncio.timeout(asked.longest):
                return await asked.send(order)
        except TimeoutError:
            return Result(Outcome.UNKNOWN, f"{self.name}-unknown", "too long")

    def _able(self, provider: Provider, content: Content, now: datetime) -> bool:
        refused_at = self.refused.get((provider.name, content.template))
        if refused_at is not None and now - refused_at < _REFUSED_FOR:
            return False
        return not isinstance(provider, SendsApproved) or provider.takes(content)

    def _weight(self, provider: Provider) -> int:
        share = self.shares.get(provider.name)
        return share.weight if share else weights.FULL

    def _out_since(self, providers: Sequence[Provider]) -> datetime | None:
        """When the last of them went; None while one is there."""
        gone = [self._away_since(one) for one in providers]
        return None if None in gone else max(one for one in gone if one)

    def _away_since(self, provider: Provider) -> datetime | None:
        """Since when it cannot be asked, in no process; None if it can."""
        share = self.shares.get(provider.name)
        assert self.began is not None
        if share and share.closed:
            return max(share.changed_at, self.began)
        if provider.up:
            return None
        return max(share.up_at, self.began) if share and share.up_at else self.began
