"""Why a settlement request is declined: stable code, field, and texts with what to do. No text names a person."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from shared.contracts.settlement_requests import DeclineCode as C


class Decline(NamedTuple):
    """One decline; `values` fill the placeholders of the text (amounts and times, never personal data)."""

    code: C
    field: str | None = None
    values: Mapping[str, str] = MappingProxyType({})


class Text(NamedTuple):
    """Chinese, English, remedy in Chinese, remedy in English."""

    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


TEXTS: dict[C, Text] = {
    C.PARTS_DO_NOT_ADD_UP: Text("费用分项合计 {parts} 与总额 {total} 不一致", "the parts add up to {parts}, the total is {total}", "请核对各分项金额后以新报文重新提交", "correct the parts and send a new message"),
    C.FUND_ABOVE_TOTAL: Text("基金与医院负担合计 {fund} 高于总额 {total}", "fund and hospital parts of {fund} exceed the total of {total}", "请核对基金支付金额", "check the fund's part"),
    C.BILL_IN_FUTURE: Text("费用发生时间晚于结算时间 {at}", "the bill is later than the settlement at {at}", "请校准系统时间后重新提交", "set the clock and send a new message"),
    C.PATIENT_UNKNOWN: Text("未查到该人员的登记信息", "the patient is not registered", "请核对人员编号", "check psn_no"),
    C.PATIENT_DECEASED: Text("登记的死亡日期早于费用发生日期", "the registered date of death is before the day of the bill", "如登记有误请联系参保地医保经办机构", "if the registry is wrong, ask the authority where the patient is insured"),
    C.INSURED_ELSEWHERE: Text("参保地区划 {region} 与登记的参保地不一致", "the registry has no insurance of the patient in {region}", "请重新获取人员信息（1101）后以新报文提交", "read the person's data again (1101) and send a new message"),
    C.CREDENTIAL_NOT_PATIENT: Text("就诊凭证不是就诊人本人的", "the credential is not the patient's own", "请出示就诊人本人的凭证：钱可以共济，卡不能共用", "show the patient's own credential: money is shared, cards are not"),
    C.INSTITUTION_UNKNOWN: Text("未查到该定点医药机构", "the institution is not registered", "请核对机构编号", "check fixmedins_code"),
    C.INSTITUTION_SUSPENDED: Text("该机构未定点或已暂停联网结算", "the institution is not designated or is suspended", "请联系当地医保经办机构", "ask the local authority"),
    C.NOT_YOUR_INSTITUTION: Text("本系统无权为该机构结算", "this system may not bill for the institution", "请由该机构登记的系统提交", "send it from the institution's own system"),
    C.MSGID_REUSED: Text("该报文ID已用于内容不同的报文", "this msgid was used for another message", "请使用新的报文ID", "use a new msgid"),
    C.MSGID_NOT_YOURS: Text("报文ID不属于该机构", "the msgid does not belong to the institution", "报文ID前12位应为本机构编号", "its first 12 characters are the institution's code"),
    C.SETTLEMENT_UNKNOWN: Text("未找到该结算", "no such settlement", "请核对结算ID；如应答丢失请按原报文ID冲正或查询", "check setl_id; if an answer was lost, reverse or query by msgid"),
    C.ALREADY_CANCELLED: Text("该结算已撤销或已全部退费", "the settlement was already taken back", "无需重复办理，可查询结算状态", "nothing to do; query it"),
    C.NOT_REVERSIBLE: Text("原报文不能冲正", "the original message cannot be reversed", "只有结算和撤销可以冲正（预结算、退费、冲正不可）；请核对原报文ID、原交易编号和人员编号", "only a settle or a cancel can be reversed, no quote, refund or reversal; check omsgid, oinfno and psn_no"),
    C.MONEY_GONE: Text("该撤销之后账户资金已不足，缺少 {missing}", "the money of the settlement is not there any more; {missing} is missing", "请以新报文重新结算", "settle again with a new message"),
    C.TRANSACTION_MISMATCH: Text("撤销交易 {infno} 与原结算交易 {settled} 不对应", "transaction {infno} does not cancel a {settled}", "请以交易 {wanted} 撤销", "cancel it with {wanted}"),
    C.REVERSED_BEFORE: Text("该报文在到达前已被冲正", "this message was reversed before it arrived", "如需结算请以新报文重新提交", "send a new message to settle"),
    C.REFUND_TOO_HIGH: Text("退费金额 {amount} 高于可退金额 {left}", "a refund of {amount} exceeds what is left, {left}", "请核对退费金额", "check the amount"),
    C.FIELD_INVALID: Text("字段 {field} 不符合要求：{problem}", "field {field}: {problem}", "请更正后以新报文重新提交", "correct it and send a new message"),
    C.TIME_NOT_BELIEVED: Text("消息时间与接收时间相差过大", "the event time is too far from the time of receipt", "请校准系统时间后以新报文重新提交", "set the clock and send a new message"),
    C.NOT_OFFERED_HERE: Text("该业务暂未在此开通", "this is not offered here yet", "请通过原有渠道办理", "use the existing channel"),
}  # fmt: skip


class Why(NamedTuple):
    """Why a binding takes no part, or pays less than it has: stable code and words. No words name a person."""

    code: str
    zh: str
    en: str


_LEFT_OUT: dict[str, tuple[str, str]] = {
    "not-effective": (
        "该绑定在结算时未生效或已解除",
        "the binding was not in effect at the time of the bill",
    ),
    "mode-not-offered": (
        "该账户所在地区在结算时未开通该绑定的共济方式",
        "the region of the account does not settle bills in this binding's mode",
    ),
    "suspended": ("该绑定在结算时处于暂停状态", "the binding was suspended"),
    "asleep": ("授权人职工医保状态不正常，绑定暂不使用", "the sponsor's insurance is not in normal status"),
    "sponsor-deceased": ("授权人登记状态异常，绑定不再使用", "the sponsor's registration does not allow it"),
    "beneficiary-asleep": (
        "使用人医保状态不正常，绑定暂不使用",
        "the patient's insurance is not in normal status",
    ),
    "out-of-scope": ("该费用不在授权的使用范围内", "the bill is outside the scope that the sponsor chose"),
    "premium-not-covered": (
        "该地区的共济资金不代缴此项保费",
        "the region's shared money does not pay this premium",
    ),
    "care-not-covered": (
        "该地区的共济资金不支付此医疗类别",
        "the region's shared money does not pay this kind of care",
    ),
    "not-payable": (
        "费用（或其余部分）不属于该共济资金的支付范围",
        "the bill, or what is left of it, may not be paid with this money",
    ),
    "not-filed": (
        "该地区规定异地就医备案后方可使用共济资金",
        "the region wants a filing for care elsewhere before shared money is used",
    ),
    "no-balance": ("可共济的余额不足", "no usable balance"),
    "floor-reached": (
        "账户须保留的金额不用于为他人支付",
        "what has to stay in the account pays no other person's bill",
    ),
    "quota-used": ("共济限额已用完", "the quota is used up"),
    "cap-used": ("该地区的共济支付上限已用完", "a cap of the region on shared money is used up"),
    "frozen": ("账户已封存", "the account is frozen"),
    "closed": ("账户已销户", "the account is closed"),
    "bound-twice": ("同一授权人的另一绑定已参与支付", "another binding with the same sponsor takes part"),
    "one-sponsor": ("该地区每次结算只使用一个共济账户", "the region uses one shared account per settlement"),
}

LEFT_OUT = {code: Why(code, *words) for code, words in _LEFT_OUT.items()}
"""Every reason by its code; `cap-used` is said with the cap's own words (`limits.named`)."""

CASH_NO_ACCOUNTS = "按就诊人选择未使用个人账户"
CASH_OWN_ONLY = "本人账户余额不足，且没有可用的家庭共济绑定，其余由现金支付"
CASH_SHARED = "本人账户和家庭共济可用资金不足以支付全部个人负担，其余由现金支付"
CASH_NOT_PAYABLE = "按规定不由个人账户和家庭共济支付：{what}"
CASH_BOUND = "共济支付受限：{why}"
CASH_DIFFERS = "结算与预结算不同：预结算为个人账户{acct_pay}元、共济{acct_mulaid_pay}元、现金{psn_cash_pay}元"
CASH_LEFT_OUT = "有家庭共济绑定未参与本次支付：{why}"
