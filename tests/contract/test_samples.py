"""Every committed sample goes through model, decoder and an independent validator, and fares as its name says."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deploy.contract.paths import SAMPLES, SCHEMAS
from shared.clock import SystemClock
from shared.contracts.base import Message
from shared.contracts.envelope import split_type
from shared.contracts.identity import fault, normalise
from shared.contracts.reason_texts import REASONS
from shared.contracts.settlement_requests import DeclineCode
from shared.contracts.structured import record_of
from shared.contracts.topics import TYPES
from shared.messaging.decode import Dead, Decoded, Decoder
from shared.messaging.handler import Invalid
from shared.messaging.reasons import Reason
from shared.messaging.records import PlainRecord
from shared.messaging.registry import default
from shared.testing.messages import MONDAY

FILES = sorted(SAMPLES.glob("*/*.json"))
GOOD = [path for path in FILES if not path.stem.startswith("refused-")]
REFUSED = [path for path in FILES if path.stem.startswith("refused-")]
NOW = int(MONDAY.timestamp() * 1000)


def event_in(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return Decoder(default(), SystemClock())


def decoded(decoder: Decoder, event: dict[str, Any]) -> Decoded | Dead:
    record = record_of(event)
    topic = "answers" if record.topic.startswith("answers.") else record.topic
    return decoder.decode(PlainRecord(topic, 0, 0, NOW, record.key, record.value, record.headers))


@pytest.mark.parametrize("spec", TYPES.values(), ids=lambda spec: spec.short)
def test_every_type_has_samples(spec: Any) -> None:
    names = {path.stem for path in (SAMPLES / spec.full).glob("*.json")}
    assert {"minimal", "full"} <= names
    assert (
        not spec.outsider or {"refused-field-invalid", "refused-key-mismatch", "refused-bad-address"} <= names
    )


@pytest.mark.parametrize("spec", TYPES.values(), ids=lambda spec: spec.short)
def test_good_samples_are_messages(spec: Any, decoder: Decoder) -> None:
    schema = json.loads((SCHEMAS / f"{spec.full}.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema)
    for path in GOOD:
        if path.parent.name == spec.full:
            _is_message(event_in(path), spec.full, validator, decoder)


def _is_message(event: dict[str, Any], full: str, validator: Draft202012Validator, decoder: Decoder) -> None:
    assert event["type"] == full
    assert [error.message for error in validator.iter_errors(event["data"])] == []
    found = decoded(decoder, event)
    assert isinstance(found, Decoded)
    assert isinstance(found.event.body, Message)
    assert found.event.time_believed
    again = type(found.event.body).model_validate_json(found.event.body.model_dump_json())
    assert again == found.event.body


def test_samples_together_show_every_field() -> None:
    shown: dict[type[Message], set[str]] = {}
    for path in GOOD:
        name = split_type(path.parent.name)
        assert name is not None
        _collect(TYPES[name[0]].model.model_validate_json(json.dumps(event_in(path)["data"])), shown)
    missing = {kind.__name__: kind.model_fields.keys() - names for kind, names in shown.items()}
    assert {name: fields for name, fields in missing.items() if fields} == {}


def _collect(body: Message, shown: dict[type[Message], set[str]]) -> None:
    for name in body.model_fields_set:
        value = getattr(body, name)
        if value is None or value == ():
            continue
        shown.setdefault(type(body), set()).add(name)
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, Message):
                _collect(child, shown)


@pytest.mark.parametrize("name", sorted({path.parent.name for path in REFUSED}))
def test_refused_samples_are_refused_as_they_say(name: str, decoder: Decoder) -> None:
    for path in REFUSED:
        if path.parent.name == name:
            _is_refused(event_in(path), path.stem.removeprefix("refused-"), decoder)


def _is_refused(event: dict[str, Any], reason: str, decoder: Decoder) -> None:
    found = decoded(decoder, event)
    if reason in set(Reason):
        assert isinstance(found, Dead)
        assert found.reason == reason
        return
    assert isinstance(found, Decoded)
    body = found.event.body
    if reason == "field-invalid":
        assert isinstance(body, Invalid)
        assert event["expectedfield"] in [error.field for error in body.errors]
        return
    assert isinstance(body, Message), "only a service can judge this one"
    assert reason in REASONS or reason in set(DeclineCode)
    if reason.startswith("certificate-"):
        relative = event["data"]["beneficiary"]
        kind, number = relative["psn_cert_type"], relative["certno"]
        assert fault(kind, normalise(kind, number)) == reason
