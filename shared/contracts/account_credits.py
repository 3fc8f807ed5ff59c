"""`account.credits`: movements that the authority orders on personal accounts. Key: `psn_no`."""

from enum import StrEnum

from pydantic import Field

from shared.contracts.base import Amount, Code, Message, Money, PsnNo, RegionCode, Time


class Segment(StrEnum):
    """账户资金分段 / part of a personal account."""

    CURRENT = "current"  # 当年
    HISTORIC = "historic"  # 历年


class _OnAccount(Message):
    psn_no: PsnNo = Field(description="人员编号 / holder")
    entry_id: Code = Field(description="业务流水号 / number of the authority's entry, unique")
    at: Time = Field(description="记账时间 / event time")
    note: str | None = Field(default=None, description="说明 / remark", max_length=200)


class Credited(_OnAccount):
    """划入 / money is credited."""

    admdvs: RegionCode = Field(description="统筹区 / pooling region of the account")
    amount: Amount = Field(description="金额（元） / amount, yuan")
    segment: Segment = Field(default=Segment.CURRENT, description="资金分段 / part of the account")


class Corrected(_OnAccount):
    """更正 / an earlier credit is corrected; the amount may be negative."""

    amount: Money = Field(description="金额（元，可为负） / amount, yuan, may be negative")
    segment: Segment = Field(default=Segment.CURRENT, description="资金分段 / part of the account")
    corrects: Code | None = Field(default=None, description="被更正流水号 / the entry that is corrected")


class YearTurned(_OnAccount):
    """结转 / what is left of the current year becomes historic."""

    year: int = Field(description="结转年度 / the year that ended", ge=2000, le=2100)


class Frozen(_OnAccount):
    """封存 / the account is frozen."""


class Unfrozen(_OnAccount):
    """解除封存 / the account is released."""


class Closed(_OnAccount):
    """销户 / the account is closed."""
