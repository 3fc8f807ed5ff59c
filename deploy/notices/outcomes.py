"""Every outcome that a person may be told of, made up: what `gongji notice preview` shows and the golden files hold.

The persons do not exist; the reasons are those that the services give, filled as they fill them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.notify.domain import facts
from services.notify.domain import words as w
from services.notify.domain.facts import Facts, Institution
from services.notify.domain.told import OFFERED
from services.notify.domain.variables import KINDS
from shared.clock import BEIJING
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import TYPE_TO_STATE, BindingState, Cause, DatedTerms, Period, State
from shared.contracts.binding_requests import ChannelKind, MaterialKind, Relation, Side, Terms, Use
from shared.contracts.binding_screenings import Case, Party
from shared.contracts.reasons import Reason, reason
from shared.contracts.settlement_results import (
    Cancelled,
    Holder,
    PremiumCancelled,
    PremiumPaid,
    Refunded,
    Returned,
    Reversed,
    Settled,
    Share,
    Transferred,
)

AT: Final = datetime(2026, 11, 23, 10, 5, tzinfo=BEIJING)
_DUE: Final = datetime(2026, 12, 7, 18, 0, tzinfo=BEIJING)
_ID: Final = UUID("01936f3a-1c00-7000-8000-000000000001")
_ORIGIN: Final = Origin(source="zheliban", id="r-1")
_FULL: Final = Terms(scope=(Use.OUTPATIENT, Use.PHARMACY), quota=200_000, enddate=date(2027, 6, 30))
_ALL_USES: Final = Terms(
    scope=tuple(Use), quota=12_345_678_90, earmark=12_345_678_90, enddate=date(2027, 12, 31)
)
_LONG: Final = (
    "户口本第三页与结婚证上的姓名写法不一致，窗口两次联系申请人均未能说明，经办人已核对原件并留存复印件。" * 6
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An example: what happened, in words, and what is told of it."""

    name: str
    facts: Facts


def every(kind: str, side: Side) -> Iterator[Outcome]:
    """The outcomes of a kind of notice for one side."""
    if kind in _SETTLEMENTS:
        for name, own in _SHARES.items():
            if kind in _PREMIUMS and name == _LONG_PLACE:
                continue  # premiums are paid nowhere
            yield Outcome(name, facts.of_settlement(kind, _settlement(kind, own), own, _PLACES.get(name, {})))
        return
    if kind == OFFERED:
        for name, (amount, relation) in _OFFERS.items():
            yield Outcome(name, facts.of_offer(kind, _offer(amount, relation), _UNTIL))
        return
    for name, fields in _VARIANTS.get(kind, {"通常": {}}).items():
        yield Outcome(name, facts.of_decision(kind, _state(kind, **fields), side))


def all_places() -> Iterator[tuple[str, Side]]:
    """Every kind of notice and side."""
    for kind, what in KINDS.items():
        for side in what.sides:
            yield kind, side


def _state(
    kind: str,
    *,
    relation: Relation = Relation.PARENT,
    channel: ChannelKind = ChannelKind.APP,
    terms: Terms | None = None,
    **fields: Any,
) -> BindingState:
    own = terms or Terms()
    case = Case(
        admdvs="330100",
        channel=channel,
        sponsor=Party(psn_no="3301000001", insuplc_admdvs="330100"),
        beneficiary=Party(psn_no="3301000002", insuplc_admdvs="330100"),
        relation=relation,
        terms=own,
        requested_at=AT - timedelta(hours=1),
    )
    usual: dict[str, Any] = {
        "binding_id": _ID,
        "version": 3,
        "state": TYPE_TO_STATE[kind] or State.APPROVED,
        "at": AT,
        "origin": _ORIGIN,
        "round": 1,
        "case": case,
        "terms": (DatedTerms(since=AT, terms=own),),
        "policy_version": "0" * 12,
    }
    return BindingState(**(usual | fields))


