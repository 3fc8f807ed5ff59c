"""`settlement.results`: what settlement did, in full. Key: the beneficiary's `psn_no`. Institutions get `answers.settlement`."""

from enum import StrEnum

from pydantic import Field

from shared.contracts.account_credits import Segment
from shared.contracts.base import (
    UUID,
    Amount,
    Code,
    InstitutionCode,
    Message,
    MsgId,
    Origin,
    PsnNo,
    RegionCode,
    Time,
)
from shared.contracts.binding_requests import Relation


class Holder(StrEnum):
    OWN = "own"
    SPONSOR = "sponsor"


class Share(Message):
    """一笔分担 / what one account paid (or gets back)."""

    holder: Holder = Field(description="账户归属 / own account or a sponsor's")
    psn_no: PsnNo = Field(description="账户所有人 / owner of the account")
    segment: Segment = Field(description="资金分段 / part of the account")
    amount: Amount = Field(description="金额（元） / amount, yuan")
    balance_after: Amount = Field(description="支付后余额 / balance of the account part after it")
    admdvs: RegionCode = Field(description="账户统筹区 / pooling region of the account")
    binding_id: UUID | None = Field(default=None, description="绑定编号 / binding, for a sponsor's share")
    binding_version: int | None = Field(default=None, description="绑定版本 / version of the binding used")
    relation: Relation | None = Field(default=None, description="关系 / what the patient is to the sponsor")


class LeftOut(Message):
    """未参与的绑定 / a binding that took no part, and why."""

    binding_id: UUID = Field(description="绑定编号 / binding")
    code: Code = Field(
        description="原因代码 / not-effective, suspended, out-of-scope, quota-used, no-balance, frozen ..."
    )
    zh: str = Field(description="中文说明 / in Chinese", max_length=200)
    en: str = Field(description="英文说明 / in English", max_length=200)


class QuotedBefore(Message):
    """与预结算不同 / what the visit's last quote had said, where its shares were others; amounts in yuan."""

    msgid: MsgId = Field(description="预结算报文ID / the quote")
    acct_pay: Amount = Field(description="预结算个人账户支出 / from the own account")
    acct_mulaid_pay: Amount = Field(description="预结算共济支付 / from sponsors' accounts")
    psn_cash_pay: Amount = Field(description="预结算个人现金 / cash")


class Allocation(Message):
    """一次结算 / one settlement with its shares; amounts in yuan on the wire."""

    setl_id: str = Field(description="结算ID / settlement", max_length=30)
    number: int = Field(
        default=1, description="结果序号 / number of the result of this settlement, 1 first", ge=1
    )
    msgid: MsgId = Field(description="发送方报文ID / request")
    infno: str = Field(description="交易编号 / national transaction", max_length=4)
    origin: Origin = Field(description="请求来源 / whom to answer")
    fixmedins_code: InstitutionCode = Field(description="定点医药机构编号 / institution")
    psn_no: PsnNo = Field(description="人员编号 / the patient")
    mdtrt_id: str = Field(description="就诊ID / visit", max_length=30)
    med_type: str = Field(description="医疗类别 / kind of care", max_length=6)
    at: Time = Field(description="结算时间 / event time")
    medfee_sumamt: Amount = Field(description="医疗费总额 / total")
    fund_pay_sumamt: Amount = Field(description="基金支付总额 / paid by funds")
    hosp_part_amt: Amount = Field(description="医院负担金额 / borne by the institution")
    acct_pay: Amount = Field(description="个人账户支出 / from the patient's own account")
    acct_mulaid_pay: Amount = Field(description="个人账户共济支付金额 / from sponsors' accounts")
    psn_cash_pay: Amount = Field(description="个人现金支出 / cash")
    shares: tuple[Share, ...] = Field(default=(), description="分担明细 / shares, first to pay first")
    left_out: tuple[LeftOut, ...] = Field(
        default=(), description="未参与的绑定 / bindings left out, with reasons"
    )
    cash_reasons: tuple[str, ...] = Field(default=(), description="自费原因 / why there is cash, Chinese")
    policy_version: str = Field(description="政策版本 / hash of the resolved policy tree", max_length=64)
    quoted: QuotedBefore | None = Field(
        default=None, description="与预结算不同时：预结算结果 / what the quote said, where it said otherwise"
    )
    hold_until: Time | None = Field(
        default=None, description="预结算资金保留至 / until when the quoted shares are set apart"
    )
    bindings_read_to: Time | None = Field(
        default=None,
        description="绑定信息截至；之后的变更本次未计入 / every decision on bindings published before it was known here",
    )


