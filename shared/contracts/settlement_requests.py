"""`settlement.requests`: bills of hospitals and pharmacies. Key: the beneficiary's (patient's) `psn_no`; subject: `msgid`.

Names and codes follow the national interface (2206 quote, 2207/2102/2304 settle, 2208/2103/2305 cancel, 2601 reverse,
5203 query). Shares of the fund are the institution's figures; a binding never changes them.
"""

from enum import StrEnum

from pydantic import Field

from shared.contracts.base import (
    Amount,
    InstitutionCode,
    Message,
    MsgId,
    PositiveAmount,
    PsnNo,
    RegionCode,
    Time,
)
from shared.contracts.pii import CertificateNumber


class _Request(Message):
    msgid: MsgId = Field(description="发送方报文ID：机构12+时间14+序号4 / message id, unique per institution")
    fixmedins_code: InstitutionCode = Field(description="定点医药机构编号 / institution")
    psn_no: PsnNo = Field(description="人员编号 / the patient")


class ItemCategory(StrEnum):
    """项目类别 / what a line of a bill is for; public health, fitness and wellness are outside basic medical insurance."""

    DRUG = "drug"
    DEVICE = "device"
    CONSUMABLE = "consumable"
    SERVICE = "service"
    PUBLIC_HEALTH = "public-health"
    FITNESS = "fitness"
    WELLNESS = "wellness"
    OTHER = "other"


class FeeDetail(Message):
    """费用明细 / one line of a bill, as the national fee detail (2204, 2102) has it; what was sold is not told."""

    feedetl_sn: str = Field(description="费用明细流水号 / number of the line", min_length=1, max_length=30)
    med_chrgitm_type: str | None = Field(
        default=None,
        description="医疗收费项目类别：08 材料 09 西药 10 中药饮片 11 中成药 / national kind of charge",
        pattern=r"^[0-9]{2,6}$",
    )
    category: ItemCategory | None = Field(
        default=None,
        description="项目类别；没有国家代码的（器械、非医疗项目）须报 / category, where no national code says it",
    )
    det_item_fee_sumamt: Amount = Field(description="明细项目费用总额 / sum of the line")
    fulamt_ownpay_amt: Amount = Field(default=0, description="全自费金额 / wholly self-paid")
    overlmt_amt: Amount = Field(default=0, description="超限价金额 / over the price limit")
    preselfpay_amt: Amount = Field(default=0, description="先行自付金额 / paid first by the person")
    inscp_scp_amt: Amount = Field(default=0, description="符合政策范围金额 / in scope")


class Bill(_Request):
    """费用 / a bill with its national parts; `medfee_sumamt` equals the sum of the parts to the fen."""

    infno: str = Field(description="交易编号 / national transaction", pattern=r"^(2206|2207|2102|2304)$")
    mdtrt_id: str = Field(description="就诊ID / visit", min_length=1, max_length=30)
    mdtrt_cert_type: str = Field(
        description="就诊凭证类型：01 电子凭证 02 身份证 03 社保卡 / kind of credential", pattern=r"^0[123]$"
    )
    mdtrt_cert_no: CertificateNumber = Field(description="就诊凭证编号 / credential of the patient")
    med_type: str = Field(
        description="医疗类别：11 门诊 21 住院 41 药店 / kind of care", pattern=r"^[0-9]{2,6}$"
    )
    insuplc_admdvs: RegionCode = Field(description="参保地区划 / the patient's pooling region")
    bill_at: Time = Field(description="费用发生时间 / when the bill arose")
    medfee_sumamt: Amount = Field(description="医疗费总额 / total")
    fund_pay_sumamt: Amount = Field(default=0, description="基金支付总额 / paid by funds")
    hosp_part_amt: Amount = Field(default=0, description="医院负担金额 / borne by the institution")
    fulamt_ownpay_amt: Amount = Field(default=0, description="全自费金额 / wholly self-paid")
    overlmt_selfpay: Amount = Field(default=0, description="超限价自费费用 / over the price limit")
    preselfpay_amt: Amount = Field(default=0, description="先行自付金额 / paid first by the person")
    inscp_scp_amt: Amount = Field(
        default=0, description="符合政策范围金额 / in scope (fund and personal share)"
    )
    insutype: str | None = Field(
        default=None,
        description="险种，缺省按参保登记 / insutype; the registry's if absent",
        pattern=r"^[0-9]{3,6}$",
    )
    clr_type: str | None = Field(
        default=None,
        description="清算类别，缺省按医疗类别 / kind of clearing; by med_type if absent",
        pattern=r"^[0-9]{2,6}$",
    )
    clr_optins: RegionCode | None = Field(
        default=None,
        description="清算经办机构，缺省为机构所在地 / clearing office's region; the institution's if absent",
    )
    acct_used_flag: str = Field(
        default="1", description="个人账户使用标志 / 1 use accounts, 0 do not", pattern=r"^[01]$"
    )
    feedetail: tuple[FeeDetail, ...] = Field(
        default=(),
        description="费用明细；可不报 / lines; without them the rules by part of the bill apply",
        max_length=500,
    )


