"""Is a body JSON that two readers understand alike? Cheap on the good path, exact when something looks odd.

The parser of pydantic takes duplicate keys, NaN and NUL escapes in its stride, and huge numbers in fields that no model
knows; PostgreSQL's text cannot hold NUL, and readers differ on the rest. So `suspicious` looks for byte patterns without which none of
these can occur, and only then `inspect` parses with the standard library, which can tell.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from shared.messaging.reasons import Reason

MAX_DEPTH = 32
MAX_DIGITS = 400
_NUMBER = re.compile(r"-?[0-9][0-9.eE+-]*")
_SHORT = MAX_DIGITS


class _Bad(Exception):
    def __init__(self, reason: Reason) -> None:
        self.reason = reason


def suspicious(value: bytes) -> bool:
    """True unless the bytes rule out NUL, surrogates, NaN, Infinity, deep nesting and huge numbers. Duplicate keys: `colons`."""
    return (
        (b"\\" in value and _ESCAPES.search(value) is not None)
        or b"NaN" in value
        or b"Infinity" in value
        or value.count(b"{") + value.count(b"[") > MAX_DEPTH
        or (len(value) > _SHORT and _many_digits(value))
    )


def _many_digits(value: bytes) -> bool:
    """Whether so many digits stand in a row. Every 50th byte tells at once that they do not: eight of them would be digits."""
    return _SAMPLED.search(value[::_STEP]) is not None and _DIGITS.search(value) is not None


_STEP = 50
_SAMPLED = re.compile(rb"[0-9]{%d}" % (MAX_DIGITS // _STEP))
_DIGITS = re.compile(rb"[0-9]{%d}" % MAX_DIGITS)
_ESCAPES = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def keys_may_repeat(value: bytes, body: BaseModel) -> bool:
    """False only when the text holds exactly as many keys as the model read, so that none can have occurred twice.

    Every key is followed by a colon, with or without space. Where no quote is followed by space, the number of `":` is at
    least the number of keys, so equality with the number of distinct known keys proves the point.
    """
    if value.count(b'":') != _known_keys(body):
        return True
    # Looking for one byte is nearly free, for two it is not; most texts have no space at all.
    return any(space in value and b'"' + space in value for space in _SPACES)


_SPACES = (b" ", b"\n", b"\r", b"\t")


def _known_keys(body: BaseModel) -> int:
    fields = body.__pydantic_fields_set__
    count = len(fields)
    for name in _holders(type(body)):
        if name in fields:
            child = getattr(body, name)
            for one in child if type(child) is tuple or type(child) is list else (child,):
                if hasattr(one, "__pydantic_fields_set__"):  # a model; `isinstance` costs five times as much
                    count += _known_keys(one)
    return count


@cache
def _holders(model: type[BaseModel]) -> tuple[str, ...]:
    """Fields of `model` that may hold models, directly or in a sequence."""
    return tuple(name for name, field in model.model_fields.items() if _may_hold(field.annotation))


def _may_hold(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True
    return any(_may_hold(argument) for argument in get_args(annotation))


def inspect(value: bytes) -> Reason | dict[str, Any]:
    """Parses exactly: the reason why the text cannot be used, or the object it holds."""
    if value.startswith(b"\xef\xbb\xbf"):
        return Reason.BYTE_ORDER_MARK
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return Reason.NOT_UTF8
    if _depth(text) > MAX_DEPTH:
        return Reason.TOO_DEEP
    try:
        parsed = _DECODER.decode(text)
    except _Bad as bad:
        return bad.reason
    except (ValueError, RecursionError):
        return Reason.NUL_CHARACTER if "\0" in text else Reason.BROKEN_JSON
    if not isinstance(parsed, dict):
        return Reason.NOT_AN_OBJECT
    return _characters(parsed) or parsed


def _depth(text: str) -> int:
    """Deepest nesting of brackets outside strings; broken texts may give any number."""
    depth = deepest = 0
    for token in _TOKENS.finditer(text):
        mark = token[0]
        if mark in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "}]":
            depth -= 1
    return deepest


_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\]]', re.DOTALL)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Bad(Reason.DUPLICATE_KEYS)
    return found


def _number(text: str) -> Any:
    if len(text) > MAX_DIGITS:
        raise _Bad(Reason.HUGE_NUMBER)
    return int(text)


def _float(text: str) -> float:
    if len(text) > MAX_DIGITS or float(text) in (float("inf"), float("-inf")):
        raise _Bad(Reason.HUGE_NUMBER)
    return float(text)


def _constant(_: str) -> Any:
    raise _Bad(Reason.NOT_A_NUMBER)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_number, parse_float=_float, parse_constant=_constant, strict=True
)


def _characters(parsed: Any) -> Reason | None:
    for text in _texts(parsed):
        if "\0" in text:
            return Reason.NUL_CHARACTER
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            return Reason.LONE_SURROGATE
    return None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, child in value.items():
            yield name
            yield from _texts(child)
    elif isinstance(value, list):
        for child in value:
            yield from _texts(child)
