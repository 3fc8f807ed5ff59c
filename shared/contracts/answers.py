"""`answers.<source>`: what one source may read: results of its own requests, filtered and masked.

No name, certificate or phone number; an institution reads no sponsor's identity, relation or balance.
"""

from pydantic import Field

from shared.contracts.base import UUID, Amount, Code, InstitutionCode, Message, RegionCode, Time
from shared.contracts.binding_decisions import Cause, State, Step
from shared.contracts.binding_requests import MaterialKind
from shared.contracts.reasons import Reason


class Refused(Message):
    """请求不合格 / the request could not be used at all; nothing was stored."""

    request_type: str = Field(description="请求类型 / type of the request", max_length=80)
    binding_id: UUID | None = Field(default=None, description="绑定编号 / binding, if it could be read")
    reasons: tuple[Reason, ...] = Field(description="理由 / every field that is wrong", min_length=1)


class Screened(Message):
    """受理结果 / what eligibility found, at once."""

    binding_id: UUID | None = Field(
        default=None, description="绑定编号，开户等无绑定的事项为空 / binding, none for requests without one"
    )
    outcome: Code = Field(description="结果：passed refused consent-needed accepted / outcome")
    step: Step = Field(description="办理进度 / public step")
    reasons: tuple[Reason, ...] = Field(default=(), description="理由 / all reasons")
    reasons_gone: tuple[Code, ...] = Field(
        default=(), description="已消除的理由 / reasons of the earlier request that are gone"
    )
    at: Time = Field(description="时间 / event time")
    policy_version: str = Field(description="政策版本 / hash of the resolved policy tree", max_length=64)


class Binding(Message):
    """绑定进度 / the state of a binding."""

    binding_id: UUID = Field(description="绑定编号 / binding")
    version: int = Field(description="版本 / +1 with each change", ge=1)
    state: State = Field(description="状态 / state")
    step: Step = Field(description="办理进度 / public step")
    reasons: tuple[Reason, ...] = Field(default=(), description="理由 / reasons")
    supplement: tuple[MaterialKind, ...] = Field(default=(), description="需补材料 / documents asked for")
    due_at: Time | None = Field(default=None, description="期限 / end of the present wait")
    due_basis: Code | None = Field(
        default=None,
        description="期限依据：official-calendar 节假日安排 weekdays 按周一至周五 / what working days were counted by",
    )
    effective_from: Time | None = Field(default=None, description="生效时间 / effective from")
    cause: Cause | None = Field(default=None, description="解除原因 / why it ended")
    at: Time = Field(description="时间 / event time")


class OpenShare(Message):
    """分担（不含身份） / a share without identity."""

    holder: Code = Field(description="账户归属 / own or sponsor")
    amount: Amount = Field(description="金额（元） / amount, yuan")
    admdvs: RegionCode = Field(description="账户统筹区 / pooling region of the account")


class Settlement(Message):
    """结算应答 / national `setlinfo` with the total of shared accounts."""

    infcode: str = Field(description="交易状态码：0 成功 -1 失败 / 0 done, -1 declined", pattern=r"^(0|-1)$")
    err_msg: str | None = Field(
        default=None, description="错误信息 / Chinese text of a decline", max_length=500
    )
    code: Code | None = Field(default=None, description="拒绝代码 / stable code of a decline")
    field: str | None = Field(default=None, description="字段 / the field concerned", max_length=200)
    remedy: str | None = Field(default=None, description="处理办法 / what to do, Chinese", max_length=500)
    msgid: str = Field(description="发送方报文ID / request", max_length=64)
    infno: str | None = Field(default=None, description="交易编号 / national transaction", max_length=8)
    setl_id: str | None = Field(default=None, description="结算ID / settlement", max_length=30)
    fixmedins_code: InstitutionCode | None = Field(default=None, description="定点医药机构编号 / institution")
    mdtrt_id: str | None = Field(default=None, description="就诊ID / visit", max_length=30)
    setl_time: Time | None = Field(default=None, description="结算时间 / event time")
    medfee_sumamt: Amount | None = Field(default=None, description="医疗费总额 / total")
    fund_pay_sumamt: Amount | None = Field(default=None, description="基金支付总额 / paid by funds")
    hosp_part_amt: Amount | None = Field(default=None, description="医院负担金额 / borne by the institution")
    acct_pay: Amount | None = Field(default=None, description="个人账户支出 / from the own account")
    acct_mulaid_pay: Amount | None = Field(
        default=None, description="个人账户共济支付金额 / from sponsors' accounts"
    )
    psn_cash_pay: Amount | None = Field(default=None, description="个人现金支出 / cash")
    balc: Amount | None = Field(
        default=None, description="本人账户余额 / balance of the own account after it"
    )
    refd_setl_flag: str | None = Field(default=None, description="退费结算标志 / refunded", max_length=1)
    explained: tuple[str, ...] = Field(
        default=(), description="自费说明 / why there is cash, for the patient"
    )


