"""Bodies that two readers could understand differently."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.messaging.jsontext import inspect, keys_may_repeat, suspicious
from shared.messaging.reasons import Reason


class Inner(BaseModel):
    a: int = 0


class Outer(BaseModel):
    text: str = ""
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    listed: list[Inner] = []


BAD = [
    (b'\xef\xbb\xbf{"a": 1}', Reason.BYTE_ORDER_MARK),
    (b'{"a": "\xff"}', Reason.NOT_UTF8),
    (b'{"a": "\xed\xa0\x80"}', Reason.NOT_UTF8),
    (b'{"a": "\\ud800"}', Reason.LONE_SURROGATE),
    (b'{"\\udc00": 1}', Reason.LONE_SURROGATE),
    (b'{"a": "x\\u0000y"}', Reason.NUL_CHARACTER),
    (b'{"a": ["\\u0000"]}', Reason.NUL_CHARACTER),
    (b'{"a": "\x00"}', Reason.NUL_CHARACTER),
    (b'{"a": NaN}', Reason.NOT_A_NUMBER),
    (b'{"a": -Infinity}', Reason.NOT_A_NUMBER),
    (b'{"a": ' + b"9" * 5000 + b"}", Reason.HUGE_NUMBER),
    (b'{"a": 1e999}', Reason.HUGE_NUMBER),
    (b'{"a": 0.' + b"1" * 5000 + b"}", Reason.HUGE_NUMBER),
    (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", Reason.TOO_DEEP),
    (b'{"a":' * 100_00 + b"1" + b"}" * 100_00, Reason.TOO_DEEP),
    (b'{"a": 1, "a": 2}', Reason.DUPLICATE_KEYS),
    (b'{"x": {"a": 1, "\\u0061": 2}}', Reason.DUPLICATE_KEYS),
    (b'{"a": 1', Reason.BROKEN_JSON),
    (b"", Reason.BROKEN_JSON),
    (b"[1]", Reason.NOT_AN_OBJECT),
    (b'"text"', Reason.NOT_AN_OBJECT),
]


@pytest.mark.parametrize(("value", "reason"), BAD, ids=[f"{r.value}-{n}" for n, (_, r) in enumerate(BAD)])
def test_each_fault_has_its_reason(value: bytes, reason: Reason) -> None:
    assert inspect(value) is reason


def test_a_sound_body_is_parsed() -> None:
    assert inspect('{"a": [1, 2.5, null, {"名": "\\\\u0000"}]}'.encode()) == {
        "a": [1, 2.5, None, {"名": "\\u0000"}]
    }


def test_brackets_in_strings_are_no_depth() -> None:
    assert inspect(json.dumps({"a": "[" * 100 + '"{'}).encode()) == {"a": "[" * 100 + '"{'}


@pytest.mark.parametrize(
    "value",
    [
        v
        for v, r in BAD
        if r in {Reason.LONE_SURROGATE, Reason.NUL_CHARACTER, Reason.NOT_A_NUMBER, Reason.TOO_DEEP}
        and b"\x00" not in v
    ],
)
def test_what_the_fast_parser_takes_in_its_stride_is_suspicious(value: bytes) -> None:
    assert suspicious(value)


def test_huge_number_in_an_unknown_field_is_suspicious() -> None:
    assert suspicious(b'{"unknown": ' + b"9" * 1000 + b"}")


def test_escaped_chinese_is_not_suspicious() -> None:
    assert not suspicious(json.dumps({"name": "张三"}).encode())


@pytest.mark.parametrize(
    ("value", "may"),
    [
        (b'{"text":"x","inner":{"a":1},"many":[{"a":1},{}],"listed":[{"a":2}]}', False),
        (b'{"text": "x", "inner": {"a": 1}}', False),
        (b'{"text":"x","text":"y"}', True),
        (b'{"text" :"x","text":"y"}', True),
        (b'{"text"\n:"x","text":"y"}', True),
        (b'{"inner":{"a":1,"a":2}}', True),
        (b'{"many":[{"a":1,"a":2}]}', True),
        (b'{"unknown":1}', True),
        (b'{"text":"\\":"}', True),
    ],
)
def test_keys_may_repeat(value: bytes, may: bool) -> None:
    assert keys_may_repeat(value, Outer.model_validate_json(value)) is may


_KEYS = st.sampled_from(["text", "inner", "other", "a"])
_SPACE = st.sampled_from(["", " ", "\n", "\t"])


@given(st.lists(st.tuples(_KEYS, _SPACE, _SPACE), max_size=5))
def test_no_repetition_passes_the_fast_check(fields: list[tuple[str, str, str]]) -> None:
    """Whatever the spelling: where the fast check is satisfied the exact one is too."""
    inner = {"inner": '{"a":1}', "text": '"x"'}
    body = "{" + ",".join(f'"{k}"{s}:{t}{inner.get(k, "1")}' for k, s, t in fields) + "}"
    value = body.encode()
    repeated = len({k for k, _, _ in fields}) < len(fields)
    if repeated:
        assert keys_may_repeat(value, Outer.model_validate_json(value))
        assert inspect(value) is Reason.DUPLICATE_KEYS
