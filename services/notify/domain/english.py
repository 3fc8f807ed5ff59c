"""Values in English, by their types. Codes of the contract are English words: `household-register` is read as it is written."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from services.notify.domain.manner import Manner, Say, cut
from services.notify.domain.templates import PROVIDER_UNITS
from services.notify.domain.variables import Type
from services.notify.domain.words import units
from shared.clock import BEIJING
from shared.contracts.base import yuan
from shared.contracts.binding_decisions import Cause
from shared.contracts.binding_requests import Terms
from shared.contracts.reasons import Reason
from shared.contracts.settlement_results import Share

_BEGINNING: Final = 80
"""Units of a reason that is too long to be said in full."""
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CAUSES: Final[dict[Cause, str]] = {
    Cause.SPONSOR: "ended by the account's owner",
    Cause.BENEFICIARY: "ended by the relative",
    Cause.DATE: "the agreed end date",
    Cause.INSURANCE: "insurance ended or moved",
    Cause.DEATH: "one side's registration ended",
    Cause.CATEGORY: "category of one side changed",
    Cause.RULE: "the rule changed",
    Cause.AUTHORITY: "ended by the authority",
}
_PLACES: Final = {"定点医院": "a hospital", "定点药店": "a pharmacy"}
_SEGMENTS: Final = {"current": "this year's", "historic": "earlier years'"}


def _day(on: date, manner: Manner) -> str:
    local = on.astimezone(BEIJING).date() if isinstance(on, datetime) else on
    year = "" if local.year == manner.year else f" {local.year}"
    return f"{local.day} {_MONTHS[local.month - 1]}{year}"


def _moment(at: datetime, manner: Manner) -> str:
    local = at.astimezone(BEIJING)
    return f"{_day(at, manner)} {local.hour}:{local.minute:02d}"


def _word(code: str, manner: Manner) -> str:
    return code.replace("-", " ")


def _listed(codes: Sequence[str], manner: Manner) -> str:
    text = ", ".join(dict.fromkeys(_word(one, manner) for one in codes))
    return text if manner.fits(text) else f"{len(codes)} kinds, see your channel"


def _money(fen: int, manner: Manner) -> str:
    return f"CNY {yuan(fen)}"


def _limits(terms: Terms, manner: Manner) -> str:
    found = [
        f"{_money(bound, manner)} {what}"
        for bound, what in ((terms.quota, "a year"), (terms.earmark, "set apart"))
        if bound is not None
    ] or ["no limit"]
    text = ", ".join([*found, f"until {_day(terms.enddate, manner)}" if terms.enddate else "no end date"])
    return text if manner.fits(text) else "limits: see your channel"


def _balances(shares: Sequence[Share], manner: Manner) -> str:
    left = {_SEGMENTS[share.segment]: share.balance_after for share in shares}
    text = ", ".join(f"{part} balance {_money(fen, manner)}" for part, fen in left.items())
    return text if manner.fits(text) else "balance: see your channel"


def _reasons(reasons: Sequence[Reason], manner: Manner) -> str:
    many, where = len(reasons), "ask at the counter" if manner.in_person else "see your channel"
    shown = many if manner.shown is None else manner.shown
    if manner.room is not None:
        tries = ["; ".join(map(_reason, reasons)), "; ".join(one.en for one in reasons)]
        return next(filter(manner.fits, tries), None) or _beginning(reasons, where, manner.room)
    if shown < 0:
        return f"{many} in all, {where}"
    if shown == 0:
        return _beginning(reasons, where, _BEGINNING)
    if many == 1:
        return _reason(reasons[0])
    more = f"; and {many - shown} more, {where}" if many > shown else ""
    return "; ".join(f"{n}) {_reason(one)}" for n, one in enumerate(reasons[:shown], 1)) + more


def _beginning(reasons: Sequence[Reason], where: str, room: int) -> str:
    more = f" ({len(reasons)} in all, {where})" if len(reasons) > 1 else f" ({where})"
    text = cut(reasons[0].en, max(room - units(more), 2)) + more
    return text if units(text) <= room else where


def _reason(reason: Reason) -> str:
    return f"{reason.en.rstrip('.')} - {reason.remedy_en.rstrip('.')}" if reason.remedy_en else reason.en


def _same(value: Any, manner: Manner) -> str:
    return str(value)


SAY: Final[Say] = {
    Type.MONEY: _money,
    Type.MOMENT: _moment,
    Type.DAY: _day,
    Type.REASONS: _reasons,
    Type.USES: _listed,
    Type.MATERIALS: _listed,
    Type.RELATION: _word,
    Type.LIMITS: _limits,
    Type.CAUSE: lambda cause, manner: _CAUSES[cause],
    Type.DIGITS: _same,
    Type.YEAR: _same,
    Type.PLACE: lambda place, manner: cut(str(_PLACES.get(place, place)), PROVIDER_UNITS),
    Type.BALANCES: _balances,
    Type.SURNAME: _same,
    Type.FLAG: lambda flag, manner: "",
}
