"""`answers.<source>`: what one source may read: results of its own requests, filtered and masked.

No name, certificate or phone number; an institution reads no sponsor's identity or balance, and relations only where its region's
interface has them (`spending.share_list`).
"""

from enum import StrEnum

from pydantic import Field

from shared.contracts.base import UUID, Amount, Code, InstitutionCode, Message, Money, RegionCode, Time
from shared.contracts.binding_decisions import Cause, State, Step
from shared.contracts.binding_requests import MaterialKind
from shared.contracts.reasons import Reason
from shared.contracts.relations import Relation
from shared.contracts.settlement_results import Holder, QuotedBefore


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
    """分担（不含身份） / what one account paid, without whose it is, where, or what is left in it."""

    holder: Holder = Field(description="账户归属：own 本人 sponsor 亲属 / own account or a sponsor's")
    amount: Amount = Field(description="金额（元） / amount, yuan")
    relation: Relation | None = Field(
        default=None, description="就诊人是账户所有人的 / what the patient is to the sponsor"
    )


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
    insutype: str | None = Field(
        default=None, description="险种 / insutype that it is cleared under", max_length=6
    )
    clr_type: str | None = Field(default=None, description="清算类别 / kind of clearing", max_length=6)
    clr_optins: RegionCode | None = Field(default=None, description="清算经办机构 / clearing office's region")
    shares: tuple[OpenShare, ...] = Field(
        default=(),
        description="各账户分担，仅限机构所在地接口有此明细且有共济支付时；先支付的在前 / what each account paid, first to pay first; only where "
        "the interface of the institution's region has such a list and a sponsor paid",
    )
    explained: tuple[str, ...] = Field(
        default=(), description="自费说明 / why there is cash, for the patient"
    )
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
    amount: Amount | None = Field(default=None, description="金额（元） / amount, yuan")
    until: Time | None = Field(
        default=None, description="须在此前接收，逾期退回 / goes back then if nobody accepts it"
    )
    reasons: tuple[Reason, ...] = Field(default=(), description="理由 / reasons")
    at: Time = Field(description="时间 / event time")


class BreakKind(StrEnum):
    """差错种类 / how a statement and the ledger differ."""

    MISSING_HERE = "missing-here"
    MISSING_THERE = "missing-there"
    AMOUNT = "amount-differs"
    COUNT = "count-differs"
    STATUS = "status-differs"
    OTHER_INSTITUTION = "other-institution"


class StatementFigures(Message):
    """一方的数字 / what one side has."""

    medfee_sumamt: Money | None = Field(default=None, description="医疗费总额 / total")
    fund_pay_sumamt: Money | None = Field(default=None, description="基金支付总额 / paid by funds")
    acct_pay: Money | None = Field(default=None, description="个人账户支付 / from own accounts")
    acct_mulaid_pay: Money | None = Field(default=None, description="共济支付 / from sponsors' accounts")
    fixmedins_setl_cnt: int | None = Field(default=None, description="结算笔数 / number of settlements")
    refd_setl_flag: str | None = Field(
        default=None, description="退费结算标志 / 0 paid, 1 given back", max_length=1
    )


class StatementBreak(Message):
    """一处差错 / one difference, a case of the ledger; `ours` is the centre's, empty where it may not be told."""

    case_id: Code = Field(description="案件编号 / case")
    kind: BreakKind = Field(description="差错种类 / kind")
    msgid: str | None = Field(default=None, description="发送方报文ID / the message", max_length=64)
    setl_id: str | None = Field(default=None, description="结算ID / settlement", max_length=30)
    state: Code = Field(description="状态：open 待处理 closed 已处理 / state")
    deadline: Time = Field(description="处理期限 / to be closed by")
    ours: StatementFigures | None = Field(default=None, description="中心端 / what the centre has")
    theirs: StatementFigures | None = Field(default=None, description="机构端 / what the institution has")


class ClearingLine(Message):
    """清算行 / what one region's accounts owe, net of what went back."""

    admdvs: RegionCode = Field(description="账户统筹区 / region of the accounts that paid")
    acct_pay: Money = Field(description="个人账户支付 / from patients' own accounts")
    acct_mulaid_pay: Money = Field(description="共济支付 / from sponsors' accounts")


class Reconciliation(Message):
    """对账、清算应答 / answer to totals, detail, clear and uncleared (3201-3204)."""

    msgid: str = Field(description="发送方报文ID / request", max_length=64)
    stmt_rslt: str | None = Field(
        default=None,
        description="对账结果：0 平 1 不平，空：待其余部分 / result; none: other parts are waited for",
        pattern=r"^[01]$",
    )
    stmt_rslt_dscr: str = Field(default="", description="结果说明 / what differs", max_length=2000)
    breaks: tuple[StatementBreak, ...] = Field(
        default=(), description="差错清单，至多200条 / breaks, at most 200"
    )
    breaks_open: int = Field(default=0, description="未处理差错数 / how many are open", ge=0)
    parts_missing: tuple[int, ...] = Field(default=(), description="未到的部分 / parts that have not come")
    clearing: Code | None = Field(
        default=None, description="清算状态：requested withdrawn cleared / state of the clearing"
    )
    lines: tuple[ClearingLine, ...] = Field(
        default=(), description="清算行 / what is owed by region of the account"
    )
    at: Time | None = Field(default=None, description="时间 / as of which time")


class LedgerVerdict(Message):
    """账务处理应答 / answer to an operator of the ledger."""

    case_id: str = Field(description="案件编号 / case", max_length=80)
    accepted: bool = Field(description="已采用 / whether it was used")
    state: Code | None = Field(default=None, description="状态：open closed / state after it")
    left: Amount | None = Field(default=None, description="尚余金额（元） / what is left of it, yuan")
    reasons: tuple[Reason, ...] = Field(default=(), description="理由 / why not")
    at: Time = Field(description="时间 / event time")


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