class Quote(Bill):
    """预结算 2206 / what would be paid. Nothing is booked; with `hold_minutes` the quoted shares are set apart for the visit's settle."""

    hold_minutes: int | None = Field(
        default=None,
        description="保留分钟数；地区规定上限；不填：不保留 / for how long the shares are set apart; the region bounds it; absent: not",
        ge=1,
        le=10_080,
    )


class Settle(Bill):
    """结算 2207、2102、2304 / book it."""


class Cancel(_Request):
    """结算撤销 2208、2103、2305 / take a settlement back."""

    infno: str = Field(description="交易编号 / national transaction", pattern=r"^(2208|2103|2305)$")
    setl_id: str = Field(description="结算ID / the settlement", min_length=1, max_length=30)


class Reverse(_Request):
    """冲正 2601 / undo what an unanswered message may have done."""

    infno: str = Field(default="2601", description="交易编号 / national transaction", pattern=r"^2601$")
    omsgid: MsgId = Field(description="原发送方报文ID / the message to undo")
    oinfno: str = Field(
        description="原交易编号 / its transaction", pattern=r"^(2207|2102|2304|2208|2103|2305)$"
    )


class Refund(_Request):
    """部分退费 / give back a part of a settlement."""

    setl_id: str = Field(description="结算ID / the settlement", min_length=1, max_length=30)
    amount: PositiveAmount = Field(description="退费金额（元） / amount to give back, yuan")


class Query(_Request):
    """结算查询 5203 / what became of a settlement."""

    setl_id: str | None = Field(default=None, description="结算ID / the settlement", max_length=30)
    omsgid: MsgId | None = Field(
        default=None, description="原发送方报文ID / or the message that asked for it"
    )


class DeclineCode(StrEnum):
    """拒绝代码 / why a settlement request was declined."""

    PARTS_DO_NOT_ADD_UP = "parts-do-not-add-up"
    FUND_ABOVE_TOTAL = "fund-above-total"
    BILL_IN_FUTURE = "bill-in-future"
    PATIENT_UNKNOWN = "patient-unknown"
    PATIENT_DECEASED = "patient-deceased"
    INSURED_ELSEWHERE = "insured-elsewhere"
    CREDENTIAL_NOT_PATIENT = "credential-not-patient"
    INSTITUTION_UNKNOWN = "institution-unknown"
    INSTITUTION_SUSPENDED = "institution-suspended"
    NOT_YOUR_INSTITUTION = "not-your-institution"
    MSGID_REUSED = "msgid-reused"
    MSGID_NOT_YOURS = "msgid-not-yours"
    SETTLEMENT_UNKNOWN = "settlement-unknown"
    ALREADY_CANCELLED = "already-cancelled"
    NOT_REVERSIBLE = "not-reversible"
    REVERSED_BEFORE = "reversed-before"
    REFUND_TOO_HIGH = "refund-too-high"
    TRANSACTION_MISMATCH = "transaction-mismatch"
    MONEY_GONE = "money-gone"
    FIELD_INVALID = "field-invalid"
    TIME_NOT_BELIEVED = "time-not-believed"
    NOT_OFFERED_HERE = "not-offered-here"
