"""`reconciliation.requests` (3201, 3202, 3203, 3204; key: `fixmedins_code`) and `ledger.verdicts` (key: case id)."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.contracts.base import (
    Amount,
    Code,
    InstitutionCode,
    Message,
    Money,
    MsgId,
    PositiveAmount,
    RegionCode,
    ShortText,
    date,
)

CaseId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,80}$")]
"""Id of a case of the ledger: a break, money held, money to be recovered, a month of a region."""


class _Statement(Message):
    fixmedins_code: InstitutionCode = Field(description="定点医药机构编号 / institution")
    msgid: MsgId = Field(description="发送方报文ID / message id")
    insutype: str = Field(description="险种 / kind of insurance", max_length=6)
    clr_type: str = Field(description="清算类别 / kind of clearing", max_length=6)
    setl_optins: RegionCode = Field(description="结算经办机构 / clearing office's region")
    stmt_begndate: date = Field(description="对账开始日期 / first day")
    stmt_enddate: date = Field(description="对账结束日期 / last day, inclusive")


class Totals(_Statement):
    """对总账 3201 / totals of a period as the institution has them.

    Amounts are as in the answers, less what went back in the period (so they may be negative). A settlement and a taking back are one
    each in the number; a message that was reversed (2601) within the period and its reversal may be left out together.
    """

    medfee_sumamt: Money = Field(description="医疗费总额 / total")
    fund_pay_sumamt: Money = Field(description="基金支付总额 / paid by funds")
    acct_pay: Money = Field(description="个人账户支付 / from own accounts, as answered")
    acct_mulaid_pay: Money = Field(default=0, description="共济支付 / from sponsors' accounts")
    fixmedins_setl_cnt: int = Field(description="结算笔数 / number of settlements and takings back", ge=0)


class DetailRow(Message):
    """对账明细行 / one message that moved money, as the institution has it: a settlement, or what it took back."""

    setl_id: str = Field(description="结算ID / settlement", max_length=30)
    msgid: MsgId = Field(
        description="发送方报文ID / the message: of the settlement, cancel, refund or reversal"
    )
    medfee_sumamt: Amount = Field(description="医疗费总额 / total")
    acct_pay: Amount = Field(description="个人账户支付 / from the own account, as answered")
    acct_mulaid_pay: Amount = Field(default=0, description="共济支付 / from sponsors' accounts")
    refd_setl_flag: str = Field(
        default="0", description="退费结算标志：0 支付 1 退回 / 0 paid, 1 given back", pattern=r"^[01]$"
    )


class Detail(_Statement):
    """对明细账 3202 / all settlements of a period, in one message or in several of at most 1000 rows with one `file_qury_no`."""

    rows: tuple[DetailRow, ...] = Field(description="明细 / rows", max_length=1000)
    file_qury_no: Code | None = Field(
        default=None, description="文件查询号，分多条发送时必填 / what the parts of one list have in common"
    )
    part: int = Field(default=1, description="第几部分 / which part this is, from 1", ge=1, le=1000)
    parts: int = Field(default=1, description="共几部分 / how many parts there are", ge=1, le=1000)

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        if self.part > self.parts:
            raise ValueError('part is at most parts, for example "part": 1, "parts": 2')
        if self.parts > 1 and self.file_qury_no is None:
            raise ValueError('a list in several parts needs a file_qury_no, for example "D20261123-1"')
        return self


class Clear(_Statement):
    """清算申请 3203 / the institution asks for clearing of a month; the dates are its first and last day."""


class Uncleared(_Statement):
    """清算撤销 3204 / the institution takes it back."""


class _LedgerVerdict(Message):
    case_id: CaseId = Field(description="案件编号 / case")
    operator_id: Code = Field(description="经办人编号 / operator")
    note: ShortText | None = Field(default=None, description="备注 / a remark")


class BreakClosed(_LedgerVerdict):
    """差错关闭 / a break is explained and closed."""

    resolution: Code = Field(description="处理结果 / how it was resolved")


class PeriodClosed(_LedgerVerdict):
    """月结 / a month is closed for a region."""

    month: str = Field(description="月份 / month", pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")
    admdvs: RegionCode = Field(description="统筹区 / region")


class HeldReleased(_LedgerVerdict):
    """挂账释放 / money held for a closed account is paid out."""

    to: Code = Field(description="去向 / where to")


class RecoverySettled(_LedgerVerdict):
    """追回完成 / what was to be recovered is."""

    amount: PositiveAmount = Field(description="金额（元） / amount that came in, yuan")
