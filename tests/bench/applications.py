"""Applications for the benchmark of the binding line: couples whose relation is registered, so each is approved by rules alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from shared.contracts.binding_requests import Relation
from shared.messaging.records import Outgoing, pack_headers
from shared.testing.identities import MadeUp, person
from shared.testing.messages import KafkaMessage, related, submitted, to_kafka, uid

CHANNEL = "zheliban"
ANSWERS = f"answers.{CHANNEL}"


def couple(n: int) -> tuple[MadeUp, MadeUp]:
    """A husband with an account and a wife with residents' insurance."""
    return person(2 * n + 1), person(2 * n + 2, insutype="390")


def _outgoing(message: KafkaMessage) -> Outgoing:
    return Outgoing(message.topic, message.key, pack_headers(message.headers), message.value)


def registry(count: int) -> Iterator[Outgoing]:
    """What the authority publishes about `count` couples."""
    at = datetime.now(UTC) - timedelta(hours=1)
    for n in range(count):
        husband, wife = couple(n)
        for one in (husband, wife):
            yield _outgoing(
                to_kafka("registry.persons.recorded", one.recorded(), "authority", f"p-{one.psn_no}", at)
            )
        relation = related(husband, wife, Relation.SPOUSE)
        yield _outgoing(to_kafka("registry.relations.recorded", relation, "authority", f"r-{n}", at))


def application(n: int, at: datetime) -> Outgoing:
    """The application of a couple."""
    husband, wife = couple(n)
    body = submitted(husband, wife, relation=Relation.SPOUSE, at=at, binding_id=uid(n, at))
    return _outgoing(to_kafka("binding.requests.submitted", body, CHANNEL, f"bench-{n}", at))


def applications(first: int, count: int) -> list[Outgoing]:
    """Applications of `count` couples, made now."""
    at = datetime.now(UTC) - timedelta(seconds=1)
    return [application(n, at) for n in range(first, first + count)]
