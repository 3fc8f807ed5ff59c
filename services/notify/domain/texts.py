"""The Chinese texts: what was decided and when, all reasons, what to do, by when, whom to call.

No codes, no English, no name and no number of any person: the texts may lie in a provider's logs.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.notify.domain import words as w
from shared.contracts.binding_decisions import BindingState
from shared.contracts.binding_requests import Side, Terms
from shared.contracts.reasons import Reason
from shared.contracts.settlement_results import Share

SMS_UNITS: Final = 4 * 67  # four segments of UCS-2, signature included
SPEECH_UNITS: Final = 220  # about 50 s of speech
HOTLINE: Final = "咨询请拨12393。"
_ASK: Final = "请拨打12393咨询"
_NOT_MET: Final = "所填信息不符合办理条件"


@dataclass(frozen=True, slots=True)
class Content:
    """One notice in words: for the message centre, the text message and the telephone.

    `sms` has its signature in front. A call says `opening` to whoever answers and `speech` after the key 1; empty: the details at
    once. `template` and `variables` are what a provider gets that sends approved templates only. Stored as JSON with the notice:
    the fields with defaults were not there before.
    """

    title: str
    text: str
    sms: str
    speech: str
    opening: str = ""
    template: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wording:
    """Head (what was decided), reasons in full, tail (what to do)."""

    title: str
    head: str
    tail: str = ""
    reasons: Sequence[Reason] = ()


def content(wording: Wording, sign: str) -> Content:
    """The three forms. `sign` is the registered signature of text messages, without brackets."""
    full = _compose(wording, len(wording.reasons))
    sms = _fitting(wording, SMS_UNITS - units(sign) - 2)
    speech = w.spoken(_fitting(wording, SPEECH_UNITS))
    spoken = f"您好，这里是医保服务中心。{speech}如已听清，请按一。"
    return Content(wording.title, full, f"【{sign}】{sms}", spoken)


def units(text: str) -> int:
    """Length in UCS-2 units, as segments count it."""
    return len(text.encode("utf-16-be")) // 2


def _fitting(wording: Wording, limit: int) -> str:
    """As many reasons as fit, the rest counted."""
    shown = len(wording.reasons)
    while shown and units(_compose(wording, shown)) > limit:
        shown -= 1
    return _compose(wording, shown)


def _compose(wording: Wording, shown: int) -> str:
    reasons = [_reason(reason) for reason in wording.reasons]
    if len(reasons) == 1 and shown:
        middle = f"原因：{reasons[0]}。"
    elif shown:
        middle = "原因：" + "；".join(f"{n}）{one}" for n, one in enumerate(reasons[:shown], 1)) + "。"
    else:
        middle = ""
    if left := len(reasons) - shown:
        middle += f"另有{left}项原因，可在申请渠道查看。" if shown else f"共{left}项原因，可在申请渠道查看。"
    return f"{wording.head}{middle}{wording.tail}{HOTLINE}"


_WHOM_TO_ASK = re.compile("（咨询[0-9-]+）")  # every text ends with the number to call


def _reason(reason: Reason) -> str:
    what = w.chinese_only(reason.zh, _NOT_MET).rstrip("。")
    remedy = w.chinese_only(_WHOM_TO_ASK.sub("", reason.remedy_zh), _ASK).rstrip("。")
    return f"{what}，{remedy}" if remedy else what


def _terms(terms: Terms) -> str:
    quota = f"，年度限额{w.money(terms.quota)}" if terms.quota is not None else ""
    end = f"，至{terms.enddate.month}月{terms.enddate.day}日止" if terms.enddate else ""
    return f"{w.listed(w.USE.get(use, w.OTHER_USE) for use in terms.scope)}{quota}{end}"


def _whose(state: BindingState, side: Side, verb: str) -> str:
    """`您为子女申请的家庭共济` or `您的父母为您申请的家庭共济`."""
    relation = state.case.relation
    if side is Side.SPONSOR:
        return f"您为{w.RELATION[relation]}{verb}的家庭共济"
    return f"您的{w.INVERSE[relation]}为您{verb}的家庭共济"


def _present_terms(state: BindingState) -> Terms:
    return state.terms[-1].terms if state.terms else state.case.terms


def _approved(state: BindingState, side: Side) -> Wording:
    since = state.effective[-1].begin if state.effective else state.at
    who = "对方" if side is Side.SPONSOR else "您"
    head = f"{_whose(state, side, '申请')}已于{w.moment(state.at)}审核通过，自{w.day(since)}起{who}可使用（{_terms(_present_terms(state))}）。"
    return Wording("家庭共济已通过", head, "如非本人意愿，请尽快联系医保部门。")


def _refused(state: BindingState, side: Side) -> Wording:
    head = f"{_whose(state, side, '申请')}于{w.moment(state.at)}未通过。"
    return Wording("家庭共济未通过", head, "更正后可重新申请。", state.reasons)


def _supplement(state: BindingState, side: Side) -> Wording:
    papers = w.listed(w.MATERIAL[kind] for kind in state.supplement) or "证明材料"
    by = f"请在{w.moment(state.due_at)}前" if state.due_at else "请尽快"
    how = (
        "带到受理窗口，可由家人代送。"
        if state.case.channel.in_person
        else "通过原申请渠道补交，也可送到医保窗口。"
    )
    others = [one for one in state.reasons if one.code != "materials-missing"]
    head = f"{_whose(state, side, '申请')}于{w.moment(state.at)}审核，需要补充：{papers}。{by}{how}"
    return Wording("家庭共济需补充材料", head, "逾期未补交，申请将终止。", others)


def _consent(state: BindingState, side: Side) -> Wording:
    by = f"请在{w.moment(state.due_at)}前" if state.due_at else "请尽快"
    code = f"（短码{state.short_code}）" if state.short_code else ""
    head = f"您的{w.INVERSE[state.case.relation]}于{w.moment(state.case.requested_at)}申请让您使用其医保个人账户，{by}在医保服务渠道办理同意{code}。"
    return Wording("请确认家庭共济", head, "不同意可拒绝，逾期视为不同意。工作人员不会向您索要验证码。")


def _expired(state: BindingState, side: Side) -> Wording:
    head = f"{_whose(state, side, '申请')}因逾期已于{w.moment(state.at)}终止。"
    return Wording("家庭共济申请已终止", head, "需要时可重新申请。", state.reasons)


def _suspended(state: BindingState, side: Side) -> Wording:
    head = f"{_whose(state, side, '办理')}自{w.moment(state.at)}起暂停使用。"
    return Wording("家庭共济已暂停", head, "恢复后会再通知您。", state.reasons)


def _resumed(state: BindingState, side: Side) -> Wording:
    return Wording("家庭共济已恢复", f"{_whose(state, side, '办理')}自{w.moment(state.at)}起恢复使用。")


def _ended(state: BindingState, side: Side) -> Wording:
    why = f"（{w.CAUSE[state.cause]}）" if state.cause else ""
    head = f"{_whose(state, side, '办理')}已于{w.moment(state.at)}解除{why}，此后的费用不再由共济账户支付。"
    return Wording("家庭共济已解除", head)


def _changed(state: BindingState, side: Side) -> Wording:
    head = f"{_whose(state, side, '办理')}自{w.moment(state.at)}起使用条件变更为：{_terms(_present_terms(state))}。"
    return Wording("家庭共济条件已变更", head, "如非本人意愿，请尽快联系医保部门。")


_WRITERS: Final[dict[str, Callable[[BindingState, Side], Wording]]] = {
    "consent-requested": _consent,
    "supplement-requested": _supplement,
    "approved": _approved,
    "refused": _refused,
    "rejected": _refused,
    "expired": _expired,
    "changed": _changed,
    "suspended": _suspended,
    "resumed": _resumed,
    "ended": _ended,
}


def decision(suffix: str, state: BindingState, side: Side) -> Wording:
    """The wording of a decision for one side. Raises KeyError for a type that nobody is told."""
    return _WRITERS[suffix](state, side)


def spent(shares: Sequence[Share], at: str, relation: str, purpose: str) -> Wording:
    """A sponsor's account paid: `shares` are those of this sponsor, in booking order."""
    total = sum(share.amount for share in shares)
    head = f"您的医保个人账户于{at}为您的{relation}{purpose}支付{w.money(total)}。"
    return Wording("家庭共济支出", head, "如有疑问请尽快联系医保部门。")


def returned(shares: Sequence[Share], at: str, relation: str) -> Wording:
    """Money came back to a sponsor's account."""
    total = sum(share.amount for share in shares)
    return Wording("家庭共济退回", f"于{at}退回您的医保个人账户{w.money(total)}，原为您的{relation}支付。")
