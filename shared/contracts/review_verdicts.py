"""`review.verdicts`: what operators say of a case, key `binding_id`; or of all bindings of a person, key `psn_no`."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.contracts.base import UUID, Code, Message, PsnNo, ShortText, Time
from shared.contracts.binding_requests import MaterialKind
from shared.contracts.pii import Personal


class _Verdict(Message):
    binding_id: UUID = Field(description="绑定编号 / the case")
    operator_id: Code = Field(description="经办人编号 / operator")
    note: ShortText | None = Field(default=None, description="备注 / a remark, without personal data")


class Claimed(_Verdict):
    """领取案件 / the operator takes the case."""


class Released(_Verdict):
    """释放案件 / the operator gives the case back."""


class TakenOver(_Verdict):
    """督导接管 / a supervisor takes a case that another operator has in hand, with a reason in `note`."""


class Decision(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    SUPPLEMENT = "supplement"


class VerdictGiven(_Verdict):
    """审核意见 / approve, reject or ask for documents."""

    decision: Decision = Field(description="意见 / verdict")
    reason_codes: tuple[Code, ...] = Field(
        default=(), description="理由代码 / coded reasons of a rejection", max_length=20
    )
    materials: tuple[MaterialKind, ...] = Field(
        default=(), description="需补材料 / documents asked for", max_length=10
    )
    evidence_seen: tuple[Code, ...] = Field(
        default=(), description="已阅材料 / references of the documents seen", max_length=30
    )


class Revealed(_Verdict):
    """查看个人信息 / the operator asked to see personal data, with a reason in `note`."""


class _ByAuthority(_Verdict):
    document: str = Field(description="文书编号 / number of the document", min_length=1, max_length=100)
    effective_at: Time = Field(description="生效时间 / from when")
    reason: ShortText | None = Field(
        default=None, description="事由 / why, without personal data; goes on the record of audit"
    )


class Suspended(_ByAuthority):
    """暂停 / the authority suspends the binding, until it lets it go on or until a time."""

    until: Time | None = Field(
        default=None, description="止 / until when, exclusive; none: until it is resumed"
    )


class Resumed(_ByAuthority):
    """恢复 / the authority lets it go on."""


class EndedByAuthority(_ByAuthority):
    """依文件解除 / the authority ends it."""


class _OfPerson(Message):
    psn_no: Annotated[PsnNo, Personal("certificate")] = Field(description="人员编号 / the person")
    operator_id: Code = Field(description="经办人编号 / operator")
    document: str = Field(description="文书编号 / number of the document", min_length=1, max_length=100)
    reason: ShortText = Field(
        description="事由 / why, without personal data; goes on the record of audit", min_length=1
    )
    effective_at: Time = Field(description="生效时间 / from when")


class PersonSuspended(_OfPerson):
    """暂停个人全部绑定 / the authority suspends all bindings of a person, those that are approved later too."""

    until: Time | None = Field(
        default=None, description="止 / until when, exclusive; none: until it is resumed"
    )


class PersonResumed(_OfPerson):
    """恢复个人全部绑定 / the authority lifts what it suspended for a person."""


class PersonEnded(_OfPerson):
    """依文件解除个人全部绑定 / the authority ends all bindings of a person."""
