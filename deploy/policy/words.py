"""Words of a case and what they mean: relatives, kinds of insurance, channels, documents, in Chinese and English."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, NamedTuple

from shared.contracts.base import fen
from shared.contracts.binding_requests import CHANNELS_ZH, MATERIALS_ZH, ChannelKind, MaterialKind, Side, Use
from shared.contracts.registry import InsuranceStatus
from shared.contracts.relations import RELATIONS_ZH, Relation

SELF = "本人"
"""Who applies unless a case says otherwise: an employee with a balance of 3,000 yuan."""


class Kin(NamedTuple):
    """A relative by an everyday word: what he or she is to the sponsor, and a sex where the word says it."""

    relation: Relation
    sex: str | None


_MEN = {
    Relation.SPOUSE: "丈夫 husband",
    Relation.PARENT: "父亲 father",
    Relation.CHILD: "儿子 son",
    Relation.SIBLING: "哥哥 弟弟 brother",
    Relation.GRANDPARENT: "祖父 爷爷 grandfather",
    Relation.MATERNAL_GRANDPARENT: "外祖父 外公 maternal-grandfather",
    Relation.GRANDCHILD: "孙子 grandson",
    Relation.MATERNAL_GRANDCHILD: "外孙 maternal-grandson",
    Relation.PARENT_IN_LAW: "岳父 公公 father-in-law",
    Relation.CHILD_IN_LAW: "女婿 son-in-law",
}
_WOMEN = {
    Relation.SPOUSE: "妻子 wife",
    Relation.PARENT: "母亲 mother",
    Relation.CHILD: "女儿 daughter",
    Relation.SIBLING: "姐姐 妹妹 sister",
    Relation.GRANDPARENT: "祖母 奶奶 grandmother",
    Relation.MATERNAL_GRANDPARENT: "外祖母 外婆 maternal-grandmother",
    Relation.GRANDCHILD: "孙女 granddaughter",
    Relation.MATERNAL_GRANDCHILD: "外孙女 maternal-granddaughter",
    Relation.PARENT_IN_LAW: "岳母 婆婆 mother-in-law",
    Relation.CHILD_IN_LAW: "儿媳 daughter-in-law",
}
KIN: dict[str, Kin] = (
    {word: Kin(r, "1") for r, words in _MEN.items() for word in words.split()}
    | {word: Kin(r, "2") for r, words in _WOMEN.items() for word in words.split()}
    | {zh: Kin(r, None) for r, zh in RELATIONS_ZH.items()}
    | {r.value: Kin(r, None) for r in Relation}
)

BORN = {
    Relation.SPOUSE: date(1976, 5, 4),
    Relation.PARENT: date(1950, 3, 8),
    Relation.CHILD: date(2012, 3, 1),
    Relation.SIBLING: date(1979, 9, 9),
    Relation.GRANDPARENT: date(1926, 2, 2),
    Relation.MATERNAL_GRANDPARENT: date(1927, 2, 2),
    Relation.GRANDCHILD: date(2018, 7, 7),
    Relation.MATERNAL_GRANDCHILD: date(2018, 8, 8),
    Relation.PARENT_IN_LAW: date(1949, 1, 5),
    Relation.CHILD_IN_LAW: date(1996, 6, 6),
}
"""When a relative was born unless the case says it; the sponsor in June 1975."""
BORN_SELF = date(1975, 6, 15)

SEX = {"男": "1", "女": "2", "male": "1", "female": "2"}
INSURANCE = {
    "职工": "310",
    "居民": "390",
    "城镇居民": "391",
    "离休": "340",
    "无": "",
    "employee": "310",
    "resident": "390",
    "none": "",
}
STATUS = {
    "正常": InsuranceStatus.NORMAL,
    "暂停": InsuranceStatus.PAUSED,
    "终止": InsuranceStatus.ENDED,
    "normal": InsuranceStatus.NORMAL,
    "paused": InsuranceStatus.PAUSED,
    "ended": InsuranceStatus.ENDED,
}
CHANNELS = {zh: c for c, zh in CHANNELS_ZH.items()} | {c.value: c for c in ChannelKind}
USES = {"门诊": Use.OUTPATIENT, "住院": Use.INPATIENT, "药店": Use.PHARMACY, "居民医保缴费": Use.RESIDENT_PREMIUM,
        "长护险缴费": Use.LONG_TERM_CARE_PREMIUM}  # fmt: skip
_KINDS = {zh: k for k, zh in MATERIALS_ZH.items()} | {k.value: k for k in MaterialKind}
_SIDES = {"授权人": Side.SPONSOR, "使用人": Side.BENEFICIARY}
_UNITS = {"秒": "seconds", "second": "seconds", "分钟": "minutes", "minute": "minutes", "小时": "hours", "hour": "hours", "天": "days", "day": "days"}  # fmt: skip


def kin(value: Any) -> Kin:
    """A word for a relative; figures at its end only tell two of them apart."""
    if isinstance(value, str) and (found := KIN.get(value.rstrip("0123456789"))):
        return found
    raise ValueError(f"a relative: {', '.join(KIN)}")


def relation(value: Any) -> Relation:
    return kin(value).relation


def use(value: Any) -> str:
    """A use by its Chinese word or its code; the list of codes is open."""
    if isinstance(value, str) and value:
        return str(USES.get(value, value))
    raise ValueError(f"a use, such as {', '.join(USES)}, or its code")


def insurance(value: Any) -> str:
    if isinstance(value, str) and (value in INSURANCE or re.fullmatch("[0-9]{3,6}", value)):
        return INSURANCE.get(value, value)
    raise ValueError(f'one of {", ".join(INSURANCE)}, or a quoted code such as "310"')


def money(value: Any) -> int:
    """Yuan with two places, quoted; fen."""
    if isinstance(value, str):
        with suppress(ValueError):
            return fen(value)
    raise ValueError('元，两位小数，加引号 yuan with two places, quoted, for example "128.50"')


def document(value: Any) -> tuple[MaterialKind, Side]:
    """A document and whose it is: 户口本, 使用人身份证, id-card@beneficiary; the sponsor's where nobody is named."""
    if isinstance(value, str):
        for prefix, side in _SIDES.items():
            if value.startswith(prefix) and (found := _KINDS.get(value.removeprefix(prefix))):
                return found, side
        kind, at, holder = value.partition("@")
        if (found := _KINDS.get(kind)) and (not at or holder in set(Side)):
            return found, Side(holder or Side.SPONSOR)
    raise ValueError(
        f"a document such as 户口本, 使用人身份证 or id-card@beneficiary; kinds: {', '.join(_KINDS)}"
    )


def material_kind(value: Any) -> MaterialKind:
    return document(value)[0]


def duration(value: Any) -> timedelta:
    """A length of time: 7天, 20 seconds."""
    found = re.fullmatch(r"([0-9]+) ?([a-z]+?|[^a-z0-9 ]+)s?", value) if isinstance(value, str) else None
    if found and found[2] in _UNITS:
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    raise ValueError("一段时间 a length of time, for example 7天, 15分钟 or 20 seconds")
