"""Verdicts that cannot count: each gets one answer that names why, and changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.contracts import answers
from shared.contracts import binding_screenings as found
from shared.contracts import review_verdicts as said
from shared.contracts.base import Message
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import Side
from shared.contracts.reasons import reason
from shared.testing.messages import MONDAY
from tests.unit.audit.line import ID, Line, passed, policy, refused, verdict

ABOUT: dict[str, Any] = {"binding_id": ID, "at": MONDAY}
PAPER: dict[str, Any] = {"binding_id": ID, "document": "7号", "effective_at": MONDAY}
QUEUED = (passed(proven=()),)
ENDED = (
    passed(),
    found.UnbindChecked(**ABOUT, by=Side.SPONSOR, reasons=(reason("ended-by-sponsor"),), effective_at=MONDAY),
)
WITHDRAWN = (*QUEUED, found.Withdrawn(**ABOUT))
NO_CODE: dict[str, Any] = {"reason_codes": ("relation-disagrees", "no-such-code"), "note": "关系不符"}
CASES: dict[str, tuple[tuple[Message, ...], Message, str, str | None]] = {
    "before its screening": ((), verdict("approve"), "binding-unknown", None),
    "claimed before its screening": ((), said.Claimed(binding_id=ID, operator_id="op-1"), "binding-unknown", None),
    "ended by the authority before its screening": ((), said.EndedByAuthority(**PAPER, operator_id="op-authority"), "binding-unknown", None),
    "after the end": (ENDED, verdict("approve"), "already-decided", None),
    "suspended after the end": (ENDED, said.Suspended(**PAPER, operator_id="op-authority"), "wrong-state", None),
    "after a refusal": ((refused("account-frozen"),), verdict("approve"), "already-decided", None),
    "for a withdrawn case": (WITHDRAWN, verdict("approve"), "already-decided", None),
    "for a case that was approved": ((passed(),), verdict("reject", note="x"), "already-decided", None),
    "without the role": (QUEUED, verdict("approve", "op-authority"), "operator-role-missing", None),
    "by a clerk": (QUEUED, verdict("approve", "op-clerk"), "operator-role-missing", None),
    "a document without the role": ((passed(),), said.Suspended(**PAPER, operator_id="op-2"), "operator-role-missing", None),
    "of another region": (QUEUED, verdict("approve", "op-south"), "operator-region", None),
    "with an unknown reason code": (QUEUED, verdict("reject", **NO_CODE), "field-invalid", "reason_codes[1]"),
    "a rejection without any reason": (QUEUED, verdict("reject"), "field-invalid", "reason_codes"),
    "asking for no document": (QUEUED, verdict("supplement"), "field-invalid", "materials"),
    "a look without a reason": (QUEUED, said.Revealed(binding_id=ID, operator_id="op-1"), "field-invalid", "note"),
}  # fmt: skip


def told(line: Line) -> list[answers.Verdict]:
    return [body for _, body in line.answers if isinstance(body, answers.Verdict)]


@pytest.mark.parametrize("name", CASES)
def test_it_is_answered_by_name_and_changes_nothing(name: str) -> None:
    before, bad, code, field = CASES[name]
    line = Line(policy())
    for one in before:
        line.send(one)
    held, decided, dues = dict(line.batch.files), list(line.decisions), dict(line.dues)
    assert line.send(bad, time=MONDAY + timedelta(minutes=1)) == []
    (answer,) = told(line)
    assert (answer.accepted, answer.binding_id) == (False, ID)
    assert code in [why.code for why in answer.reasons]
    assert all(why.zh and why.en for why in answer.reasons)
    if field:
        assert field in [why.field for why in answer.reasons]
    file = held.get(ID)
    assert (answer.state, answer.version) == (
        (file.state.state, file.state.version) if file else (None, None)
    )
    assert (line.batch.files, line.decisions, line.dues) == (held, decided, dues)
    assert line.batch.record == [] or len(line.batch.record) == len(decided), "nothing of it is on the record"


def test_a_verdict_before_its_screening_may_be_said_again() -> None:
    line = Line(policy())
    line.send(verdict("approve"))
    assert line.send(passed(proven=())) == ["received", "under-review"]
    assert line.send(verdict("approve")) == ["approved"]
    assert [one.accepted for one in told(line)] == [False, True]
    assert line.state.state is State.APPROVED
