"""CloudEvents in structured JSON, as files hold them: read, judged by the services' own decoder, turned into records.

An event carries two attributes of ours: `topic` and `partitionkey` (the record key). Where they, `subject` or `specversion` are
absent they follow from type and body. A file holds one event, a JSON array of events, or one event a line (JSONL).
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from deploy.reading.words import dead
from shared.clock import Clock
from shared.contracts import envelope, operators, sources
from shared.contracts.topics import TYPES
from shared.messaging.decode import Dead, Decoder, NewerVersion
from shared.messaging.handler import FieldError, Invalid
from shared.messaging.reasons import Reason
from shared.messaging.records import PlainRecord
from shared.messaging.registry import default

_HEADERS = {"id": "ce_id", "source": "ce_source", "type": "ce_type", "time": "ce_time", "specversion": "ce_specversion",
            "subject": "ce_subject", "datacontenttype": "content-type", "traceparent": "traceparent",
            "requestsource": envelope.REQUEST_SOURCE, "requestid": envelope.REQUEST_ID}  # fmt: skip
_FIELD_OF = {
    Reason.BAD_ID: "id", Reason.BAD_TIME: "time", Reason.BAD_SUBJECT: "subject", Reason.BAD_TYPE: "type",
    Reason.UNKNOWN_SOURCE: "source", Reason.UNKNOWN_TYPE: "type", Reason.WRONG_TOPIC: "topic",
    Reason.NOT_ENTITLED: "source", Reason.UNKNOWN_VERSION: "type", Reason.KEY_MISMATCH: "partitionkey",
    Reason.SUBJECT_MISMATCH: "subject", Reason.NULL_KEY: "partitionkey", Reason.SPEC_VERSION: "specversion",
    Reason.CONTENT_TYPE: "datacontenttype", Reason.BAD_ADDRESS: "data",
    Reason.UNKNOWN_OPERATOR: "data.operator_id",
}  # fmt: skip
_EXAMPLES = {
    "id": "0199f0a1-7c3e-7d21-8f00-3c1d2e4f5a6b", "time": "2026-11-23T10:00:00+08:00", "source": "zheliban",
    "type": "gongji.binding.requests.submitted.v1", "specversion": "1.0", "datacontenttype": "application/json",
}  # fmt: skip


@dataclass(slots=True)
class Publication:
    """One event of a file, ready to be published if `errors` is empty."""

    place: str
    topic: str = ""
    key: bytes | None = None
    value: bytes | None = None
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    source: str = ""
    id: str = ""
    short: str = ""
    errors: list[FieldError] = field(default_factory=list)


def read(file: Path, clock: Clock, *, now: datetime | None = None) -> list[Publication]:
    """Every event of a file with what is wrong with it. `now` replaces the events' times.

    Raises OSError when the file cannot be read.
    """
    decoder = Decoder(default(), clock)
    appended = int(_real_milliseconds(clock))
    found = []
    for place, event in _events(file):
        one = event if isinstance(event, Publication) else _publication(place, event, now)
        found.append(one if one.errors else _judge(one, decoder, appended))
    return found or [_unreadable(str(file), "the file holds no event")]


def _real_milliseconds(clock: Clock) -> float:
    real = getattr(clock, "real", None)
    return (real() if real else clock.now().timestamp()) * 1000


def _events(file: Path) -> Iterator[tuple[str, dict[str, Any] | Publication]]:
    text = file.read_bytes().decode("utf-8", "surrogateescape")
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    if parsed is not None:
        rows = [
            (f"{file}" if len(_list(parsed)) == 1 else f"{file}[{n}]", v) for n, v in enumerate(_list(parsed))
        ]
    else:
        lines = [(n, row) for n, row in enumerate(text.splitlines(), 1) if row.strip()]
        rows = [(f"{file}:{n}", _parsed(row)) for n, row in lines]
    for place, value in rows:
        yield place, value if isinstance(value, dict) else _unreadable(place, "this is no JSON object")


def _list(parsed: Any) -> list[Any]:
    return parsed if isinstance(parsed, list) else [parsed]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _unreadable(place: str, why: str) -> Publication:
    example = '{"specversion": "1.0", "type": "gongji.binding.requests.submitted.v1", ..., "data": {...}}'
    return Publication(place, errors=[FieldError("event", why, example)])


def _publication(place: str, event: Mapping[str, Any], now: datetime | None) -> Publication:
    attributes = {k: v for k, v in event.items() if k not in ("data", "data_base64", "topic", "partitionkey")}
    wrong = [
        FieldError(name, "an attribute is text", _EXAMPLES.get(name, ""))
        for name, value in attributes.items()
        if not isinstance(value, str)
    ]
    wrong += [
        FieldError(name, "it is missing", _EXAMPLES[name])
        for name in ("id", "source", "type")
        if not attributes.get(name)
    ]
    if "data" not in event and "data_base64" not in event:
        wrong.append(FieldError("data", "it is missing", '{"binding_id": "...", ...}'))
    one = Publication(place, id=str(event.get("id", "")), source=str(event.get("source", "")), errors=wrong)
    if wrong:
        return one
    attributes = {"specversion": "1.0", "datacontenttype": envelope.CONTENT_TYPE} | attributes
    if now is not None:
        attributes["time"] = now.isoformat()
    split = envelope.split_type(attributes["type"])
    one.short = split[0] if split else ""
    spec = TYPES.get(one.short)
    one.topic = str(event.get("topic") or (spec.topic if spec else ""))
    one.value = _body(event)
    one.headers = [(_HEADERS.get(k, f"ce_{k}"), v.encode("utf-8", "replace")) for k, v in attributes.items()]
    given = event.get("partitionkey")
    key = str(given) if given is not None else _key(one)
    one.key = key.encode("utf-8", "replace") if key is not None else None
    return one


def _body(event: Mapping[str, Any]) -> bytes | None:
    if "data_base64" in event:
        return base64.b64decode(str(event["data_base64"]))
    if event["data"] is None:
        return None
    return json.dumps(event["data"], ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogateescape"
    )


def _key(one: Publication) -> str | None:
    """The key that a valid body demands."""
    spec = TYPES.get(one.short)
    try:
        return spec.key_of(spec.model.model_validate_json(one.value or b"")) if spec else None
    except ValueError:
        return None


def _judge(one: Publication, decoder: Decoder, appended: int) -> Publication:
    """Fills `errors` with what the service would say."""
    if one.topic.startswith("answers."):
        return one
    record = PlainRecord(one.topic, 0, 0, appended, one.key, one.value, one.headers)
    try:
        judged = decoder.decode(record)
    except NewerVersion:
        judged = Dead(record, Reason.UNKNOWN_VERSION)
    if isinstance(judged, Dead):
        name = _FIELD_OF.get(judged.reason, "data")
        invalid = _body_errors(one) if judged.reason in (Reason.BAD_ADDRESS, Reason.NULL_KEY) else []
        one.errors = invalid or [
            FieldError(name, f"{dead(judged.reason).en} ({judged.reason})", _hint(judged.reason, one))
        ]
    elif isinstance(judged.event.body, Invalid):
        one.errors = [FieldError(f"data.{e.field}", e.reason, e.example) for e in judged.event.body.errors]
    elif not judged.event.time_believed:
        text = "more than 72 h before or 5 min after now: the request would be refused (time-not-believed); use --now"
        one.errors = [FieldError("time", text, _EXAMPLES["time"])]
    return one


def _body_errors(one: Publication) -> list[FieldError]:
    from shared.messaging.decode import Rejected, read_body

    try:
        body = read_body(default().types[one.short], one.value or b"")
    except (KeyError, Rejected):
        return []
    return (
        [FieldError(f"data.{e.field}", e.reason, e.example) for e in body.errors]
        if isinstance(body, Invalid)
        else []
    )


def _hint(reason: Reason, one: Publication) -> str:
    spec = TYPES.get(one.short)
    if reason is Reason.WRONG_TOPIC and spec:
        return spec.topic
    if reason in (Reason.KEY_MISMATCH, Reason.NULL_KEY) and (key := _key(one)) is not None:
        return key
    if reason is Reason.NOT_ENTITLED:
        return ", ".join(sorted(s.id for s in sources.load().values() if s.entitled(one.short))[:4])
    if reason is Reason.UNKNOWN_SOURCE:
        return ", ".join(sorted(s.id for s in sources.load().values() if s.kind != "service")[:4])
    if reason is Reason.UNKNOWN_OPERATOR:
        return ", ".join(sorted(operators.load())[:4])
    return _EXAMPLES.get(_FIELD_OF.get(reason, ""), "")
