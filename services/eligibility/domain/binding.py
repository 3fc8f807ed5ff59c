"""A binding as eligibility knows it: the request, whether it holds a slot, and what the decisions said since."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from services.eligibility.domain.inquiry import Tie
from services.eligibility.domain.person import person_key
from shared.contracts.base import UUID, Message, Origin, RegionCode
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import Material, Submitted, Terms
from shared.contracts.identity import normalise, sex


class Stage(StrEnum):
    """Where the request stands with us; audit owns the decision and the public state."""

    WAITING = "waiting"  # somebody is not in the registry yet
    REFUSED = "refused"
    REFUSING = "refusing"  # refused in a later round: the slot waits for the decision
    SUPPLEMENT = "supplement"  # documents are missing, nothing else
    CONSENT = "consent"
    PASSED = "passed"
    BOUND = "bound"
    SUSPENDED = "suspended"
    CLOSED = "closed"

    @property
    def held(self) -> bool:
        """Whether it counts in the family graph."""
        return self not in (Stage.WAITING, Stage.REFUSED, Stage.CLOSED)

    @property
    def shown(self) -> str:
        """What the public reads of it."""
        return _SHOWN[self]

    @property
    def stands(self) -> bool:
        """Whether it is approved and not ended."""
        return self in (Stage.BOUND, Stage.SUSPENDED)


_SHOWN = {
    Stage.WAITING: "已申请 applied",
    Stage.REFUSED: "不予受理 refused",
    Stage.REFUSING: "不予受理 refused",
    Stage.SUPPLEMENT: "待补材料 documents missing",
    Stage.CONSENT: "待使用人同意 awaiting consent",
    Stage.PASSED: "审核中 under review",
    Stage.BOUND: "已绑定 approved",
    Stage.SUSPENDED: "已暂停 suspended",
    Stage.CLOSED: "已结束 closed",
}


class Condition(StrEnum):
    """What has become of one side since the binding was approved."""

    OK = "ok"
    PAUSED = "paused"
    ENDED = "ended"
    MOVED = "moved"
    DEAD = "dead"


class Binding(Message):
    """One request and its life. Personal data: kept in eligibility's own table only."""

    binding_id: UUID
    stage: Stage
    request: Submitted
    origin: Origin
    at: datetime
    admdvs: RegionCode  # where the sponsor is insured: whose policy holds
    beneficiary_admdvs: RegionCode | None = None
    round: int = 1
    materials: tuple[Material, ...] = ()
    consented: bool = False
    short_code: str | None = None
    codes: tuple[str, ...] = ()  # of the last screening's reasons
    version: int = 0  # of the last decision seen
    terms: Terms = Terms()
    bound_at: datetime | None = None
    ever: bool = False  # was approved once: counts for a lifetime limit
    sponsor_condition: Condition = Condition.OK
    beneficiary_condition: Condition = Condition.OK

    @property
    def sponsor(self) -> bytes:
        return person_key(self.request.sponsor)

    @property
    def beneficiary(self) -> bytes:
        return person_key(self.request.beneficiary)

    def tie(self) -> Tie:
        """The edge that it is in the family graph."""
        person = self.request.beneficiary
        gend = sex(person.psn_cert_type, normalise(person.psn_cert_type, person.certno))
        return Tie(self.sponsor, self.beneficiary, self.request.relation, gend)


def stage_after(state: State, now: Stage, *, latest: bool = True) -> Stage:
    """Our stage after a decision: only final decisions release a slot, only approval makes it stand.

    A reviewer may ask for documents of a case that passed; `latest`: the decision is about our last round, not an earlier one.
    """
    if state.final:
        return Stage.CLOSED
    if state is State.SUPPLEMENT_REQUESTED and latest and now is Stage.PASSED:
        return Stage.SUPPLEMENT
    if state is State.APPROVED:
        return Stage.BOUND
    return Stage.SUSPENDED if state is State.SUSPENDED else now
