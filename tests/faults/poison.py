"""Every kind of bad record of issue and contract: how it is made of a good one, and the reason code that it must get."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from shared.contracts import envelope as ce
from shared.messaging.reasons import Reason

Headers = list[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Raw:
    """A record as any producer may send it."""

    topic: str
    key: bytes | None
    headers: Headers
    value: bytes | None


Spoil = Callable[[Raw], Raw]


def header(name: str, *values: bytes | None) -> Spoil:
    """The record with a header replaced: absent without a value, repeated with several."""

    def spoil(raw: Raw) -> Raw:
        others = [pair for pair in raw.headers if pair[0] != name]
        return replace(raw, headers=others + [(name, value) for value in values])

    return spoil


def body(change: Callable[[bytes], bytes | None]) -> Spoil:
    """The record with its value changed."""
    return lambda raw: replace(raw, value=change(raw.value or b""))


def field(text: bytes) -> Spoil:
    """The record with one more member in its object, as text."""
    return body(lambda value: value[:-1] + b"," + text + b"}")


TYPE = b"gongji.settlement.requests."
KINDS: dict[str, tuple[Reason, Spoil]] = {
    "unknown type": (Reason.UNKNOWN_TYPE, header(ce.CE_TYPE, TYPE + b"give-away.v1")),
    "no type at all": (Reason.BAD_TYPE, header(ce.CE_TYPE, b"settle")),
    "unknown version from outside": (Reason.UNKNOWN_VERSION, header(ce.CE_TYPE, TYPE + b"settle.v9")),
    "type of another topic": (Reason.WRONG_TOPIC, header(ce.CE_TYPE, b"gongji.premium.requests.pay.v1")),
    "unknown source": (Reason.UNKNOWN_SOURCE, header(ce.CE_SOURCE, b"nobody")),
    "unentitled source": (Reason.NOT_ENTITLED, header(ce.CE_SOURCE, b"zheliban")),
    "NULL header": (Reason.HEADER_NULL, header(ce.CE_ID, None)),
    "binary header": (Reason.HEADER_BINARY, header(ce.CE_SUBJECT, b"\xff\xfe\x00\x80")),
    "repeated header": (Reason.HEADER_REPEATED, header(ce.CE_ID, b"one", b"two")),
    "missing header": (Reason.HEADER_MISSING, header(ce.CE_SOURCE)),
    "another CloudEvents version": (Reason.SPEC_VERSION, header(ce.CE_SPECVERSION, b"0.3")),
    "not JSON by its own word": (Reason.CONTENT_TYPE, header("content-type", b"text/xml")),
    "id with a line break": (Reason.BAD_ID, header(ce.CE_ID, b"a\nb")),
    "time without zone": (Reason.BAD_TIME, header(ce.CE_TIME, b"2026-11-23T10:00:00")),
    "no key": (Reason.NULL_KEY, lambda raw: replace(raw, key=None)),
    "key of somebody else": (Reason.KEY_MISMATCH, lambda raw: replace(raw, key=b"330100000000000001")),
    "subject of another message": (
        Reason.SUBJECT_MISMATCH,
        header(ce.CE_SUBJECT, b"H330100000012026112310000000019"),
    ),
    "NULL value": (Reason.NULL_VALUE, body(lambda value: None)),
    "broken JSON": (Reason.BROKEN_JSON, body(lambda value: value[: len(value) // 2])),
    "no object": (Reason.NOT_AN_OBJECT, body(lambda value: b"[" + value + b"]")),
    "duplicate keys": (Reason.DUPLICATE_KEYS, field(b'"medfee_sumamt":"0.01"')),
    "lone surrogate": (Reason.LONE_SURROGATE, field(rb'"note":"\ud800"')),
    "NUL character": (Reason.NUL_CHARACTER, field(rb'"note":"\u0000"')),
    "not UTF-8": (Reason.NOT_UTF8, field(b'"note":"\xc3\x28"')),
    "byte order mark": (Reason.BYTE_ORDER_MARK, body(lambda value: b"\xef\xbb\xbf" + value)),
    "NaN money": (Reason.NOT_A_NUMBER, field(b'"fund_pay_sumamt":NaN')),
    "integer of 5,000 digits": (Reason.HUGE_NUMBER, field(b'"note":' + b"9" * 5000)),
    "nesting of 20,000": (Reason.TOO_DEEP, field(b'"note":' + b"[" * 20_000 + b"]" * 20_000)),
    "a megabyte": (Reason.TOO_LARGE, field(b'"note":"' + b"x" * 1_100_000 + b'"')),
    "no patient": (Reason.BAD_ADDRESS, body(lambda value: value.replace(b'"psn_no"', b'"psn_nr"', 1))),
}
"""By what is wrong. `ID_REUSED` is the one kind that needs a good record before it; the test makes it itself."""


def spoilt(kind: str, raw: Raw) -> Raw:
    """A good record made bad in that way."""
    return KINDS[kind][1](raw)


def same_headers(original: Headers, kept: Sequence[tuple[str, bytes | None]]) -> bool:
    """Whether a dead letter begins with every header of the original, in order."""
    return list(kept)[: len(original)] == original
