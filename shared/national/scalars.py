"""Single values of the national interface: how each kind may be written by a sender, and how we write it."""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final, NamedTuple

from shared.clock import BEIJING
from shared.contracts.base import yuan

MOST: Final = 10**16
"""Amounts have sixteen digits, two of them after the point (`16,2`), so this many fen is one too many."""

_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")
_DATES = ("%Y-%m-%d", "%Y%m%d", "%Y-%m-%d %H:%M:%S")
_FRACTION = re.compile(r"\.[0-9]+$")
_OFFSET = re.compile(r":[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})$")
_DIGITS = 28
"""Never rounds: what has more digits than fit is refused."""


class Kind(NamedTuple):
    """A kind of value: `read` raises `ValueError` with what is wrong, `write` gives what JSON holds; `example` is a right value."""

    read: Callable[[Any], Any]
    write: Callable[[Any], Any]
    example: str


def parse(document: bytes | str) -> Any:
    """JSON whose numbers stay exact: with a point as `Decimal`, without as `int`. Raises `ValueError`, never quoting the document."""
    try:
        return json.loads(document, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None


def _no_constant(_: str) -> Any:
    raise ValueError


def text(value: Any) -> str:
    """Text of a text or of a whole number, which senders write for codes. Raises `ValueError`."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError("is text")


def two_digits(value: Any) -> str:
    """A two-digit code whose leading zero some senders drop: `1` is `01`."""
    found = text(value)
    return found.zfill(2) if found.isdigit() else found


def amount(value: Any) -> int:
    """Fen of `128.5`, `"128.50"`, `128` or `"-3.10"`. Raises `ValueError` for binary fractions and for parts of a fen."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("is an amount in yuan, as text or as an exact number")
    if isinstance(value, str) and not value.strip().lstrip("+-").replace(".", "", 1).isdecimal():
        raise ValueError("is an amount in yuan: digits and a point")
    try:
        found = Decimal(value.strip() if isinstance(value, str) else value)
        if len(found.as_tuple().digits) > _DIGITS:
            raise ValueError("has at most 14 digits before the point and two decimals")
        fen = found.scaleb(2)
    except InvalidOperation:
        raise ValueError("is an amount in yuan: digits and a point") from None
    if not -MOST < fen < MOST:
        raise ValueError("has at most 14 digits before the point")
    if fen != int(fen):
        raise ValueError("has at most two decimals")
    return int(fen)


def count(value: Any) -> int:
    """A whole number that is not negative."""
    found = text(value)
    if not found.isdecimal() or len(found) > 9:
        raise ValueError("is a whole number")
    return int(found)


def day(value: Any) -> date:
    """A date, `2026-11-23` or `20261123`; a time of day behind it is dropped."""
    return _time(value, _DATES, "is a date").date()


def moment(value: Any) -> datetime:
    """A time of day in Beijing, `2026-11-23 10:00:00` or without punctuation, midnight for a date alone. An offset is believed."""
    found = text(value)
    if _OFFSET.search(found):
        try:
            return datetime.fromisoformat(found)
        except ValueError:
            raise ValueError("is a time") from None
    return _time(found, _TIMES, "is a time").replace(tzinfo=BEIJING)


def _time(value: Any, forms: tuple[str, ...], complaint: str) -> datetime:
    found = _FRACTION.sub("", text(value))
    for form in forms:
        try:
            return datetime.strptime(found, form)  # noqa: DTZ007 - the zone is the caller's
        except ValueError:
            continue
    raise ValueError(complaint)


def _write_moment(value: datetime) -> str:
    return value.astimezone(BEIJING).strftime(_TIMES[0])


def _write_code(value: Any) -> str:
    return value.value if isinstance(value, StrEnum) else str(value)


TEXT: Final = Kind(text, _write_code, "310")
CODE2: Final = Kind(two_digits, _write_code, "01")
AMOUNT: Final = Kind(amount, yuan, "128.50")
COUNT: Final = Kind(count, str, "12")
DAY: Final = Kind(day, date.isoformat, "2026-11-23")
MOMENT: Final = Kind(moment, _write_moment, "2026-11-23 10:00:00")
