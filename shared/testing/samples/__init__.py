"""Samples of every message type, as data and as the structured CloudEvents that are committed beside the models."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from shared.contracts.base import Message, Origin
from shared.contracts.structured import event_of
from shared.contracts.topics import TYPES
from shared.testing.messages import to_kafka
from shared.testing.samples import answered, family, requests, results
from shared.testing.samples.pruning import minimal

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample. `name` is the name of its file, `to` whom an answer is for."""

    short: str
    name: str
    source: str
    body: Message
    to: Origin | None = None

    def event(self) -> Event:
        """The committed form. A minimal sample has no more than an envelope must have."""
        bare = self.name == "minimal"
        spec = TYPES[self.short]
        record = to_kafka(
            self.short,
            self.body.model_dump(mode="json", exclude_unset=True) if bare else self.body,
            self.source,
            f"sample-{self.short}-{self.name}",
            family.AT,
            key=spec.key_of(self.body),
            subject=spec.subject_of(self.body),
            to=self.to,
            trace=None if bare else family.TRACE,
        )
        return event_of(record.topic, record.key, record.headers, record.value)


def all_samples() -> Iterator[Sample]:
    """Every sample of every type."""
    for sample in _full():
        yield sample
        yield Sample(sample.short, "minimal", sample.source, minimal(sample.body), sample.to)
    for short, source, body, name in requests.others():
        yield Sample(short, name, source, body)
    for short, source, body, name, to in answered.others():
        yield Sample(short, name, source, body, to)


def _full() -> Iterator[Sample]:
    outsiders = (
        requests.of_channels,
        requests.of_institutions,
        requests.of_the_authority,
        requests.of_operators,
    )
    services = (results.of_eligibility, results.of_audit, results.of_notify, results.of_settlement)
    for short, source, body in chain.from_iterable(part() for part in (*outsiders, *services)):
        yield Sample(short, "full", source, body)
    for short, source, body, to in answered.of_answers():
        yield Sample(short, "full", source, body, to)


def full(short: str) -> Sample:
    """The full sample of one type. Raises `KeyError` for a type that does not exist."""
    return {sample.short: sample for sample in _full()}[TYPES[short].short]
