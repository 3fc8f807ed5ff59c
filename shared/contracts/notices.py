"""`binding.notices` (key: `binding_id` or `setl_id`) and `notice.receipts` (key: `notice_id`)."""

from enum import StrEnum

from pydantic import Field

from shared.contracts.base import UUID, Code, Message, Time
from shared.contracts.binding_requests import Side


class Medium(StrEnum):
    SMS = "sms"
    CALL = "call"
    MESSAGE_CENTRE = "message-centre"


class Notice(Message):
    """通知情况 / what became of one notice; no recipient, no text."""

    notice_id: UUID = Field(description="通知编号 / notice")
    about: str = Field(description="绑定编号或结算编号 / binding_id or setl_id", max_length=64)
    version: int = Field(description="版本 / version of the binding or number of the result", ge=1)
    template: Code = Field(
        description="通知类别 / kind of notice: a type of binding.decisions or settlement.results"
    )
    recipient: Side = Field(description="通知对象 / which side")
    medium: Medium = Field(description="方式 / medium of this attempt")
    attempt: int = Field(description="第几次 / number of the attempt", ge=0)
    at: Time = Field(description="时间 / when")
    reason: Code | None = Field(default=None, description="原因代码 / why it failed or was handed over")
    decided_at: Time = Field(description="决定时间 / time of the decision that it tells")


class Acknowledged(Message):
    """消息已展示 / the channel showed the message in its own message centre."""

    notice_id: UUID = Field(description="通知编号 / notice")
    at: Time = Field(description="时间 / when it was shown")
