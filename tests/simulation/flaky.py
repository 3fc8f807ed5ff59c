"""Eligibility with a bug that is mended in the middle of an episode, so that there are dead letters to replay."""

from collections.abc import Mapping

from services.eligibility.handler import Eligibility
from services.eligibility.work import Work
from shared.messaging.handler import Event, Item, Out
from shared.policies import Policies


class PlannedFailure(Exception):
    """What the unmended code raises."""


class Flaky(Eligibility):
    """Fails on every fifth application while `broken`."""

    def __init__(self, policies: Policies, keys: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(policies, keys)
        self.broken = True

    def decide(self, state: Work, item: Item, out: Out) -> None:
        submitted = isinstance(item, Event) and item.type == "binding.requests.submitted"
        if self.broken and submitted and isinstance(item, Event) and sum(item.id.encode()) % 5 == 0:
            raise PlannedFailure
        super().decide(state, item, out)
