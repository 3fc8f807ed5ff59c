"""Values in Chinese, by their types."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from services.notify.domain import words as w
from services.notify.domain.manner import Manner, Say, cut
from services.notify.domain.templates import PROVIDER_UNITS
from services.notify.domain.variables import Type
from shared.clock import BEIJING
from shared.contracts.binding_requests import Terms
from shared.contracts.reasons import Reason
from shared.contracts.settlement_results import Share

_BEGINNING: Final = 80
"""Units of a reason that is too long to be said in full."""
_ASK: Final = "请拨打咨询电话"
_NOT_MET: Final = "所填信息不符合办理条件"
_WHOM_TO_ASK: Final = re.compile("（咨询[0-9-]+）")  # every text ends with the number to call


def _moment(at: datetime, manner: Manner) -> str:
    return w.moment(at, manner.year)


def _day(on: date, manner: Manner) -> str:
    return w.day(on.astimezone(BEIJING).date() if isinstance(on, datetime) else on, manner.year)


def _listed(words: Sequence[str], counted: str, manner: Manner) -> str:
    text = w.listed(words)
    return text if manner.fits(text) else f"共{len(set(words))}{counted}"


def _limits(terms: Terms, manner: Manner) -> str:
    """What bounds the use: each bound that there is."""
    found = [
        f"年度限额{w.money(terms.quota)}" if terms.quota is not None else "",
        f"共济额度{w.money(terms.earmark)}" if terms.earmark is not None else "",
    ]
    found = [one for one in found if one] or ["未设限额"]
    found.append(f"至{w.day(terms.enddate, manner.year)}止" if terms.enddate else "长期有效")
    text = "，".join(found)
    return text if manner.fits(text) else "额度和期限可在申请渠道查看"


def _balances(shares: Sequence[Share], manner: Manner) -> str:
    """What is left of each part of an account after the last booking on it."""
    left = {w.SEGMENT[share.segment]: share.balance_after for share in shares}
    return w.listed(f"{part}余额{w.money(fen)}" for part, fen in left.items())


def _reasons(reasons: Sequence[Reason], manner: Manner) -> str:
    where = "可到受理窗口查询" if manner.in_person else "可在申请渠道查看"
    if manner.room is not None:
        return _reasons_within(reasons, where, manner.room)
    shown = len(reasons) if manner.shown is None else manner.shown
    if shown < 0:
        return f"共{len(reasons)}项，{where}"
    if shown == 0:
        return _beginning(reasons, where, _BEGINNING)
    texts = [_reason(one) for one in reasons[:shown]]
    if len(reasons) == 1:
        return texts[0]
    left = len(reasons) - shown
    more = f"；另有{left}项原因，{where}" if left else ""
    return "；".join(f"{n}）{one}" for n, one in enumerate(texts, 1)) + more


def _reasons_within(reasons: Sequence[Reason], where: str, room: int) -> str:
    """The most that fits: all with their remedies, all, the first and how many there are, or only how many."""
    first, many = _what(reasons[0]), len(reasons)
    tries = [
        "；".join(map(_reason, reasons)),
        "；".join(map(_what, reasons)),
        f"{first}，{where}" if many == 1 else f"{first}等{many}项，{where}",
        f"{first}等{many}项",
    ]
    fitting = (one for one in tries if w.units(one) <= room)
    return next(fitting, None) or _beginning(reasons, where, room)


def _beginning(reasons: Sequence[Reason], where: str, room: int) -> str:
    """The beginning of the first reason, and where to read the whole."""
    end = f"等{len(reasons)}项，全文{where}" if len(reasons) > 1 else f"，全文{where}"
    return cut(_what(reasons[0]), room - w.units(end)) + end


def _what(reason: Reason) -> str:
    return _cleaned(reason.zh, _NOT_MET)


def _reason(reason: Reason) -> str:
    remedy = _cleaned(reason.remedy_zh, _ASK)
    return f"{_what(reason)}，{remedy}" if remedy else _what(reason)


@lru_cache(maxsize=1024)  # a few texts make up nearly all, and each is tried in several lengths
def _cleaned(text: str, fallback: str) -> str:
    return w.chinese_only(_WHOM_TO_ASK.sub("", text), fallback).rstrip("。")


SAY: Final[Say] = {
    Type.MONEY: lambda fen, manner: w.money(fen),
    Type.MOMENT: _moment,
    Type.DAY: _day,
    Type.REASONS: _reasons,
    Type.USES: lambda uses, manner: _listed([w.USE.get(one, w.OTHER_USE) for one in uses], "项用途", manner),
    Type.MATERIALS: lambda kinds, manner: _listed([w.MATERIAL[one] for one in kinds], "种材料", manner),
    Type.RELATION: lambda relation, manner: w.RELATION[relation],
    Type.LIMITS: _limits,
    Type.CAUSE: lambda cause, manner: w.CAUSE[cause],
    Type.DIGITS: lambda number, manner: w.digits(number) if manner.spoken else number,
    Type.YEAR: lambda year, manner: str(year),
    Type.PLACE: lambda place, manner: cut(place, PROVIDER_UNITS),
    Type.BALANCES: _balances,
    Type.SURNAME: lambda name, manner: name,
    Type.FLAG: lambda flag, manner: "",
}
