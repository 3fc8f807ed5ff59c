"""Chinese words for what messages name by code, and times and amounts as people read and hear them."""

import re
from collections.abc import Iterable
from datetime import datetime
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


def listed(words: Iterable[str]) -> str:
    """`a、b、c`."""
    return "、".join(words)


def moment(at: datetime) -> str:
    """`11月23日10:05`, Beijing time."""
    local = at.astimezone(BEIJING)
    return f"{local.month}月{local.day}日{local.hour}:{local.minute:02d}"


def day(at: datetime) -> str:
    """`11月23日`, Beijing date."""
    local = at.astimezone(BEIJING)
    return f"{local.month}月{local.day}日"


def money(fen: int) -> str:
    """`12.50元`."""
    return f"{yuan(fen)}元"


def chinese_only(text: str, fallback: str) -> str:
    """The text without codes and foreign words: known codes become words, a text with others becomes `fallback`."""
    translated = _LATIN.sub(lambda found: _CODES.get(found[0], found[0]), text)
    return fallback if _LATIN.search(translated) else translated


_UNREAD = str.maketrans("（）；", "，，，", "【】")
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")


def spoken(text: str) -> str:
    """A text for the telephone: 12393 digit by digit, `10:05` as 10点05分, no brackets and signs that are not read."""
    text = re.sub(r"12393", lambda found: found[0].translate(_DIGITS), text)
    text = re.sub(r"(\d{1,2}):00(?!\d)", r"\1点", text)
    text = re.sub(r"(\d{1,2}):(\d\d)", r"\1点\2分", text)
    text = re.sub(r"(\d+)\.00元", r"\1元", text)
    text = re.sub(r"(\d+)）", lambda found: f"第{found[1]}，", text)
    return re.sub("，+([，。])", r"\1", text.translate(_UNREAD))
