"""Operators: the queue, verdicts, and a named answer to each that cannot be used."""

from datetime import UTC, timedelta
from hashlib import sha256
from typing import Any

import pytest
from pydantic_core import from_json

from services.audit.domain.verdicts import LEASE
from shared.contracts import review_verdicts as said
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import MaterialKind
from shared.messaging.handler import FieldError, Invalid
from shared.policies.values import Review
from shared.testing.messages import MONDAY
from tests.unit.audit.line import ID, Line, consent_needed, passed, policy, verdict


def queued(review: Review | None = None) -> Line:
    line = Line(policy(review=review or Review()))
    line.send(passed(proven=()))
    return line


def claim(operator: str) -> said.Claimed:
    return said.Claimed(binding_id=ID, operator_id=operator)


def release(operator: str) -> said.Released:
    return said.Released(binding_id=ID, operator_id=operator)


def refusal(line: Line) -> str:
    assert not line.told.accepted
    return str(line.told.reasons[0].code)


def test_approve_reject_and_ask() -> None:
    line = queued()
    assert line.send(verdict("approve")) == ["approved"]
    assert (line.state.reviewer, line.told.accepted, line.told.version) == ("op-1", True, 3)
    assert line.answers[-1][0].source == "desk"
    assert [to.source for to, _ in line.answers] == ["zheliban", "zheliban", "desk"]
    line = queued()
    assert line.send(verdict("reject", reason_codes=("relation-disagrees",), note="户口本不一致")) == [
        "rejected"
    ]
    assert [r.code for r in line.state.reasons] == ["relation-disagrees"]
    line = queued()
    asked = (MaterialKind.HOUSEHOLD_REGISTER, MaterialKind.HOUSEHOLD_REGISTER)
    assert line.send(verdict("supplement", materials=asked)) == ["supplement-requested"]
    assert line.state.supplement == (MaterialKind.HOUSEHOLD_REGISTER,)
    assert "户口本" in line.state.reasons[0].zh
    assert line.dues == {("supplement-expired", str(ID)): line.state.due_at}
    line.send(passed(2, ("materials",)))
    assert line.send(verdict("approve")) == ["approved"]


def test_a_rejection_by_note_alone_quotes_it() -> None:
    line = queued()
    line.send(verdict("reject", note="照片看不清"))
    assert [r.code for r in line.state.reasons] == ["review-rejected"]
    assert "照片看不清" in line.state.reasons[0].zh


def test_a_note_of_full_length_is_told_as_far_as_there_is_room() -> None:
    line = queued()
    assert line.send(verdict("reject", note="理" * 500)) == ["rejected"]
    assert len(line.state.reasons[0].zh) == 500
    assert line.state.reasons[0].zh.endswith("…")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"decision": "reject"}, "reason_codes"),
        ({"decision": "reject", "reason_codes": ("no-such-code",)}, "reason_codes[0]"),
        ({"decision": "reject", "reason_codes": ("balance-too-low",)}, "reason_codes[0]"),
        ({"decision": "reject", "reason_codes": ("review-rejected",)}, "note"),
        ({"decision": "supplement"}, "materials"),
    ],
)
def test_verdicts_that_cannot_be_used(fields: dict[str, Any], field: str) -> None:
    line = queued()
    assert line.send(verdict(**fields)) == []
    assert refusal(line) == "field-invalid"
    assert line.told.reasons[0].field == field
    assert line.state.state is State.UNDER_REVIEW


def test_all_faults_of_a_rejection_at_once() -> None:
    line = queued()
    line.send(verdict("reject", reason_codes=("nope", "review-rejected", "balance-too-low")))
    assert [r.field for r in line.told.reasons] == ["reason_codes[0]", "note", "reason_codes[2]"]


def test_one_operator_has_the_case() -> None:
    line = queued()
    assert line.send(claim("op-1")) == []
    assert line.told.accepted
    assert line.batch.files[ID].state.version == 2, "a claim is the desk's business, not a decision"
    for other in (claim("op-2"), release("op-2"), verdict("approve", "op-2")):
        line.send(other)
        assert refusal(line) == "case-claimed"
    assert line.send(release("op-1")) == []
    assert line.send(verdict("approve", "op-2")) == ["approved"]


def test_a_claim_runs_out() -> None:
    line = queued()
    line.send(claim("op-1"))
    line.send(claim("op-2"), time=MONDAY + LEASE)
    assert line.told.accepted
    line.send(claim("op-1"), time=MONDAY + LEASE + timedelta(minutes=1))
    assert refusal(line) == "case-claimed"


def test_a_decided_case_is_decided() -> None:
    line = queued()
    line.send(verdict("approve"))
    for late in (verdict("reject", note="x"), verdict("approve"), claim("op-1"), release("op-1")):
        assert line.send(late) == []
        assert (refusal(line), line.told.state) == ("already-decided", State.APPROVED)


def test_before_the_queue_and_without_a_screening() -> None:
    line = Line()
    line.send(verdict("approve"))
    assert refusal(line) == "binding-unknown"
    line.send(consent_needed())
    line.send(verdict("approve"))
    assert refusal(line) == "wrong-state"


def test_a_look_at_personal_data_needs_a_reason_and_is_kept() -> None:
    line = queued()
    line.send(said.Revealed(binding_id=ID, operator_id="op-1"))
    assert refusal(line) == "field-invalid"
    line.send(said.Revealed(binding_id=ID, operator_id="op-1", note="电话核实关系"), id="asked-by-this")
    assert line.told.accepted
    seen = line.batch.record[-1]
    assert (seen.chain, seen.binding_id, seen.version) == ("desk", ID, None)
    assert from_json(seen.body) == {
        "at": MONDAY.astimezone(UTC).isoformat(timespec="microseconds"),
        "binding_id": str(ID),
        "by": "op-1",
        "kind": "view",
        "request": sha256(b"asked-by-this").hexdigest(),
        "why": "电话核实关系",
    }


def test_bad_fields_and_unbelievable_times_get_named_answers() -> None:
    line = queued()
    fault = FieldError("decision", "unknown value", "approve")
    line.send(Invalid((fault,), {}), source="desk", topic="review.verdicts", key=str(ID).encode(), id="v-9")
    assert refusal(line) == "field-invalid"
    assert (line.answers[-1][0], line.told.state) == (Origin(source="desk", id="v-9"), State.UNDER_REVIEW)
    line.send(verdict("approve"), time_believed=False)
    assert refusal(line) == "time-not-believed"
    assert line.state.state is State.UNDER_REVIEW
