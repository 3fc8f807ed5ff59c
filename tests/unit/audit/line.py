"""Audit without servers: the handler's pure `decide` over messages, with everything it says collected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from services.audit.handlers import AuditHandler, Batch
from shared.contracts import binding_screenings as found
from shared.contracts import review_verdicts as said
from shared.contracts import topics
from shared.contracts.base import Message, Origin
from shared.contracts.binding_decisions import TYPE_TO_STATE, BindingState
from shared.contracts.binding_requests import ChannelKind, MaterialKind, Relation, Terms
from shared.contracts.operators import Operator, Role
from shared.contracts.reasons import reason
from shared.messaging.handler import Asker, Due, Encoded, Event
from shared.policies.values import Binding, Notice, RegionPolicy, Review, Spending
from shared.testing.messages import MONDAY, uid

ID = uid(1)
ORIGIN = Origin(source="zheliban", id="request-1")
EVERYWHERE = ("100000",)
OPERATORS = {
    one.id: one
    for one in (
        Operator("op-1", frozenset(Role), EVERYWHERE, frozenset({"P1", "P11"})),
        Operator("op-2", frozenset({Role.REVIEWER}), EVERYWHERE),
        Operator("op-3", frozenset({Role.REVIEWER}), ("330000",)),
        Operator("op-south", frozenset({Role.SUPERVISOR}), ("440000", "330200")),
        Operator("op-authority", frozenset({Role.AUTHORITY}), EVERYWHERE),
        Operator("op-clerk", frozenset({Role.CLERK}), EVERYWHERE),
    )
}
"""Who decides in tests."""
TYPES: dict[type, str] = {
    found.Passed: "passed",
    found.Refused: "refused",
    found.ConsentNeeded: "consent-needed",
    found.ConsentExpired: "consent-expired",
    found.Withdrawn: "withdrawn",
    found.UnbindChecked: "unbind-checked",
    found.ChangeChecked: "change-checked",
    found.ConditionChanged: "condition-changed",
    said.Claimed: "claimed",
    said.Released: "released",
    said.TakenOver: "taken-over",
    said.VerdictGiven: "verdict-given",
    said.Revealed: "revealed",
    said.Suspended: "suspended",
    said.Resumed: "resumed",
    said.EndedByAuthority: "ended-by-authority",
    said.PersonSuspended: "person-suspended",
    said.PersonResumed: "person-resumed",
    said.PersonEnded: "person-ended",
}


def policy(*, review: Review | None = None, **binding: Any) -> RegionPolicy:
    """A region that offers sharing; fields of `binding` may be set."""
    papers = {Relation.CHILD: (frozenset({MaterialKind.HOUSEHOLD_REGISTER}), frozenset({MaterialKind.BIRTH_CERTIFICATE, MaterialKind.ID_CARD}))}  # fmt: skip
    fields: dict[str, Any] = {"offered": True, "materials": papers}
    section = Binding(**(fields | binding))
    return RegionPolicy(
        "330100", "杭州", "Hangzhou", section, review or Review(), Notice(), Spending(), "v1", {}
    )


class Everywhere:
    """The same policy for every region and time."""

    def __init__(self, one: RegionPolicy) -> None:
        self.one = one

    def at(self, region: str, moment: datetime) -> RegionPolicy:
        return self.one


class Line:
    """One audit service in memory. `decisions` and `answers` hold what it said, `dues` its due rows."""

    def __init__(self, one: RegionPolicy | None = None) -> None:
        self.policies = Everywhere(one or policy())
        self.handler = AuditHandler(self.policies, operators=OPERATORS)
        self.batch = Batch({})
        self.now = MONDAY
        self.decisions: list[tuple[str, BindingState]] = []
        self.answers: list[tuple[Asker, Any]] = []
        self.dues: dict[tuple[str, str], datetime] = {}
        self._numbers = count(1)

    def emit(
        self, type: str, body: Message | Encoded | None, *, subject: str | None = None, key: str | None = None
    ) -> None:
        assert isinstance(body, Encoded)
        state = BindingState.model_validate_json(body.value)
        assert (body.key, body.subject) == (str(state.binding_id), str(state.binding_id))
        assert state.model_dump_json().encode() == body.value, "what is published says the same when read"
        wanted = TYPE_TO_STATE[type.removeprefix("binding.decisions.")]
        assert wanted in (None, state.state)
        self.decisions.append((type.removeprefix("binding.decisions."), state))

    def answer(self, body: Message | Encoded, *, to: Asker, type: str, subject: str | None = None) -> None:
        assert isinstance(body, topics.spec(type).model)
        self.answers.append((to, body))

    def due(self, kind: str, entity: str, at: datetime, body: Mapping[str, Any] = {}) -> None:
        self.dues[kind, entity] = at

    def no_longer_due(self, kind: str, entity: str) -> None:
        self.dues.pop((kind, entity), None)

    def new_id(self) -> UUID:
        return uid(next(self._numbers) + 1000)

    def send(
        self, body: Any, *, source: str | None = None, time: datetime | None = None, **fields: Any
    ) -> list[str]:
        """One message; the types of the decisions that follow."""
        self.now = time or self.now
        verdict = type(body).__module__.endswith("review_verdicts")
        topic = "review.verdicts" if verdict else "binding.screenings"
        values: dict[str, Any] = {
            "topic": topic,
            "partition": 0,
            "offset": next(self._numbers),
            "key": str(getattr(body, "binding_id", None) or getattr(body, "psn_no", ID)).encode(),
            "source": source or ("desk" if verdict else "gongji-eligibility"),
            "id": f"m-{next(self._numbers)}",
            "type": f"{topic}.{TYPES.get(type(body), 'passed')}",
            "subject": None,
            "time": self.now,
            "appended_at": self.now,
            "time_believed": True,
            "trace": None,
            "body": body,
        }
        return self._decide(Event(**(values | fields)))

    def wait(self, until: timedelta | datetime) -> list[str]:
        """Time passes: due rows fire at their own times, in order."""
        end = until if isinstance(until, datetime) else self.now + until
        said: list[str] = []
        while fits := sorted((at, key) for key, at in self.dues.items() if at <= end):
            at, (kind, entity) = fits[0]
            del self.dues[kind, entity]
            self.now = at
            said += self._decide(Due(kind, entity, at, {}, None, True))
        self.now = end
        return said

    def _decide(self, item: Event | Due) -> list[str]:
        before = len(self.decisions)
        self.handler.decide(self.batch, item, self)
        return [type for type, _ in self.decisions[before:]]

    @property
    def state(self) -> BindingState:
        return self.batch.files[ID].state

    @property
    def told(self) -> Any:
        """The last answer."""
        return self.answers[-1][1]


def case(**changes: Any) -> found.Case:
    fields: dict[str, Any] = {
        "admdvs": "330100",
        "channel": ChannelKind.APP,
        "sponsor": found.Party(psn_no="S1", insuplc_admdvs="330100"),
        "beneficiary": found.Party(psn_no="B1", insuplc_admdvs="330100"),
        "relation": Relation.CHILD,
        "terms": Terms(),
        "requested_at": MONDAY,
    }
    return found.Case(**(fields | changes))


def passed(round: int = 1, proven: tuple[str, ...] = ("registry",), **changes: Any) -> found.Passed:
    return found.Passed(**_common(round, changes), proven_by=proven)


def refused(*codes: str, round: int = 1, **changes: Any) -> found.Refused:
    values: dict[str, Any] = {"missing": "户口本", "missing_en": "household-register", "days": 10}
    return found.Refused(**_common(round, changes), reasons=tuple(reason(c, **values) for c in codes))


def consent_needed(round: int = 1, **changes: Any) -> found.ConsentNeeded:
    expires = MONDAY + timedelta(days=7)
    return found.ConsentNeeded(**_common(round, changes), expires_at=expires, short_code="ABCD2345")


def _common(round: int, changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "binding_id": ID,
        "round": round,
        "origin": ORIGIN,
        "case": case(**changes),
        "policy_version": "v1",
    }


def verdict(decision: str, operator: str = "op-1", **fields: Any) -> said.VerdictGiven:
    return said.VerdictGiven(binding_id=ID, operator_id=operator, decision=said.Decision(decision), **fields)


def approved(one: RegionPolicy | None = None, **changes: Any) -> Line:
    """A line with one binding that was approved at once on Monday."""
    line = Line(one)
    assert line.send(passed(**changes))[:2] == ["received", "approved"]
    return line
