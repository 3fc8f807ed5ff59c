"""`account.transfers`: money moved to a relative's wallet where the region has that mode. Key: `transfer_id`."""

from pydantic import Field

from shared.contracts.base import UUID, Message, PositiveAmount, PsnNo


class _Transfer(Message):
    transfer_id: UUID = Field(description="转账编号 / a UUIDv7 of the offering channel")


class Offered(_Transfer):
    """转出申请 / the giver offers money."""

    from_psn_no: PsnNo = Field(description="转出人 / giver")
    to_psn_no: PsnNo = Field(description="接收人 / receiver")
    binding_id: UUID = Field(description="绑定编号 / binding that allows it")
    amount: PositiveAmount = Field(description="金额（元） / amount, yuan")


class Accepted(_Transfer):
    """接收 / the receiver takes it."""

    to_psn_no: PsnNo = Field(description="接收人 / receiver")


class Declined(_Transfer):
    """拒收 / the receiver does not want it."""

    to_psn_no: PsnNo = Field(description="接收人 / receiver")


class Withdrawn(_Transfer):
    """撤回 / the giver takes it back before it is accepted."""

    from_psn_no: PsnNo = Field(description="转出人 / giver")
