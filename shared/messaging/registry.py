"""What the core asks of the contracts, in the form in which it is fastest to answer; tests and simulations give their own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.contracts import envelope, operators, sources, topics
from shared.contracts.base import Message


@dataclass(frozen=True, slots=True)
class Type:
    """One message type that a service may meet. `validate` takes JSON bytes."""

    short: str
    topic: str
    model: type[Message]
    key_of: Callable[[Any], str]
    subject_of: Callable[[Any], str]
    outsider: bool
    compacted: bool
    validate: Callable[[bytes], Any] = field(compare=False)
    actor: str | None = None
    """The field of the body that names who speaks, where that person has to be registered."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Types by short name; which sources exist, what each may publish, and who may speak in a body (`Type.actor`)."""

    types: Mapping[str, Type]
    known: Callable[[str], bool]
    entitled: Callable[[str, str], bool]
    registered: Callable[[str], bool] = lambda _: True


def make_type(spec: topics.TypeSpec) -> Type:
    """The core's view of a registered type."""
    topic = topics.TOPICS.get(spec.topic)
    return Type(
        short=spec.short,
        topic=spec.topic,
        model=spec.model,
        key_of=spec.key_of,
        subject_of=spec.subject_of,
        outsider=spec.outsider,
        compacted=topic is not None and topic.compacted,
        validate=spec.model.__pydantic_validator__.validate_json,
        actor=spec.actor,
    )


def default() -> Registry:
    """The registry of `shared.contracts`."""
    types = {short: make_type(spec) for short, spec in topics.TYPES.items()}
    pairs = {(s.id, t): s.entitled(t) for s in sources.load().values() for t in types}
    known, may = (lambda s: sources.get(s) is not None), (lambda s, t: pairs.get((s, t), False))
    return Registry(types, known, may, operators.registered)


def is_own(source: str) -> bool:
    """Whether a source is one of our own services."""
    return source.startswith(_OWN)


_OWN = envelope.service_source("")
