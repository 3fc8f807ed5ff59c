"""Two levels of validation: dead letters with a reason, and `Invalid` for the handler."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import Field, model_validator

from shared.clock import SystemClock
from shared.contracts.base import Message
from shared.messaging.address import AddressError, address_of
from shared.messaging.decode import Dead, Decoded, Decoder, NewerVersion, read_body
from shared.messaging.handler import Invalid, Tombstone
from shared.messaging.reasons import Reason
from shared.messaging.records import PlainRecord
from shared.messaging.registry import default
from tests.integration.messaging.toy import RESULTS, TOPIC, Asked, make_registry

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
MS = int(NOW.timestamp() * 1000)
BODY = b'{"person":"p1","amount":5}'
HEADERS = {
    "ce_specversion": b"1.0",
    "ce_id": b"id-1",
    "ce_source": b"app-one",
    "ce_type": b"gongji.toy.requests.asked.v1",
    "ce_time": b"2026-11-23T09:59:00+08:00",
    "content-type": b"application/json",
}


def record(
    value: bytes | None = BODY,
    *,
    key: bytes | None = b"p1",
    topic: str = TOPIC,
    more: tuple[tuple[str, bytes | None], ...] = (),
    **headers: bytes | None,
) -> PlainRecord:
    """A sound record but for what is given; a header given as `None` is left out."""
    named = HEADERS | {name.replace("__", "-"): v for name, v in headers.items()}
    pairs = [(n, v) for n, v in named.items() if v is not None]
    return PlainRecord(topic, 3, 7, MS, key, value, (*pairs, *more))


def decoder(aside: str = "") -> Decoder:
    return Decoder(make_registry(), SystemClock(), lambda source: source == aside)


def decoded(rec: PlainRecord) -> Decoded:
    found = decoder().decode(rec)
    assert isinstance(found, Decoded), found
    return found


def test_a_sound_record_becomes_an_event() -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    event = decoded(record(ce_subject=b"p1", traceparent=trace.encode())).event
    assert (event.topic, event.partition, event.offset, event.key) == (TOPIC, 3, 7, b"p1")
    assert (event.source, event.id, event.type, event.subject) == (
        "app-one",
        "id-1",
        "toy.requests.asked",
        "p1",
    )
    assert event.time == datetime(2026, 11, 23, 1, 59, tzinfo=UTC)
    assert event.time.tzinfo is UTC
    assert (event.appended_at, event.time_believed, event.trace) == (NOW, True, trace)
    assert event.body == Asked(person="p1", amount=5)


REJECTED = [
    (record(b"x" * (256 * 1024 + 1)), Reason.TOO_LARGE),
    (record(more=(("x", b"y" * 20_000),)), Reason.TOO_LARGE),
    (record(more=(("ce_id", b"again"),)), Reason.HEADER_REPEATED),
    (record(ce_id=None, more=(("ce_id", None),)), Reason.HEADER_NULL),
    (record(ce_time=b"\xff\xfe"), Reason.HEADER_BINARY),
    (record(ce_id=None), Reason.HEADER_MISSING),
    (record(ce_source=None), Reason.HEADER_MISSING),
    (record(ce_type=None), Reason.HEADER_MISSING),
    (record(ce_specversion=None), Reason.HEADER_MISSING),
    (record(ce_specversion=b"0.3"), Reason.SPEC_VERSION),
    (record(content__type=b"application/cloudevents+json"), Reason.CONTENT_TYPE),
    (record(content__type=b"text/plain"), Reason.CONTENT_TYPE),
    (record(ce_id=b""), Reason.BAD_ID),
    (record(ce_id="张".encode()), Reason.BAD_ID),
    (record(ce_id=b"x" * 129), Reason.BAD_ID),
    (record(ce_id=b"a\0b"), Reason.BAD_ID),
    (record(ce_source=b"nobody"), Reason.UNKNOWN_SOURCE),
    (record(ce_source=b"App One"), Reason.UNKNOWN_SOURCE),
    (record(ce_type=b"toy.requests.asked"), Reason.BAD_TYPE),
    (record(ce_type=b"gongji.toy.requests.gone.v1"), Reason.UNKNOWN_TYPE),
    (record(topic="elsewhere"), Reason.WRONG_TOPIC),
    (record(ce_source=b"gongji-toy"), Reason.NOT_ENTITLED),
    (record(ce_source=b"gongji-toy", ce_type=b"gongji.toy.requests.asked.v2"), Reason.NOT_ENTITLED),
    (record(ce_type=b"gongji.toy.requests.asked.v2"), Reason.UNKNOWN_VERSION),
    (record(None), Reason.NULL_VALUE),
    (record(key=None), Reason.NULL_KEY),
    (record(b"{broken"), Reason.BROKEN_JSON),
    (record(b'\xef\xbb\xbf{"person":"p1","amount":5}'), Reason.BYTE_ORDER_MARK),
    (record(b'{"person":"p1","amount":5,"x":NaN}'), Reason.NOT_A_NUMBER),
    (record(b'{"person":"p1","amount":5,"amount":6}'), Reason.DUPLICATE_KEYS),
    (record(b'{"person":"p1","amount":5,"x":{"y":1,"y":2}}'), Reason.DUPLICATE_KEYS),
    (record(b'{"person":"p1","amount":5,"x":"\\u0000"}'), Reason.NUL_CHARACTER),
    (record(b'{"person":"p1","amount":5,"x":"\\ud83d"}'), Reason.LONE_SURROGATE),
    (record(b"[]"), Reason.NOT_AN_OBJECT),
    (record(key=b"p2"), Reason.KEY_MISMATCH),
    (record(b'{"amount":5}'), Reason.BAD_ADDRESS),
    (record(b'{"person":null,"amount":5}'), Reason.BAD_ADDRESS),
    (record(b'{"person":{"a":1},"amount":5}'), Reason.KEY_MISMATCH),
    (record(('{"person":"' + "x" * 31 + '","amount":5}').encode(), key=b"x" * 31), Reason.BAD_ADDRESS),
    (record(b'{"person":"p2","amount":-5}'), Reason.KEY_MISMATCH),
    (record(ce_subject=b"p2"), Reason.SUBJECT_MISMATCH),
    (record(ce_subject=b"x" * 200), Reason.BAD_SUBJECT),
    (record(ce_subject=b"a\x01"), Reason.BAD_SUBJECT),
    (record(ce_time=b"yesterday"), Reason.BAD_TIME),
    (record(ce_time=b"2026-11-23T10:00:00"), Reason.BAD_TIME),
    (record(ce_time=b"0001-01-01T00:00:00+14:00"), Reason.BAD_TIME),
]


@pytest.mark.parametrize(
    ("bad", "reason"), REJECTED, ids=[f"{n}-{r.value}" for n, (_, r) in enumerate(REJECTED)]
)
def test_level_one(bad: PlainRecord, reason: Reason) -> None:
    found = decoder().decode(bad)
    assert isinstance(found, Dead)
    assert found.reason is reason
    assert found.record is bad


def test_faults_before_the_source_is_known_blame_nobody_and_later_ones_blame_it() -> None:
    early, late = decoder().decode(record(ce_id=b"")), decoder().decode(record(b"{"))
    assert isinstance(early, Dead)
    assert isinstance(late, Dead)
    assert (early.source, late.source, late.id) == (None, "app-one", "id-1")


def test_every_level_one_reason_is_tested() -> None:
    seen = {reason for _, reason in REJECTED}
    elsewhere = {
        Reason.SOURCE_SET_ASIDE, Reason.NOT_UTF8, Reason.HUGE_NUMBER, Reason.TOO_DEEP, Reason.ID_REUSED, Reason.HANDLER_FAILED,
        Reason.CONTRACT_BROKEN, Reason.UNKNOWN_OPERATOR,
    }  # fmt: skip
    assert seen == set(Reason) - elsewhere


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"person":"p1","amount":5}', None),
        (b'{"person":"p1","amount":-5}', None),
        (b'{"person":"p2","amount":5}', Reason.UNKNOWN_OPERATOR),
        (b'{"person":"p2","amount":-5}', Reason.UNKNOWN_OPERATOR),
    ],
)
def test_who_speaks_in_a_body_is_registered(body: bytes, reason: Reason | None) -> None:
    toy = make_registry()
    types = {name: replace(kind, actor="person") for name, kind in toy.types.items()}
    registry = replace(toy, types=types, registered=lambda person: person == "p1")
    key = b"p1" if b"p1" in body else b"p2"
    found = Decoder(registry, SystemClock()).decode(record(body, key=key))
    assert (found.reason if isinstance(found, Dead) else None) is reason


def test_a_wrong_name_of_who_speaks_is_left_to_the_answer() -> None:
    verdict = (
        b'{"binding_id":"0192f0c1-5a00-7000-8000-000000000001","operator_id":"\xe4\xb8\x8d\xe8\xaf\xa6"}'
    )
    sent = record(
        verdict,
        key=b"0192f0c1-5a00-7000-8000-000000000001",
        topic="review.verdicts",
        ce_source=b"desk",
        ce_type=b"gongji.review.verdicts.claimed.v1",
    )
    found = Decoder(default(), SystemClock()).decode(sent)
    assert isinstance(found, Decoded)
    assert isinstance(found.event.body, Invalid)
    assert [e.field for e in found.event.body.errors] == ["operator_id"]
    unknown = replace(sent, value=verdict.replace("不详".encode(), b"nobody-1"))
    dead = Decoder(default(), SystemClock()).decode(unknown)
    assert isinstance(dead, Dead)
    assert (dead.reason, dead.source) == (Reason.UNKNOWN_OPERATOR, "desk")
    known = replace(sent, value=verdict.replace("不详".encode(), b"reviewer-01"))
    assert isinstance(Decoder(default(), SystemClock()).decode(known), Decoded)


def test_a_source_set_aside_is_not_read() -> None:
    found = decoder("app-one").decode(record(b"{"))
    assert isinstance(found, Dead)
    assert (found.reason, found.source) == (Reason.SOURCE_SET_ASIDE, "app-one")


def test_a_newer_version_from_one_of_ours_is_not_a_dead_letter() -> None:
    body = b'{"person":"p1","total":5}'
    with pytest.raises(NewerVersion):
        decoder().decode(
            record(body, topic=RESULTS, ce_source=b"gongji-toy", ce_type=b"gongji.toy.results.counted.v2")
        )


def test_a_wrong_field_of_one_of_ours_is_a_dead_letter() -> None:
    body = b'{"person":"p1","total":"many"}'
    found = decoder().decode(
        record(body, topic=RESULTS, ce_source=b"gongji-toy", ce_type=b"gongji.toy.results.counted.v1")
    )
    assert isinstance(found, Dead)
    assert (found.reason, found.source, found.id) == (Reason.CONTRACT_BROKEN, "gongji-toy", "id-1")


def test_other_wrong_fields_reach_the_handler_with_field_reason_and_example() -> None:
    body = decoded(record(b'{"person":"p1","amount":-5,"do":7}')).event.body
    assert isinstance(body, Invalid)
    assert [(e.field, e.example) for e in body.errors] == [("amount", "5"), ("do", "text")]
    assert "greater than or equal" in body.errors[0].reason
    assert body.fields == {"person": "p1", "amount": -5, "do": 7}


def test_headers_that_we_do_not_know_may_hold_anything() -> None:
    odd = (("x", None), ("x", b"\xff"), ("retry_topic-attempts", b"\0\0\0\1"), ("traceparent", b"\xff"))
    event = decoded(record(more=odd)).event
    assert event.trace is None


def test_unknown_fields_are_ignored() -> None:
    body = decoded(record(b'{"person":"p1","amount":5,"later":{"a":[1]}}')).event.body
    assert body == Asked(person="p1", amount=5)


@pytest.mark.parametrize(
    ("sent", "believed"),
    [
        (NOW - timedelta(hours=72), True),
        (NOW - timedelta(hours=72, seconds=1), False),
        (NOW + timedelta(minutes=5), True),
        (NOW + timedelta(minutes=5, seconds=1), False),
    ],
)
def test_the_time_of_an_outsider_is_believed_within_bounds(sent: datetime, believed: bool) -> None:
    event = decoded(record(ce_time=sent.isoformat().encode())).event
    assert event.time_believed is believed
    assert event.time == (sent if believed else NOW)


def test_a_message_without_time_happened_when_it_was_appended() -> None:
    event = decoded(record(ce_time=None)).event
    assert (event.time, event.time_believed, event.subject) == (NOW, True, "p1")


def test_the_time_of_one_of_ours_is_always_believed() -> None:
    ours = record(
        b'{"person":"p1","total":5}',
        topic=RESULTS,
        ce_source=b"gongji-toy",
        ce_type=b"gongji.toy.results.counted.v1",
        ce_time=b"2020-01-01T00:00:00Z",
    )
    event = decoded(ours).event
    assert event.time_believed
    assert event.time.year == 2020


def test_a_tombstone_is_allowed_on_a_compacted_topic_only() -> None:
    gone = record(None, topic=RESULTS, ce_source=b"gongji-toy", ce_type=b"gongji.toy.results.counted.v1")
    assert isinstance(decoded(gone).event.body, Tombstone)


def test_the_hash_is_of_type_and_body() -> None:
    one = decoded(record()).hash
    assert one == decoded(replace(record(), offset=9)).hash
    assert one != decoded(record(b'{"person":"p1","amount":6}')).hash
    assert len(one) == 16


def test_a_replay_is_judged_by_its_first_append_time() -> None:
    old = NOW - timedelta(days=10)
    replay = record(ce_time=old.isoformat().encode(), more=(("x-original-topic", TOPIC.encode()),))
    found = decoded(replay)
    assert found.replay
    assert not found.event.time_believed
    event = decoder().retimed(found, old)
    assert (event.time, event.appended_at, event.time_believed) == (old, old, True)
    assert decoder().retimed(decoded(record(ce_time=None)), old).time == old


def test_made_up_versions_are_not_remembered() -> None:
    one = decoder()
    for version in range(2, 50):
        found = one.decode(record(ce_type=f"gongji.toy.requests.asked.v{version}".encode()))
        assert isinstance(found, Dead)
        assert found.reason is Reason.UNKNOWN_VERSION
    assert one._names == {}
    zero = one.decode(record(ce_type=b"gongji.toy.requests.asked.v01"))
    assert isinstance(zero, Dead)
    assert zero.reason is Reason.BAD_TYPE


def test_a_key_field_of_another_type_is_a_bad_address_even_if_the_model_only_says_that_all_is_wrong() -> None:
    class Whole(Message):
        person: str

        @model_validator(mode="before")
        @classmethod
        def no(cls, _: object) -> object:
            raise ValueError("no")

    kind = make_registry().types["toy.requests.asked"]
    kind = replace(kind, key_of=lambda b: b.person, subject_of=lambda b: b.person)
    kind = replace(kind, model=Whole, validate=Whole.__pydantic_validator__.validate_json)
    body = read_body(kind, b'{"person":5}')
    with pytest.raises(AddressError):
        address_of(kind, body)


def test_examples_are_found_in_nested_models() -> None:
    class Inner(Message):
        n: int = Field(examples=["3"])

    class Outer(Message):
        person: str
        inner: Inner | None = None
        many: tuple[Inner, ...] = ()

    registry = make_registry()
    kind = replace(
        registry.types["toy.requests.asked"], model=Outer, validate=Outer.__pydantic_validator__.validate_json
    )
    body = read_body(kind, b'{"person":"p","inner":{"n":"x"},"many":[{"n":1},{"n":"y"}]}')
    assert isinstance(body, Invalid)
    assert [(e.field, e.example) for e in body.errors] == [("inner.n", "3"), ("many.1.n", "3")]