class Quoted(Allocation):
    """预结算结果 / what would be paid."""


class Settled(Allocation):
    """结算结果 / what was paid."""


class Found(Allocation):
    """查询结果 / a stored settlement."""

    refd_setl_flag: str = Field(description="退费结算标志：0 正常 1 已退费 / refunded", pattern=r"^[01]$")


class Returned(Message):
    """退回 / money given back by a cancel, a reversal or a refund; shares are amounts given back."""

    setl_id: str = Field(description="原结算ID / the settlement undone", max_length=30)
    number: int = Field(description="结果序号 / number of the result of this settlement", ge=1)
    msgid: MsgId = Field(description="发送方报文ID / request")
    infno: str = Field(description="交易编号 / national transaction", max_length=4)
    origin: Origin = Field(description="请求来源 / whom to answer")
    fixmedins_code: InstitutionCode = Field(description="定点医药机构编号 / institution")
    psn_no: PsnNo = Field(description="人员编号 / the patient")
    at: Time = Field(description="时间 / event time")
    acct_pay: Amount = Field(description="退回个人账户 / to the patient's own account")
    acct_mulaid_pay: Amount = Field(description="退回共济账户 / to sponsors' accounts")
    psn_cash_pay: Amount = Field(description="退回现金 / in cash")
    shares: tuple[Share, ...] = Field(default=(), description="退回明细 / shares given back")
    tombstone: bool = Field(
        default=False, description="原交易未到 / the original had not arrived: it will be refused if it does"
    )


class Cancelled(Returned):
    """撤销结果 / a settlement was cancelled."""


class Reversed(Returned):
    """冲正结果 / a message was undone."""


class Refunded(Returned):
    """退费结果 / a part was given back."""


class Declined(Message):
    """拒绝 / nothing was booked, and why."""

    msgid: str = Field(description="发送方报文ID / request", max_length=64)
    infno: str | None = Field(default=None, description="交易编号 / national transaction", max_length=8)
    origin: Origin = Field(description="请求来源 / whom to answer")
    fixmedins_code: str | None = Field(
        default=None, description="定点医药机构编号 / institution", max_length=12
    )
    psn_no: str | None = Field(default=None, description="人员编号 / the patient", max_length=30)
    at: Time = Field(description="时间 / event time")
    code: Code = Field(description="拒绝代码 / stable code")
    field: str | None = Field(default=None, description="字段 / the field concerned", max_length=200)
    zh: str = Field(description="中文说明 / in Chinese", max_length=500)
    en: str = Field(description="英文说明 / in English", max_length=500)
    remedy_zh: str = Field(description="处理办法 / what to do, Chinese", max_length=500)
    remedy_en: str = Field(description="处理办法（英文） / what to do, English", max_length=500)


class _Premium(Message):
    premium_id: UUID = Field(description="缴费编号 / payment")
    psn_no: PsnNo = Field(description="被代缴人 / insured person")
    insutype: str = Field(description="险种 / kind of insurance", max_length=6)
    year: int = Field(description="缴费年度 / year of insurance")
    origin: Origin = Field(description="请求来源 / whom to answer")
    at: Time = Field(description="时间 / event time")
    amount: Amount = Field(description="金额（元） / premium, yuan")
    shares: tuple[Share, ...] = Field(description="分担明细 / shares")


class PremiumPaid(_Premium):
    """代缴结果 / a relative's premium was paid."""


class PremiumCancelled(_Premium):
    """撤销代缴结果 / a payment was taken back before it was remitted; shares are amounts given back."""


class Transferred(Message):
    """转账结果 / an offered transfer reached a state."""

    transfer_id: UUID = Field(description="转账编号 / transfer")
    psn_no: PsnNo = Field(description="接收人 / receiver")
    from_psn_no: PsnNo = Field(description="转出人 / giver")
    amount: Amount = Field(description="金额（元） / amount, yuan")
    state: Code = Field(description="状态 / offered, accepted, declined, withdrawn or returned")
    binding_id: UUID | None = Field(default=None, description="绑定编号 / binding that allows it")
    until: Time | None = Field(
        default=None, description="须在此前接收，逾期退回 / goes back then if nobody accepts it"
    )
    origin: Origin = Field(description="请求来源 / whom to answer")
    at: Time = Field(description="时间 / event time")
    admdvs: RegionCode | None = Field(
        default=None,
        description="接收人参保地，待接收时 / where the receiver is insured, while it is offered",
    )
    relation: Relation | None = Field(
        default=None,
        description="接收人是转出人的什么人，待接收时 / what the receiver is to the giver, while offered",
    )
