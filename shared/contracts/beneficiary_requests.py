"""`beneficiary.requests`: what a beneficiary asks a channel app for. Key: the beneficiary's `psn_no`."""

from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator

from shared.contracts.base import UUID, Message, PsnNo, ShortText
from shared.contracts.binding_requests import ChannelKind, CounterProof, FaceCheck
from shared.contracts.identity import Certificate


def _one_is_named(schema: dict[str, Any]) -> None:
    """Says in the schema what the validator below demands."""
    given = {"binding_id": "string", "short_code": "string", "sponsor": "object"}
    schema["anyOf"] = [
        {"required": [name], "properties": {name: {"type": kind}}} for name, kind in given.items()
    ]


class _OfBinding(Message):
    model_config = ConfigDict(json_schema_extra=_one_is_named)

    beneficiary_psn_no: PsnNo = Field(description="使用人人员编号 / the beneficiary")
    binding_id: UUID | None = Field(default=None, description="绑定编号 / binding, if the channel knows it")
    short_code: str | None = Field(
        default=None, description="通知中的短码 / short code of the notice", pattern=r"^[0-9A-Z]{8}$"
    )
    sponsor: Certificate | None = Field(default=None, description="授权人证件 / the sponsor's certificate")
    channel: ChannelKind = Field(description="渠道类型 / kind of channel")
    note: ShortText | None = Field(default=None, description="说明 / a remark")

    @model_validator(mode="after")
    def _names_a_binding(self) -> Self:
        if not (self.binding_id or self.short_code or self.sponsor):
            raise ValueError("name the binding by binding_id, by short_code or by the sponsor's certificate")
        return self


class Consented(_OfBinding):
    """使用人同意 / the beneficiary consents."""

    face_check: FaceCheck | None = Field(
        default=None, description="使用人人脸核验 / the beneficiary's face check"
    )
    counter: CounterProof | None = Field(
        default=None, description="窗口受理信息 / what the clerk vouches for"
    )


class Declined(_OfBinding):
    """使用人拒绝 / the beneficiary declines."""


class UnbindRequested(_OfBinding):
    """使用人申请解绑 / the beneficiary ends a binding."""

    face_check: FaceCheck | None = Field(
        default=None, description="使用人人脸核验 / the beneficiary's face check"
    )
    counter: CounterProof | None = Field(
        default=None, description="窗口受理信息 / what the clerk vouches for"
    )


class OrderChanged(Message):
    """变更扣款顺序 / the beneficiary orders the sponsors whose accounts are drawn on."""

    beneficiary_psn_no: PsnNo = Field(description="使用人人员编号 / the beneficiary")
    ordered: tuple[UUID, ...] = Field(
        description="绑定编号依次 / bindings, first to pay first", min_length=1, max_length=50
    )
