"""The providers of one medium, and which of them is used for the next attempt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from services.notify.domain import weights
from services.notify.providers.interface import Order, Provider, Result

_PASSED_ON: Final = 50


@dataclass
class Switch:
    """One medium as the sender sees it. `weights` are kept up to date by `balancing`; a provider without one has its share by default."""

    name: str
    providers: Sequence[Provider]
    weights: Mapping[str, int] = field(default_factory=dict)
    chance: Random = field(default_factory=Random)

    @property
    def at_once(self) -> int:
        """How many attempts may run at the same time, whoever makes them; without any provider, how many are passed on at a look."""
        return sum(one.at_once for one in self.providers) or _PASSED_ON

    @property
    def longest(self) -> float:
        """Seconds after which an attempt whose process is gone counts as unknown."""
        return max((one.longest for one in self.providers), default=60.0)

    @property
    def up(self) -> bool:
        """Whether any provider can be used."""
        return any(one.up for one in self.providers)

    def choose(self, avoid: str | None = None) -> str:
        """The provider for one attempt. `avoid`: who failed with it last time. Raises `IndexError` without any provider."""
        return weights.choose(
            {one.name: self.weights.get(one.name, weights.FULL) for one in self.providers},
            up={one.name for one in self.providers if one.up},
            avoid=avoid,
            roll=self.chance.random(),
        )

    def provider(self, name: str) -> Provider | None:
        """The provider of that name, if it is still configured."""
        return next((one for one in self.providers if one.name == name), None)

    async def send(self, provider: str, order: Order) -> Result:
        """One attempt by the provider that was chosen."""
        return await next(one for one in self.providers if one.name == provider).send(order)
