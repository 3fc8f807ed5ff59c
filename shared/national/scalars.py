"""Single values of the national interface: how each kind may be written by a sender, and how we write it."""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
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
_AMOUNT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)
_REGION = re.compile(r"[0-9]{6}", re.ASCII)
_NO_AMOUNT = "应为金额（元）：数字和小数点 / is an amount in yuan: digits and a point"
_TOO_FINE = "至多两位小数 / has at most two decimals"
_TOO_LARGE = "小数点前至多14位 / has at most 14 digits before the point"


class Kind(NamedTuple):
    """A kind of value: `read` raises `ValueError` with what is wrong, `write` gives what JSON holds; `example` is a right value."""

    read: Callable[[Any], Any]
    write: Callable[[Any], Any]
    example: str


def parse(document: bytes | str) -> Any:
    """JSON whose numbers stay exact: with a point as `Decimal`, without as `int`. Raises `ValueError`, never quoting the document.

    A key that is there twice has no meaning: readers differ on which of two amounts counts.
    """
    try:
        return json.loads(document, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise ValueError("不是 UTF-8 编码 / is not UTF-8") from None
    except _Twice:
        raise ValueError("同一对象中有重复的键 / has a key twice in one object") from None
    except (ValueError, ArithmeticError, RecursionError):
        raise ValueError("不是 JSON / is not JSON") from None


class _Twice(Exception):
    """An object has a key twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _Twice
    return made


def _no_constant(_: str) -> Any:
    raise ValueError


def text(value: Any) -> str:
    """Text of a text or of a whole number, which senders write for codes. Raises `ValueError`, for NUL too: no database keeps it."""
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("含有空字符 / has a NUL character")
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError("应为文字 / is text")


def region(value: Any) -> str:
    """A code of six digits."""
    found = text(value)
    if not _REGION.fullmatch(found):
        raise ValueError("应为六位区划代码 / is a region of six digits")
    return found


def two_digits(value: Any) -> str:
    """A two-digit code whose leading zero some senders drop: `1` is `01`."""
    found = text(value)
    return found.zfill(2) if found.isascii() and found.isdigit() else found


def amount(value: Any) -> int:
    """Fen of `128.5`, `"128.50"`, `128` or `"-3.10"`. Raises `ValueError` for binary fractions and for parts of a fen."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(
            "应为金额（元）：文字或精确的数 / is an amount in yuan, as text or as an exact number"
        )
    if isinstance(value, str) and not _AMOUNT.fullmatch(value.strip()):
        raise ValueError(_NO_AMOUNT)
    found = Decimal(value.strip() if isinstance(value, str) else value)
    if not found.is_finite():
        raise ValueError(_NO_AMOUNT)
    if len(found.as_tuple().digits) > _DIGITS:
        raise ValueError(
            "小数点前至多14位、小数两位 / has at most 14 digits before the point and two decimals"
        )
    if not found:
        return 0
    if found.adjusted() > _DIGITS:  # beyond any arithmetic: 1e999999 as a number
        raise ValueError(_TOO_LARGE)
    if found.adjusted() < -_DIGITS:
        raise ValueError(_TOO_FINE)
    fen = found.scaleb(2)
    if not -MOST < fen < MOST:
        raise ValueError(_TOO_LARGE)
    if fen != int(fen):
        raise ValueError(_TOO_FINE)
    return int(fen)


def count(value: Any) -> int:
    """A whole number that is not negative."""
    found = text(value)
    if not _COUNT.fullmatch(found):
        raise ValueError("应为整数 / is a whole number")
    return int(found)


def day(value: Any) -> date:
    """A date, `2026-11-23` or `20261123`; a time of day behind it is dropped."""
    return _time(value, _DATES, "不是日期 / is no date").date()


def moment(value: Any) -> datetime:
    """A time of day in Beijing, `2026-11-23 10:00:00` or without punctuation, midnight for a date alone. An offset is believed."""
    found = text(value)
    if _OFFSET.search(found):
        try:
            return datetime.fromisoformat(found)
        except ValueError:
            raise ValueError("不是时间 / is no time") from None
    return _time(found, _TIMES, "不是时间 / is no time").replace(tzinfo=BEIJING)


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
REGION: Final = Kind(region, _write_code, "330100")
CODE2: Final = Kind(two_digits, _write_code, "01")
AMOUNT: Final = Kind(amount, yuan, "128.50")
COUNT: Final = Kind(count, str, "12")
DAY: Final = Kind(day, date.isoformat, "2026-11-23")
MOMENT: Final = Kind(moment, _write_moment, "2026-11-23 10:00:00")
