"""What an operator says to have seen: on the record with what he or she decided or said, and never a document of another case."""

from typing import Any

from pydantic_core import from_json

from shared.policies.types import SecondEyes
from shared.policies.values import Review
from shared.testing.proofs import material
from tests.unit.audit.line import Line, passed, policy, verdict

PAPERS = (material("household-register"), material("id-card"))
SEEN = tuple(one.reference for one in PAPERS)


def line_of(**review: Any) -> Line:
    line = Line(policy(review=Review(**review)))
    line.send(passed(proven=(), materials=PAPERS))
    return line


def recorded(line: Line) -> list[tuple[str, Any]]:
    entries = [from_json(entry.body) for entry in line.batch.record]
    return [(told.get("type") or told["said"], told.get("seen")) for told in entries]


def test_documents_seen_stand_with_the_decision_and_nowhere_else() -> None:
    line = line_of()
    line.send(verdict("approve", evidence_seen=SEEN))
    assert recorded(line) == [("received", None), ("under-review", None), ("approved", list(SEEN))]
    without = line_of()
    without.send(verdict("approve"))
    assert recorded(without)[-1] == ("approved", None)


def test_documents_seen_by_the_first_of_two_and_at_a_second_look_are_recorded_as_well() -> None:
    line = line_of(second_eyes=(SecondEyes(),), sample_per_mille=1000)
    line.send(verdict("approve", "op-1", evidence_seen=SEEN[:1]))
    line.send(verdict("reject", "op-2", note="照片看不清", evidence_seen=SEEN[1:]))
    assert recorded(line)[2:] == [("first-approval", [SEEN[0]]), ("rejected", [SEEN[1]])]
    drawn = line_of(sample_per_mille=1000)
    drawn.send(verdict("approve", "op-1"))
    drawn.send(verdict("approve", "op-2", evidence_seen=SEEN))
    assert recorded(drawn)[-1] == ("agreed", list(SEEN))


def test_nobody_has_seen_a_document_that_the_case_does_not_have() -> None:
    line = line_of(sample_per_mille=1000)
    strange = (SEEN[0], "id-card-of-others")
    for decision in ("approve", "reject", "supplement"):
        assert line.send(verdict(decision, evidence_seen=strange)) == []
        assert refused(line) == ("field-invalid", "evidence_seen[1]")
    line.send(verdict("approve"))
    line.send(verdict("approve", "op-2", evidence_seen=strange))
    assert refused(line) == ("field-invalid", "evidence_seen[1]")


def refused(line: Line) -> tuple[str, str]:
    assert not line.told.accepted
    why = line.told.reasons[0]
    return why.code, why.field
