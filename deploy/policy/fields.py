"""Reading a case's YAML: known keys only, and one line that says file, case, key and what is expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Any, TypeVar

from shared.clock import BEIJING

Parser = Callable[[Any], Any]
MORNING = time(10, 0)
"""The hour of a day that is given without one."""


T = TypeVar("T")
_TO_THE_MINUTE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{1,2}:[0-9]{2})")


class CaseError(ValueError):
    """Cases that cannot be read. Each of `lines` names file, case, key, and what is expected there."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        super().__init__("; ".join(lines))


def each(make: Callable[[int, Any], T], trees: Iterable[Any]) -> list[T]:
    """What is made of each tree and its number, from 1. Raises one `CaseError` with the faults of all."""
    made: list[T] = []
    faults: list[str] = []
    for n, tree in enumerate(trees, start=1):
        try:
            made.append(make(n, tree))
        except CaseError as error:
            faults += error.lines
    if faults:
        raise CaseError(*faults)
    return made


def read(tree: Any, known: Mapping[str, Parser], where: str, need: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values of a mapping by key. `CaseError` for a key that nobody knows, one that is missing, a value that does not fit."""
    if not isinstance(tree, Mapping):
        raise CaseError(f"{where}: {shown(tree)}: 应为键和值 expected a mapping with keys {', '.join(known)}")
    for key in tree:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            meant = f"; 是否 did you mean {near[0]}" if near else ""
            raise CaseError(
                f"{where}: {key}: 没有这个键 unknown key{meant}; 可用 known here: {', '.join(known)}{line_of(tree, key)}"
            )
    for key in need:
        if key not in tree:
            raise CaseError(f"{where}: {key}: 缺少 missing{line_of(tree)}")
    return {
        key: parsed(value, known[key], f"{where}: {key}", line_of(tree, key)) for key, value in tree.items()
    }


def line_of(tree: Any, key: Any = None) -> str:
    """Where a mapping, or one of its keys, stands in its file; empty unless it was read with `shared.policies.yamltext.Lined`."""
    lines: Mapping[Any, int] | None = getattr(tree, "lines", None)
    if not lines:
        return ""
    return f" (line {lines.get(key, min(lines.values()))})"


def parsed(value: Any, parser: Parser, where: str, line: str = "") -> Any:
    """One value. A parser says in its `ValueError` what it expects; `line` as `line_of` has it."""
    try:
        return parser(value)
    except CaseError:
        raise
    except ValueError as error:
        raise CaseError(f"{where}: {shown(value)}: 应为 expected {error}{line}") from None


def shown(value: Any) -> str:
    """A value as an error message quotes it."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def anything(value: Any) -> Any:
    """A value that is read later, when more is known."""
    return value


def text(value: Any) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError("文字 a text")


def region(value: Any) -> str:
    if isinstance(value, str) and len(value) == 6 and value.isdigit():
        return value
    raise ValueError('加引号的六位代码 a quoted six-digit code, for example "330100"')


def flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def number(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("整数 a whole number")


def day(value: Any) -> date:
    if type(value) is date:
        return value
    raise ValueError("日期 a date, for example 2026-11-23")


def moment(value: Any) -> datetime:
    """A Beijing day (then 10:00) or a Beijing time."""
    if type(value) is date:
        return datetime.combine(value, MORNING, BEIJING)
    if isinstance(value, datetime):
        return value.replace(tzinfo=BEIJING) if value.tzinfo is None else value
    if isinstance(value, str) and (
        found := _TO_THE_MINUTE.fullmatch(value)
    ):  # YAML knows no time without seconds
        with suppress(ValueError):
            return datetime.fromisoformat(f"{found[1]}T{found[2]:0>5}").replace(tzinfo=BEIJING)
    raise ValueError(
        "北京时间的日期或时间 a Beijing date or time, for example 2026-11-23 or 2026-11-23 23:59:59"
    )


def one_of(words: Mapping[str, Any]) -> Parser:
    """What a word means; words of both languages may stand side by side."""

    def parse(value: Any) -> Any:
        if isinstance(value, str) and value in words:
            return words[value]
        raise ValueError(f"其中之一 one of {', '.join(words)}")

    return parse


def several(parser: Parser) -> Parser:
    """A list of values; one value alone is a list too."""

    def parse(value: Any) -> tuple[Any, ...]:
        return tuple(parser(v) for v in (value if isinstance(value, list) else [value]))

    return parse
