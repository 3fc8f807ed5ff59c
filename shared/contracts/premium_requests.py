"""`premium.requests`: premiums of relatives. Key: the payer's `psn_no`."""

from pydantic import Field

from shared.contracts.base import UUID, Message, PositiveAmount, PsnNo, Time


class _Premium(Message):
    premium_id: UUID = Field(description="缴费编号 / payment, a UUIDv7 of the channel")
    payer_psn_no: PsnNo = Field(description="付款人 / owner of the account that pays first")


class Pay(_Premium):
    """代缴保费 / pay a relative's premium, all or nothing."""

    psn_no: PsnNo = Field(description="被代缴人 / insured person")
    insutype: str = Field(
        description="险种：390 居民 410 长期照护 / kind of insurance", pattern=r"^(390|391|410)$"
    )
    year: int = Field(description="缴费年度 / year of insurance", ge=2020, le=2100)
    amount: PositiveAmount = Field(description="金额（元） / premium, yuan")
    binding_id: UUID | None = Field(
        default=None, description="绑定编号 / binding that allows it, none for one's own"
    )


class Cancel(_Premium):
    """撤销代缴 / take the payment back before it is remitted."""


class Remitted(_Premium):
    """已入库 / the tax office received the money; no cancel from now on."""

    at: Time = Field(description="入库时间 / when")
