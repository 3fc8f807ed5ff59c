"""`binding.screenings`: what eligibility found. Key: `binding_id`."""

from enum import StrEnum

from pydantic import Field

from shared.contracts.base import UUID, Code, Message, Origin, PsnNo, RegionCode, Time
from shared.contracts.binding_requests import (
    ChannelKind,
    CounterProof,
    Material,
    MaterialKind,
    Relation,
    Side,
    Terms,
)
from shared.contracts.reasons import Reason


class Party(Message):
    """One side of a binding, by numbers only; `person` is the registry's stable key, the same in every service."""

    psn_no: PsnNo = Field(description="人员编号 / person number")
    insuplc_admdvs: RegionCode = Field(description="参保地 / where insured")


class Case(Message):
    """The request as far as later services need it: no name, no certificate, no phone number."""

    admdvs: RegionCode = Field(description="受理地区划 / region that handles the request")
    channel: ChannelKind = Field(description="渠道类型 / kind of channel")
    sponsor: Party = Field(description="授权人 / the account's owner")
    beneficiary: Party | None = Field(
        default=None, description="被授权人 / the relative, none while not confirmed"
    )
    relation: Relation = Field(description="与授权人关系 / relation")
    terms: Terms = Field(description="使用条件 / terms of use")
    materials: tuple[Material, ...] = Field(default=(), description="材料 / documents so far")
    counter: CounterProof | None = Field(
        default=None, description="窗口受理信息 / what the clerk vouches for"
    )
    earlier_binding_id: UUID | None = Field(
        default=None, description="原申请编号 / the refused request that this one mends"
    )
    requested_at: Time = Field(description="申请时间 / event time of the request")
    mode: Code = Field(
        default="authorisation",
        description="共济模式 / authorisation, transfer or earmark (across provinces)",
    )


class Fact(Message):
    """A registry record that the decision used, by version."""

    kind: Code = Field(description="登记种类 / person, relation or institution")
    key: str = Field(description="登记键 / key of the record", max_length=70)
    version: int = Field(description="登记版本 / its version", ge=0)


class _Screening(Message):
    binding_id: UUID = Field(description="绑定编号 / binding")
    round: int = Field(description="轮次 / 1 for the request, +1 after each supplement", ge=1)
    origin: Origin = Field(description="请求来源 / whom to answer")
    case: Case = Field(description="申请 / the request")
    policy_version: str = Field(description="政策版本 / hash of the resolved policy tree", max_length=64)
    marks: tuple[Code, ...] = Field(
        default=(),
        description="核查标记，交人工复核 / what a person should look at; codes of docs/reasons.md",
        max_length=20,
    )


class Passed(_Screening):
    """初审通过 / every rule holds."""

    proven_by: tuple[Code, ...] = Field(
        default=(), description="证明方式 / how the relation is proven: registry, materials"
    )
    facts: tuple[Fact, ...] = Field(default=(), description="所用登记 / registry records used")


class Refused(_Screening):
    """初审不通过 / at least one rule does not hold; all reasons at once.

    With `supplement` nothing but documents is missing: the case waits for them instead of being refused.
    """

    supplement: tuple[MaterialKind, ...] = Field(
        default=(), description="需补材料 / documents to ask for, if only they are missing"
    )
    reasons: tuple[Reason, ...] = Field(description="理由 / all reasons", min_length=1)
    facts: tuple[Fact, ...] = Field(default=(), description="所用登记 / registry records used")


class ConsentNeeded(_Screening):
    """等待使用人同意 / the rules hold, the beneficiary's consent is missing."""

    expires_at: Time = Field(description="同意期限 / when the wait ends")
    short_code: str = Field(
        description="短码 / by which the beneficiary may name the binding", pattern=r"^[0-9A-Z]{8}$"
    )


class _About(Message):
    binding_id: UUID = Field(description="绑定编号 / binding")
    origin: Origin | None = Field(
        default=None, description="请求来源 / whom to answer, none for our own findings"
    )
    at: Time = Field(description="事件时间 / event time")


class ConsentExpired(_About):
    """同意过期 / the beneficiary did not consent in time, or declined (then `declined` is true)."""

    declined: bool = Field(default=False, description="使用人拒绝 / the beneficiary declined")
    reasons: tuple[Reason, ...] = Field(description="理由 / why")


class Withdrawn(_About):
    """申请撤回 / the sponsor took the request back."""


class UnbindChecked(_About):
    """解绑核验 / an end that was asked for and may be."""

    by: Side = Field(description="申请方 / which side asked")
    reasons: tuple[Reason, ...] = Field(description="理由 / cause of the end")
    effective_at: Time = Field(description="生效时间 / from when")


class ChangeChecked(_About):
    """变更核验 / a change of terms or of order that was asked for and may be."""

    terms: Terms | None = Field(default=None, description="新的使用条件 / new terms")
    order: int | None = Field(
        default=None, description="扣款顺序 / place among the beneficiary's sponsors, 1 first", ge=1
    )
    rank: int | None = Field(
        default=None, description="使用人次序 / place among the sponsor's beneficiaries, 1 first", ge=1
    )


class Effect(StrEnum):
    FLAG = "flag"
    SUSPEND = "suspend"
    RESUME = "resume"
    END = "end"


class ConditionChanged(_About):
    """参保或登记情况变化 / insurance, death, category or rule changed while the binding stands."""

    effect: Effect = Field(description="后果 / what follows by policy")
    side: Side = Field(description="哪一方 / which side")
    reasons: tuple[Reason, ...] = Field(description="理由 / what changed")