class Premium(Message):
    """缴费应答 / answer to a premium request."""

    premium_id: UUID | None = Field(default=None, description="缴费编号 / payment")
    state: Code = Field(description="状态 / paid, cancelled, remitted or declined")
    amount: Amount | None = Field(default=None, description="金额（元） / premium, yuan")
    reasons: tuple[Reason, ...] = Field(default=(), description="理由 / reasons")
    at: Time = Field(description="时间 / event time")


class Transfer(Message):
    """转账应答 / answer to a transfer."""

    transfer_id: UUID | None = Field(default=None, description="转账编号 / transfer")
    state: Code = Field(description="状态 / offered, accepted, declined, withdrawn, returned or refused")
    reasons: tuple[Reason, ...] = Field(default=(), description="理由 / reasons")
    at: Time = Field(description="时间 / event time")


class Reconciliation(Message):
    """对账应答 / answer to totals or detail (3201, 3202)."""

    msgid: str = Field(description="发送方报文ID / request", max_length=64)
    stmt_rslt: str = Field(description="对账结果：0 平 1 不平 / result", pattern=r"^[01]$")
    stmt_rslt_dscr: str = Field(default="", description="结果说明 / what differs", max_length=2000)


class Verdict(Message):
    """审核意见应答 / answer to an operator."""

    binding_id: UUID = Field(description="绑定编号 / case")
    accepted: bool = Field(description="已采用 / whether it was used")
    state: State | None = Field(default=None, description="状态 / state after it")
    version: int | None = Field(default=None, description="版本 / version after it")
    reasons: tuple[Reason, ...] = Field(default=(), description="理由 / why not")
    at: Time = Field(description="时间 / event time")


class ConcernedBinding(Message):
    """所涉绑定 / a binding that a document about a person changed."""

    binding_id: UUID = Field(description="绑定编号 / binding")
    state: State = Field(description="状态 / state after it")
    version: int = Field(description="版本 / version after it")


class LeftBinding(Message):
    """未动绑定 / a binding that a document about a person left as it was."""

    binding_id: UUID = Field(description="绑定编号 / binding")
    reasons: tuple[Reason, ...] = Field(description="理由 / why", min_length=1)


class PersonVerdict(Message):
    """个人文书应答 / answer to a document about a person; it names bindings, never the person."""

    request_id: str = Field(
        description="请求消息编号 / ce_id of the message that this answers", min_length=1, max_length=128
    )
    accepted: bool = Field(description="已采用 / whether anything came of it")
    concerned: tuple[ConcernedBinding, ...] = Field(default=(), description="已变更 / bindings it changed")
    left: tuple[LeftBinding, ...] = Field(default=(), description="未变更 / bindings it left alone, and why")
    waiting: int = Field(
        default=0,
        description="待定申请数 / undecided requests that will be suspended when they are approved",
        ge=0,
    )
    reasons: tuple[Reason, ...] = Field(default=(), description="理由 / why not, or what still stands")
    at: Time = Field(description="时间 / event time")


class CentreMessage(Message):
    """消息中心消息 / a message for the channel's own message centre; to be acknowledged on `notice.receipts`."""

    notice_id: UUID = Field(description="通知编号 / notice")
    binding_id: UUID | None = Field(default=None, description="绑定编号 / binding")
    title: str = Field(description="标题 / title", max_length=60)
    text: str = Field(description="正文 / text, without names or numbers of persons", max_length=2000)
    at: Time = Field(description="时间 / event time")
