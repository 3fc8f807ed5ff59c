"""`binding.decisions`: the life of a binding, each message with its whole state. Key: `binding_id`; compacted.

A follower ignores versions it has; one message is enough to know everything. No name, certificate or phone number.
"""

from enum import StrEnum

from pydantic import Field

from shared.contracts.base import UUID, Code, Message, Origin, Time
from shared.contracts.binding_requests import MaterialKind, Terms
from shared.contracts.binding_screenings import Case
from shared.contracts.reasons import Reason


class State(StrEnum):
    """绑定状态 / state of a binding (design §4)."""

    RECEIVED = "received"
    AWAITING_CONSENT = "awaiting-consent"
    UNDER_REVIEW = "under-review"
    SUPPLEMENT_REQUESTED = "supplement-requested"
    APPROVED = "approved"
    SUSPENDED = "suspended"
    ENDED = "ended"
    REFUSED = "refused"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"

    @property
    def final(self) -> bool:
        return self in _FINAL


_FINAL = {State.ENDED, State.REFUSED, State.REJECTED, State.WITHDRAWN, State.EXPIRED}


class Step(StrEnum):
    """办理进度 / the four steps that the public sees."""

    APPLIED = "申请"
    ACCEPTED = "受理"
    DECIDED = "办结"
    DELIVERED = "送达"


class Period(Message):
    """起止时间 / a half-open period; no `end` = still open."""

    begin: Time = Field(description="起 / from, inclusive")
    end: Time | None = Field(default=None, description="止 / to, exclusive")
    by: Code | None = Field(
        default=None,
        description="由谁暂停：authority 医保部门对该绑定 sponsor beneficiary 一方的参保状况 sponsor-by-authority beneficiary-by-authority 医保部门对一方 / "
        "whose condition or which document suspends: of the binding, or of a party; none for effective",
    )


class DatedTerms(Message):
    """某一时间起的条件 / terms, order and rank as from a time on."""

    since: Time = Field(description="自 / from, inclusive")
    terms: Terms = Field(description="使用条件 / terms of use")
    order: int | None = Field(
        default=None, description="扣款顺序 / place among the beneficiary's sponsors, 1 first"
    )
    rank: int | None = Field(
        default=None, description="使用人次序 / place among the sponsor's beneficiaries, 1 first"
    )


class Cause(StrEnum):
    """解除原因 / why a binding ended."""

    SPONSOR = "sponsor"
    BENEFICIARY = "beneficiary"
    DATE = "date"
    INSURANCE = "insurance"
    DEATH = "death"
    CATEGORY = "category"
    RULE = "rule"
    AUTHORITY = "authority"


class BindingState(Message):
    """绑定的完整状态 / the whole state of a binding; the body of every message of this topic."""

    binding_id: UUID = Field(description="绑定编号 / binding")
    version: int = Field(description="版本 / +1 with each message", ge=1)
    state: State = Field(description="状态 / state")
    at: Time = Field(description="决定时间 / event time of this version")
    origin: Origin = Field(description="请求来源 / source and id of the request")
    round: int = Field(description="轮次 / +1 after each supplement", ge=1)
    case: Case = Field(description="申请 / the request")
    effective: tuple[Period, ...] = Field(default=(), description="有效期间 / all effective periods")
    suspended: tuple[Period, ...] = Field(default=(), description="暂停期间 / all suspended periods")
    terms: tuple[DatedTerms, ...] = Field(default=(), description="历次条件 / all dated terms, oldest first")
    reasons: tuple[Reason, ...] = Field(default=(), description="理由 / reasons of this version")
    cause: Cause | None = Field(default=None, description="解除原因 / why it ended")
    supplement: tuple[MaterialKind, ...] = Field(default=(), description="需补材料 / documents asked for")
    due_at: Time | None = Field(
        default=None, description="期限 / end of the present wait (review, consent, supplement)"
    )
    due_basis: Code | None = Field(
        default=None,
        description="期限依据：official-calendar 节假日安排 weekdays 安排未公布时按周一至周五 / what working days were counted by",
    )
    since: Time | None = Field(
        default=None,
        description="待审起 / when people began to be waited for, while the case is under review",
    )
    second_eyes: bool = Field(
        default=False, description="须两人通过 / while under review: two persons have to approve the case"
    )
    short_code: str | None = Field(default=None, description="短码 / short code of the binding", max_length=8)
    reviewer: str | None = Field(
        default=None, description="审核人 / operator, `auto` for the policy", max_length=64
    )
    policy_version: str = Field(description="政策版本 / hash of the resolved policy tree", max_length=64)


TYPE_TO_STATE: dict[str, State | None] = {
    "received": State.RECEIVED,
    "consent-requested": State.AWAITING_CONSENT,
    "under-review": State.UNDER_REVIEW,
    "supplement-requested": State.SUPPLEMENT_REQUESTED,
    "approved": State.APPROVED,
    "refused": State.REFUSED,
    "rejected": State.REJECTED,
    "withdrawn": State.WITHDRAWN,
    "expired": State.EXPIRED,
    "changed": None,
    "suspended": State.SUSPENDED,
    "resumed": State.APPROVED,
    "ended": State.ENDED,
}
"""Each type leads to exactly one state; `changed` keeps the state."""

STEP_OF_STATE: dict[State, Step] = {
    State.RECEIVED: Step.APPLIED,
    State.AWAITING_CONSENT: Step.ACCEPTED,
    State.UNDER_REVIEW: Step.ACCEPTED,
    State.SUPPLEMENT_REQUESTED: Step.ACCEPTED,
    State.APPROVED: Step.DECIDED,
    State.SUSPENDED: Step.DECIDED,
    State.ENDED: Step.DECIDED,
    State.REFUSED: Step.DECIDED,
    State.REJECTED: Step.DECIDED,
    State.WITHDRAWN: Step.DECIDED,
    State.EXPIRED: Step.DECIDED,
}
