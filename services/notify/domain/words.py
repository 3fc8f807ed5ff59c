"""Chinese words for what messages name by code, and times and amounts as people read and hear them."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from shared.clock import BEIJING
from shared.contracts.base import yuan
from shared.contracts.binding_decisions import Cause
from shared.contracts.binding_requests import MATERIALS_ZH, MaterialKind, Use
from shared.contracts.relations import OPPOSITE, RELATIONS_ZH, Relation

RELATION: Final[dict[Relation, str]] = RELATIONS_ZH | {
    Relation.PARENT_IN_LAW: "配偶的父母",
    Relation.CHILD_IN_LAW: "子女的配偶",
}
INVERSE: Final[dict[Relation, str]] = {one: RELATION[OPPOSITE[one]] for one in RELATION}
"""What the sponsor is to the beneficiary."""

OTHER_USE: Final = "其他用途"
USE: Final[dict[str, str]] = {
    Use.OUTPATIENT: "门诊",
    Use.INPATIENT: "住院",
    Use.PHARMACY: "药店购药",
    Use.RESIDENT_PREMIUM: "居民医保缴费",
    Use.LONG_TERM_CARE_PREMIUM: "长护险缴费",
}
MATERIAL: Final[dict[MaterialKind, str]] = MATERIALS_ZH
CAUSE: Final[dict[Cause, str]] = {
    Cause.SPONSOR: "账户所有人申请解除",
    Cause.BENEFICIARY: "使用人申请解除",
    Cause.DATE: "约定期限已到",
    Cause.INSURANCE: "参保关系终止或转出",
    Cause.DEATH: "一方参保登记已终止",
    Cause.CATEGORY: "一方人员类别变化",
    Cause.RULE: "规定变化",
    Cause.AUTHORITY: "医保经办机构终止",
}
_LATIN = re.compile(r"[A-Za-z]{2,}(?:[-_ ][A-Za-z]+)*")
_CODES: Final[dict[str, str]] = {
    **{str(code): word for code, word in RELATION.items()},
    **{str(code): word for code, word in USE.items()},
    **{str(code): word for code, word in MATERIAL.items()},
    "pooling-region": "同一统筹区",
    "province": "同一省份",
    "nationwide": "全国",
    "app": "手机客户端",
}
_PHRASES: Final = {
    "JPEG、PNG图片或PDF": "照片、图片或电子文档",
    "JPEG、PNG或PDF格式的文件": "照片、图片或电子文档",
    "MB": "兆",
}
SEGMENT: Final = {"current": "当年", "historic": "历年"}
PLACE: Final = {"H": "定点医院", "P": "定点药店"}
"""By the first letter of an institution's national code."""
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


def plain(name: str) -> str:
    """A name of the registry as it is said: in one line, without marks that turn or hide text, and without the brackets of a signature."""
    return _UNSEEN.sub(" ", name.translate(_NO_SIGN)).strip()


_NO_SIGN = str.maketrans("", "", "【】")


def listed(words: Iterable[str]) -> str:
    """`a、b、c`, each once."""
    return "、".join(dict.fromkeys(words))


def moment(at: datetime, year: int) -> str:
    """`11月23日10:05`, Beijing time; with its year if that is not `year`."""
    local = at.astimezone(BEIJING)
    return f"{day(local.date(), year)}{local.hour}:{local.minute:02d}"


def day(on: date, year: int) -> str:
    """`11月23日`; with its year if that is not `year`."""
    other = "" if on.year == year else f"{on.year}年"
    return f"{other}{on.month}月{on.day}日"


def money(fen: int) -> str:
    """`12.50元`."""
    return f"{yuan(fen)}元"


def chinese_only(text: str, fallback: str) -> str:
    """The text without codes and foreign words: known codes become words, a text with others becomes `fallback`."""
    for foreign, chinese in _PHRASES.items():
        text = text.replace(foreign, chinese)
    translated = _LATIN.sub(lambda found: _CODES.get(found[0], found[0]), text)
    return fallback if _LATIN.search(translated) else translated


_UNREAD = str.maketrans("（）；〔〕", "，，，，，", "【】")
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九", "-")


def digits(number: str) -> str:
    """A number that is read digit by digit: 12393 is 一二三九三."""
    return number.translate(_DIGITS)


def spoken(text: str, hotline: str) -> str:
    """A text for the telephone: the hotline digit by digit, `10:05` as 10点05分, no brackets and signs that are not read."""
    text = text.replace(hotline, digits(hotline))
    text = re.sub(r"(\d{1,2}):00(?!\d)", r"\1点", text)
    text = re.sub(r"(\d{1,2}):(\d\d)", r"\1点\2分", text)
    text = re.sub(r"(\d+)\.00元", r"\1元", text)
    text = re.sub(r"(?<![\d])(\d{1,2})）", lambda found: f"第{found[1]}，", text)
    return re.sub("，+([，。])", r"\1", text.translate(_UNREAD))


_BASIC: Final = "\uffff"  # the last character of the basic plane
_SINGLE: Final = 70
_PART: Final = 67


def units(text: str) -> int:
    """Length in UCS-2 units, as segments count it: two for a character outside the basic plane."""
    return len(text.encode("utf-16-be")) // 2


def segments(text: str) -> int:
    """Parts of a text message: one of up to 70 units, else parts of 67 in which no character is cut in two.

    3GPP TS 23.040: 140 octets, 134 beside the header of a long message.
    """
    if units(text) <= _SINGLE:
        return 1
    parts, room = 1, _PART
    for character in text:
        needed = 2 if character > _BASIC else 1
        if needed > room:
            parts, room = parts + 1, _PART
        room -= needed
    return parts
