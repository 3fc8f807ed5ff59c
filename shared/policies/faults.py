"""Faults of region files in words: file, path, value and what is expected, with the nearest known word."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import ValidationError

from shared.contracts.reason_texts import REASONS
from shared.policies.described import Described, described
from shared.policies.entries import SECTIONS
from shared.policies.types import Document

_SHOWN = 80
_TYPES = {
    "bool_type": "true or false",
    "int_type": "a whole number without quotes",
    "string_type": "a text in quotes",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "frozen_set_type": "a list",
    "dataclass_type": "a mapping",
}
_PATTERNS = {
    r"^[0-9A-Za-z]{1,20}$": "a code of at most 20 letters and digits",
    r"^[0-9-]{3,20}$": "a telephone number such as 12393 or 021-12393",
    r"^[a-z][a-z0-9-]{1,39}$": "a word of small letters, digits and hyphens, such as outpatient",
}


class Fault(Exception):
    """A value that cannot be used: path, value, what is expected."""

    def __init__(self, path: str, value: Any, expected: str) -> None:
        super().__init__(path, value, expected)
        self.path, self.value, self.expected = path, value, expected

    def line(self, file: str) -> str:
        """The fault on one line."""
        shown = _written(self.value)
        shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 3] + "..."
        return f"{file}: {self.path or '(top)'}: {shown}: expected {self.expected}"


def _written(value: Any) -> str:
    """A value about as the file writes it."""
    if value is None:
        return "nothing"
    if isinstance(value, date):
        return value.isoformat()
    return " ".join(re.sub(r"datetime\.date\((\d+), (\d+), (\d+)\)", r"\1-\2-\3", repr(value)).split())


def one_of(words: Iterable[str], given: object = None) -> str:
    """A choice of words, with the nearest one first where `given` resembles it."""
    known = list(words)
    close = get_close_matches(str(given), known, n=1, cutoff=0.6) if isinstance(given, str) else []
    return f"one of {', '.join(known)}" + (f" (did you mean {close[0]}?)" if close else "")


def faults(path: str, at: str, raw: Any, error: ValidationError) -> Iterator[Fault]:
    """What pydantic found, in the words of the format. `at`: where the value stands."""
    told = error.errors(include_url=False)
    deeper = {found["loc"][:n] for found in told for n in range(len(found["loc"]))}
    for found in told:
        if found["type"] == "too_short" and found["loc"] in deeper:
            continue  # short only because an item of it is wrong
        place = [part for part in found["loc"] if part != "[key]"]
        steps = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in place)
        value = found.get("input", raw)
        expected = _expected(found, value)
        if found["type"] == "unexpected_keyword_argument":
            expected = one_of(_nested(path), place[-1])
        elif not place:
            expected += f", for example {said(path).example or 'true'}"
        yield Fault(at + steps, value, expected)


def _expected(found: Mapping[str, Any], value: Any) -> str:
    kind, context = found["type"], found.get("ctx") or {}
    if kind in ("literal_error", "enum"):
        return one_of(re.findall(r"'([^']+)'", context["expected"]), value)
    if kind == "too_short":
        return f"at least {context['min_length']} of them"
    if kind == "missing":
        return f"the key {found['loc'][-1]}"
    if kind == "greater_than_equal":
        return f"{context['ge']} or more"
    if kind == "less_than_equal":
        return f"{context['le']} or less"
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], f"a text like {context['pattern']}")
    told: str = _TYPES.get(kind) or found["msg"].removeprefix("Value error, ")
    return told


def _nested(path: str) -> list[str]:
    """The keys of the mapping that a value is made of."""
    section, name = path.split(".")
    hint = typing.get_type_hints(SECTIONS[section], include_extras=True)[name]
    return [f.name for kind in _dataclasses(hint) for f in fields(kind)]


def _dataclasses(hint: Any) -> Iterator[Any]:
    if is_dataclass(hint) and hint is not Document:
        yield hint
    for part in typing.get_args(hint):
        yield from _dataclasses(part)


@cache
def _all_said() -> Mapping[str, Described]:
    return {
        f"{name}.{key}": words
        for name, section in SECTIONS.items()
        for key, words in described(section).items()
    }


def said(path: str) -> Described:
    """What the documentation says of a key."""
    return _all_said()[path]


def unspoken() -> Iterator[str]:
    """One line for each reason that a key may lead to and that has no text: an applicant would read nothing."""
    for path, words in _all_said().items():
        for code in words.reasons:
            text = REASONS.get(code)
            if text is None or not all(part.strip() for part in text):
                yield f"values.py: {path}: {code!r}: expected a reason with text and remedy in Chinese and English"
