"""A binding as eligibility knows it: the request, whether it holds a slot, and what the decisions said since."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from services.eligibility.domain.certificates import said
from services.eligibility.domain.inquiry import Tie
from services.eligibility.domain.person import person_key
from shared.contracts.base import UUID, Message, Origin, RegionCode, Time
from shared.contracts.binding_decisions import Cause, State
from shared.contracts.binding_requests import Material, Side, Submitted, Terms


class Stage(StrEnum):
    """Where the request stands with us; audit owns the decision and the public state."""

    WAITING = "waiting"  # somebody is not in the registry yet
    REFUSED = "refused"
    REFUSING = (
        "refusing"  # refused in a later round, declined or not consented to: the slot waits for the decision
    )
    WITHDRAWING = "withdrawing"  # taken back: the slot waits for the decision
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
    def final(self) -> bool:
        """Whether nothing more becomes of it."""
        return self in (Stage.REFUSED, Stage.CLOSED)

    @property
    def reserved(self) -> bool:
        """Whether it holds a slot for want of a decision."""
        return self.held and not self.stands

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
    Stage.WITHDRAWING: "已撤回 withdrawn",
    Stage.SUPPLEMENT: "待补材料 documents missing",
    Stage.CONSENT: "待使用人同意 awaiting consent",
    Stage.PASSED: "审核中 under review",
    Stage.BOUND: "已绑定 approved",
    Stage.SUSPENDED: "已暂停 suspended",
    Stage.CLOSED: "已结束 closed",
}


class Condition(StrEnum):
    """What is out of order with one side since the binding was approved; several may be at once."""

    PAUSED = "paused"
    CATEGORY = "category"
    MOVED = "moved"
    ENDED = "ended"
    DEAD = "dead"


class Standing(Message):
    """One side of a binding that stands. `suspended`: its conditions made us suspend the binding."""

    conditions: tuple[Condition, ...] = ()
    suspended: bool = False


class Queued(Message):
    """A message about a request that waits for a person: to be judged after it, in the order of arrival."""

    type: str
    source: str
    id: str
    time: Time
    body: dict[str, Any]


class Binding(Message):
    """One request and its life. Personal data: kept in eligibility's own table only."""

    binding_id: UUID
    stage: Stage
    request: Submitted
    origin: Origin
    at: datetime
    admdvs: RegionCode  # where the sponsor is insured: whose policy holds
    beneficiary_admdvs: RegionCode | None = None
    beneficiary_gend: str | None = None  # by certificate or registry, when it was last screened
    round: int = 1
    materials: tuple[Material, ...] = ()
    consented: bool = False
    short_code: str | None = None
    codes: tuple[str, ...] = ()  # of the last screening's reasons
    version: int = 0  # of the last decision seen
    terms: Terms = Terms()
    wanted: Terms | None = None  # a change that audit was told of and whose decision is not read yet
    wanted_at: datetime | None = None
    changed: tuple[
        datetime, ...
    ] = ()  # when scope, quota or dates were changed, as far as one calendar year needs it
    received_at: datetime | None = None  # when the request was there, whatever its sender's clock says
    consent_until: datetime | None = None
    bound_at: datetime | None = None  # when it was approved
    begins_at: datetime | None = None  # from when it first counts
    ended_at: datetime | None = None
    ended_by: Cause | None = None
    ever: bool = False  # was approved once: counts for a lifetime limit
    sponsor_standing: Standing = Standing()
    beneficiary_standing: Standing = Standing()
    judged_by: str = (
        ""  # version of the rules about the pair by which it was last judged (rule_change.version)
    )
    rules_told: tuple[str, ...] = ()  # what of a changed rule audit was told, and under which versions
    told_versions: tuple[str, ...] = ()
    queued: tuple[Queued, ...] = ()
    persons: tuple[str, str] | None = (
        None  # keys of the two (hex), once the request does not name them any more
    )

    @cached_property  # the two never change, whatever becomes of the binding
    def sponsor(self) -> bytes:
        return bytes.fromhex(self.persons[0]) if self.persons else person_key(self.request.sponsor)

    @cached_property
    def beneficiary(self) -> bytes:
        return bytes.fromhex(self.persons[1]) if self.persons else person_key(self.request.beneficiary)

    @property
    def chosen(self) -> Terms:
        """The terms with the changes that are on their way."""
        return self.wanted or self.terms

    def standing(self, side: Side) -> Standing:
        """What is out of order with one side."""
        return self.sponsor_standing if side is Side.SPONSOR else self.beneficiary_standing

    def tie(self) -> Tie:
        """The edge that it is in the family graph."""
        person = self.request.beneficiary
        gend = said(person.psn_cert_type, person.certno).sex
        return Tie(
            self.sponsor,
            self.beneficiary,
            self.request.relation,
            gend or self.beneficiary_gend,
            self.beneficiary_admdvs,
        )


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
