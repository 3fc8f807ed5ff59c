"""`reconciliation.requests` (3201, 3202, 3203, 3204; key: `fixmedins_code`) and `ledger.verdicts` (key: case id)."""

from pydantic import Field

from shared.contracts.base import Amount, Code, InstitutionCode, Message, MsgId, RegionCode, ShortText, date


class _Statement(Message):
    fixmedins_code: InstitutionCode = Field(description="定点医药机构编号 / institution")
    msgid: MsgId = Field(description="发送方报文ID / message id")
    insutype: str = Field(description="险种 / kind of insurance", max_length=6)
    clr_type: str = Field(description="清算类别 / kind of clearing", max_length=6)
    setl_optins: RegionCode = Field(description="结算经办机构 / clearing office's region")
    stmt_begndate: date = Field(description="对账开始日期 / first day")
    stmt_enddate: date = Field(description="对账结束日期 / last day, inclusive")


class Totals(_Statement):
    """对总账 3201 / totals of a period as the institution has them."""

    medfee_sumamt: Amount = Field(description="医疗费总额 / total")
    fund_pay_sumamt: Amount = Field(description="基金支付总额 / paid by funds")
    acct_pay: Amount = Field(description="个人账户支付 / from own accounts")
    acct_mulaid_pay: Amount = Field(default=0, description="共济支付 / from sponsors' accounts")
    fixmedins_setl_cnt: int = Field(description="结算笔数 / number of settlements", ge=0)


class DetailRow(Message):
    """对账明细行 / one settlement as the institution has it."""

    setl_id: str = Field(description="结算ID / settlement", max_length=30)
    msgid: MsgId = Field(description="发送方报文ID / message id")
    medfee_sumamt: Amount = Field(description="医疗费总额 / total")
    acct_pay: Amount = Field(description="个人账户支付 / from the own account")
    acct_mulaid_pay: Amount = Field(default=0, description="共济支付 / from sponsors' accounts")
    refd_setl_flag: str = Field(default="0", description="退费结算标志 / refunded", pattern=r"^[01]$")


class Detail(_Statement):
    """对明细账 3202 / all settlements of a period."""

    rows: tuple[DetailRow, ...] = Field(description="明细 / rows", max_length=1000)


class Clear(_Statement):
    """清算申请 3203 / the institution asks for clearing of a month."""


class Uncleared(_Statement):
    """清算撤销 3204 / the institution takes it back."""


class _LedgerVerdict(Message):
    case_id: Code = Field(description="案件编号 / case")
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

    amount: Amount = Field(description="金额（元） / amount, yuan")