def _many(count: int) -> tuple[Reason, ...]:
    return (
        reason("sponsor-not-normal"),
        reason("relation-not-allowed", since="2024年8月1日", allowed="spouse、parent、child"),
        reason("balance-too-low", balance_date="2026年10月31日", minimum="2000.00"),
        reason("beneficiary-not-insured"),
        reason("real-name-level-too-low", level=3),
        reason("commitment-missing"),
        reason("face-check-stale", minutes=10),
        reason("too-many-beneficiaries", limit=8),
        reason("dates-not-allowed", bounds="最多提前90天", bounds_en="90 days"),
        reason("scope-not-allowed", uses="住院"),
        reason("document-disguised", document="结婚证", document_en="", days=10),
        reason("region-not-offered"),
    )[:count]


_REFUSALS: Final[dict[str, dict[str, Any]]] = {
    "一项理由": {"reasons": _many(1)},
    "三项理由": {"reasons": _many(3)},
    "十二项理由": {"reasons": _many(12)},
    "十二项理由，窗口申请": {"reasons": _many(12), "channel": ChannelKind.COUNTER},
    "长理由": {"reasons": (reason("review-rejected", note=_LONG),)},
    "没有理由": {},
    "外祖父母": {"reasons": _many(1), "relation": Relation.MATERNAL_GRANDPARENT},
}
_PAPERS: Final = (MaterialKind.HOUSEHOLD_REGISTER, MaterialKind.MARRIAGE_CERTIFICATE)
_WAITS: Final[dict[str, dict[str, Any]]] = {"有期限": {"due_at": _DUE}, "没有期限": {}}
_APPROVALS: Final[dict[str, dict[str, Any]]] = {
    "未设限额": {},
    "限额和结束日期": {"terms": _FULL},
    "跨省，共济额度": {"terms": Terms(earmark=500_000)},
    "全部用途，大额": {"terms": _ALL_USES},
    "次月生效": {"effective": (Period(begin=datetime(2026, 12, 1, tzinfo=BEIJING)),)},
    "次年生效": {"effective": (Period(begin=datetime(2027, 1, 1, tzinfo=BEIJING)),)},
    "窗口申请": {"channel": ChannelKind.COUNTER},
}
_ENDING: Final = (Period(begin=AT - timedelta(days=90), end=datetime(2026, 12, 1, tzinfo=BEIJING)),)
_PAUSED: Final = (Period(begin=AT - timedelta(days=1), by="authority"),)
_OVER: Final = (Period(begin=AT - timedelta(days=9), end=AT, by="authority"),)
_DOCUMENT: Final = "医保监〔2026〕18号"
_VARIANTS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "received": _WAITS,
    "consent-requested": {
        "有期限和短码": {"due_at": _DUE, "short_code": "48213759"},
        "没有期限和短码": {},
    },
    "under-review": _WAITS,
    "supplement-requested": {
        "两种材料": {"supplement": _PAPERS, "due_at": _DUE, "reasons": (reason("materials-missing", missing="户口本、结婚证", missing_en="", days=10),)},
        "全部材料，另有理由": {"supplement": tuple(MaterialKind), "due_at": _DUE, "reasons": _many(6)},
        "窗口申请": {"supplement": _PAPERS, "due_at": _DUE, "channel": ChannelKind.COUNTER},
        "没有清单和期限": {},
        "期限在次年": {"supplement": _PAPERS, "due_at": datetime(2027, 1, 8, 18, 0, tzinfo=BEIJING)},
    },
    "approved": _APPROVALS,
    "refused": _REFUSALS,
    "rejected": _REFUSALS,
    "expired": {
        "材料未补交": {"reasons": (reason("supplement-expired"),)},
        "使用人未同意": {"reasons": (reason("consent-expired", days=7),)},
        "没有理由": {},
    },
    "changed": {
        "用途": {"terms": Terms(scope=(Use.INPATIENT,))},
        "限额和结束日期": {"terms": _FULL},
        "跨省，共济额度": {"terms": Terms(earmark=500_000)},
        "已定解除时间": {"effective": _ENDING, "cause": Cause.SPONSOR},
        "有提示": {"reasons": (reason("odd-age"),)},
    },
    "suspended": {
        "医保部门暂停": {"suspended": _PAUSED, "reasons": (reason("suspended-by-authority", document=_DOCUMENT),)},
        "参保暂停": {"suspended": _PAUSED, "reasons": (reason("beneficiary-paused"),)},
        "没有理由": {},
    },
    "resumed": {
        "医保部门恢复": {"suspended": _OVER, "reasons": (reason("resumed-by-authority", document=_DOCUMENT),)},
        "没有理由": {"suspended": _OVER},
    },
    "ended": {
        **{f"原因：{w.CAUSE[cause]}": {"cause": cause, "effective": (Period(begin=AT - timedelta(days=90), end=AT),)} for cause in Cause},
        "医保部门，有文件": {"cause": Cause.AUTHORITY, "reasons": (reason("ended-by-authority", document=_DOCUMENT),)},
        "规定变化，有理由": {"cause": Cause.RULE, "reasons": (reason("ended-by-rule"),)},
        "没有原因": {},
    },
}  # fmt: skip


