"""What a template may speak of: variables with their types, and which of them each kind of notice has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from shared.contracts.binding_decisions import Cause
from shared.contracts.binding_requests import MaterialKind, Relation, Side, Terms
from shared.contracts.reasons import Reason
from shared.contracts.settlement_results import Share


class Type(StrEnum):
    """Types of variables; `moment` may also be shown as `day`."""

    MONEY = "money"  # fen: 12.50元
    MOMENT = "moment"  # 11月23日10:05, Beijing time, with the year where it is another than the decision's
    DAY = "day"  # 11月23日
    REASONS = "reasons"  # what and remedy of each; those that do not fit are counted
    USES = "uses"  # 门诊、住院
    MATERIALS = "materials"  # 户口本、结婚证
    RELATION = "relation"  # 父母
    LIMITS = "limits"  # 年度限额2000.00元，至6月30日止
    CAUSE = "cause"  # why it ended
    DIGITS = "digits"  # read digit by digit
    YEAR = "year"  # 2027
    PLACE = "place"  # 示例市人民医院, 定点医院 until the registry names it
    BALANCES = "balances"  # 当年余额3.00元
    SURNAME = "surname"  # 王
    FLAG = "flag"  # there or not; says nothing itself


_PYTHON: Final[Mapping[Type, tuple[type, ...]]] = {
    Type.MONEY: (int,),
    Type.MOMENT: (datetime,),
    Type.DAY: (date,),
    Type.REASONS: (Reason,),
    Type.USES: (str,),
    Type.MATERIALS: (MaterialKind,),
    Type.RELATION: (Relation,),
    Type.LIMITS: (Terms,),
    Type.CAUSE: (Cause,),
    Type.DIGITS: (str,),
    Type.YEAR: (int,),
    Type.PLACE: (str,),
    Type.BALANCES: (Share,),
    Type.SURNAME: (str,),
    Type.FLAG: (bool,),
}
_LISTS: Final = frozenset({Type.REASONS, Type.USES, Type.MATERIALS, Type.BALANCES})
FORMS: Final[Mapping[Type, frozenset[Type]]] = {
    one: frozenset({one, Type.DAY} if one is Type.MOMENT else {one}) for one in Type
}
"""In which forms a variable may be shown."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable in words, for those who write templates."""

    type: Type
    zh: str


VARIABLES: Final[Mapping[str, Variable]] = {
    "relation": Variable(Type.RELATION, "对方是接收人的什么人"),
    "at": Variable(Type.MOMENT, "决定或结算的时间"),
    "hotline": Variable(Type.DIGITS, "地区的咨询电话（政策 notice.hotline）"),
    "in_person": Variable(Type.FLAG, "在窗口申请的"),
    "surname": Variable(Type.SURNAME, "接收人的姓，只用于接听前的话"),
    "requested": Variable(Type.MOMENT, "申请时间"),
    "due": Variable(Type.MOMENT, "办理期限"),
    "code": Variable(Type.DIGITS, "同意用的短码"),
    "materials": Variable(Type.MATERIALS, "需补交的材料"),
    "reasons": Variable(Type.REASONS, "理由及办法"),
    "since": Variable(Type.MOMENT, "起始时间"),
    "uses": Variable(Type.USES, "可支付的用途"),
    "limits": Variable(Type.LIMITS, "限额、共济额度和最后一天"),
    "quota": Variable(Type.MONEY, "年度限额"),
    "earmark": Variable(Type.MONEY, "跨省共济额度"),
    "until": Variable(Type.DAY, "最后一天"),
    "ends": Variable(Type.MOMENT, "已定的解除时间"),
    "cause": Variable(Type.CAUSE, "解除原因"),
    "amount": Variable(Type.MONEY, "金额"),
    "place": Variable(Type.PLACE, "就医购药的地方"),
    "year": Variable(Type.YEAR, "缴费年度"),
    "left": Variable(Type.BALANCES, "账户余额，按当年、历年"),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of notice: whom it may be told, which variables it always has, and which it may lack."""

    sides: tuple[Side, ...]
    has: frozenset[str]
    may_lack: frozenset[str] = frozenset()

    @property
    def known(self) -> frozenset[str]:
        """All its variables."""
        return self.has | self.may_lack


_BOTH: Final = (Side.SPONSOR, Side.BENEFICIARY)
_TERMS: Final = "quota earmark until"


def _binding(has: str = "", may_lack: str = "") -> Kind:
    has, may_lack = f"relation at hotline {has}", f"in_person {may_lack}"
    return Kind(_BOTH, frozenset(has.split()), frozenset(may_lack.split()))


def _paid(has: str, may_lack: str) -> Kind:
    return Kind(
        (Side.SPONSOR,),
        frozenset(f"at hotline amount {has}".split()),
        frozenset(f"relation left {may_lack}".split()),
    )


KINDS: Final[Mapping[str, Kind]] = {
    "received": _binding("", "due"),
    "consent-requested": _binding("requested", "due code"),
    "under-review": _binding("", "due"),
    "supplement-requested": _binding("", "materials due reasons"),
    "approved": _binding("since uses limits", _TERMS),
    "refused": _binding("", "reasons"),
    "rejected": _binding("", "reasons"),
    "withdrawn": _binding(),
    "expired": _binding("", "reasons"),
    "changed": _binding("uses limits", f"{_TERMS} ends reasons"),
    "suspended": _binding("since", "reasons"),
    "resumed": _binding("since", "reasons"),
    "ended": _binding("since", "cause reasons"),
    "settled": _paid("", "place"),
    "premium-paid": _paid("year", ""),
    "premium-cancelled": _paid("year", ""),
    "cancelled": _paid("", "place"),
    "reversed": _paid("", "place"),
    "refunded": _paid("", "place"),
    "transfer-offered": Kind(
        (Side.BENEFICIARY,), frozenset({"at", "hotline", "amount", "due"}), frozenset({"relation"})
    ),
}
"""Every kind of notice is a type of `binding.decisions` or `settlement.results`, but `transfer-offered`: a state of `transferred`."""
CALL: Final[Mapping[str, Kind]] = {
    "opening": Kind((), frozenset({"hotline"}), frozenset({"surname"})),
    "closing": Kind((), frozenset({"hotline"})),
    "hint": Kind((), frozenset({"hotline"}), frozenset({"surname"})),
}
"""What every call says, whatever it is about: before a key is pressed, after the details, and instead of both where there are no keys."""


def fits(name: str, value: Any) -> bool:
    """Whether a value has the type of the variable."""
    kind = VARIABLES[name].type
    if kind in _LISTS:
        return isinstance(value, tuple) and all(isinstance(one, _PYTHON[kind]) for one in value)
    if isinstance(value, bool) or (kind is Type.DAY and isinstance(value, datetime)):
        return kind is Type.FLAG
    return isinstance(value, _PYTHON[kind])