def _share(segment: str, amount: int, left: int, relation: Relation | None) -> Share:
    return Share(
        holder=Holder.SPONSOR, psn_no="3301000001", segment=segment, amount=amount, balance_after=left,
        admdvs="330100", relation=relation,
    )  # fmt: skip


_LONG_PLACE: Final = "机构名称很长"
_SHARES: Final[dict[str, tuple[Share, ...]]] = {
    "当年余额支付": (_share("current", 12_50, 1_234_00, Relation.CHILD),),
    "历年和当年余额支付": (
        _share("historic", 99_999_999_99, 12_345_678_90, Relation.MATERNAL_GRANDPARENT),
        _share("current", 50, 12_345_678_90, Relation.MATERNAL_GRANDPARENT),
    ),
    "不知关系": (_share("current", 300, 0, None),),
    _LONG_PLACE: (_share("current", 12_345_678_90, 12_345_678_90, Relation.MATERNAL_GRANDPARENT),),
}
_PLACES: Final[dict[str, dict[str, Institution]]] = {
    "当年余额支付": {"H33010000001": Institution(1, "示例市第一人民医院")},
    "机构名称很长": {
        "H33010000001": Institution(
            1, "示例市示例区示例街道社区卫生服务中心下设的示例社区第二卫生服务站暨示例中医馆"
        )
    },
}
_PREMIUMS: Final[dict[str, type[PremiumPaid | PremiumCancelled]]] = {
    "premium-paid": PremiumPaid,
    "premium-cancelled": PremiumCancelled,
}
_SETTLEMENTS: Final[dict[str, type[Settled | PremiumPaid | PremiumCancelled | Returned]]] = {
    "settled": Settled,
    **_PREMIUMS,
    "cancelled": Cancelled,
    "reversed": Reversed,
    "refunded": Refunded,
}


_UNTIL: Final = AT.replace(hour=6, minute=0) + timedelta(days=1)
_OFFERS: Final[dict[str, tuple[int, Relation | None]]] = {
    "父母划拨": (500_00, Relation.CHILD),
    "最长": (99_999_999_99, Relation.MATERNAL_GRANDPARENT),
    "不知关系": (10_00, None),
}


def _offer(amount: int, relation: Relation | None) -> Transferred:
    """`relation`: what the receiver is to the giver."""
    return Transferred(
        transfer_id=_ID, psn_no="3301000002", from_psn_no="3301000001", amount=amount, state="offered", until=_UNTIL, origin=_ORIGIN,
        at=AT, admdvs="330100", relation=relation,
    )  # fmt: skip


def _settlement(kind: str, shares: tuple[Share, ...]) -> Settled | PremiumPaid | PremiumCancelled | Returned:
    about: dict[str, Any] = {"psn_no": "3301000002", "origin": _ORIGIN, "at": AT, "shares": shares}
    if kind in _PREMIUMS:
        return _PREMIUMS[kind](premium_id=_ID, insutype="390", year=2027, amount=shares[0].amount, **about)
    pharmacy = shares[0].segment == "historic"
    about |= {
        "setl_id": "S1",
        "number": 1,
        "msgid": "H33010000001202611231005000001",
        "infno": "2207",
        "fixmedins_code": "P33010000001" if pharmacy else "H33010000001",
        "acct_pay": 0,
        "acct_mulaid_pay": sum(one.amount for one in shares),
        "psn_cash_pay": 0,
    }
    if kind == "settled":
        more = {
            "mdtrt_id": "M1",
            "med_type": "11",
            "medfee_sumamt": 0,
            "fund_pay_sumamt": 0,
            "hosp_part_amt": 0,
        }
        return Settled(**about, **more, policy_version="0")
    return _SETTLEMENTS[kind](**about)
