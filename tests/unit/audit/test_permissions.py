"""Who may decide what: roles, regions, and nobody in a case of his or her own."""

from datetime import timedelta
from typing import Any

import pytest

from services.audit.domain import permissions
from services.audit.domain.permissions import MAY, Interests, objections
from shared.contracts import binding_screenings as found
from shared.contracts import review_verdicts as said
from shared.contracts.base import Message
from shared.contracts.binding_decisions import State
from shared.contracts.operators import Operator, Role
from shared.contracts.registry import RelationRecorded
from shared.contracts.topics import TYPES
from shared.testing.messages import MONDAY, uid
from tests.unit.audit.line import ID, Line, approved, case, passed, verdict

EARLIER = uid(2)


def verdicts(operator: str) -> list[Message]:
    who: dict[str, Any] = {"binding_id": ID, "operator_id": operator}
    paper: dict[str, Any] = who | {"document": "7号", "effective_at": MONDAY}
    return [
        said.Claimed(**who),
        verdict("approve", operator),
        verdict("reject", operator, note="照片看不清"),
        said.Revealed(**who, note="电话核实"),
        said.Released(**who),
        said.Suspended(**paper),
        said.Resumed(**paper),
        said.EndedByAuthority(**paper),
    ]


def queued(**changes: Any) -> Line:
    line = Line()
    line.send(passed(proven=(), **changes))
    return line


def codes(line: Line) -> list[str]:
    assert not line.told.accepted
    return [r.code for r in line.told.reasons]


def related(one: str, other: str, version: int = 1, **changes: Any) -> RelationRecorded:
    body = RelationRecorded(
        psn_no=one, other_psn_no=other, other_is="sibling", since=MONDAY.date(), version=version
    )
    return body.model_copy(update=changes)


def tell(line: Line, body: RelationRecorded) -> None:
    key = permissions.pair(body.psn_no, body.other_psn_no).encode()
    line.send(
        body, topic="registry.relations", type="registry.relations.recorded", key=key, source="authority"
    )


def test_the_table_names_every_verdict() -> None:
    assert set(MAY) == {spec.model for spec in TYPES.values() if spec.topic == "review.verdicts"}
    assert all(MAY.values())


@pytest.mark.parametrize(
    ("operator", "barred"),
    [("op-clerk", 8), ("op-authority", 4), ("op-2", 3), ("nobody", 8)],
)
def test_who_lacks_the_role_is_told_and_nothing_happens(operator: str, barred: int) -> None:
    for body in verdicts(operator):
        line = queued()
        before = line.batch.files[ID]
        line.send(body)
        lacks = not line.told.accepted and "operator-role-missing" in codes(line)
        barred -= lacks
        if lacks:
            assert line.batch.files[ID] == before
            assert not [e for e in line.batch.record if e.chain == "desk"]
    assert barred == 0


@pytest.mark.parametrize(
    ("region", "works"),
    [
        ("440100", True),
        ("440000", True),
        ("330200", True),
        ("330206", True),
        ("330100", False),
        ("100000", False),
    ],
)
def test_an_operator_of_a_region_works_for_what_lies_below_it(region: str, works: bool) -> None:
    line = queued(admdvs=region)
    line.send(verdict("approve", "op-south"))
    assert works == line.told.accepted
    if not works:
        assert codes(line) == ["operator-region"]


def test_role_and_region_are_told_at_once() -> None:
    line = queued()
    line.send(said.Suspended(binding_id=ID, operator_id="op-south", document="7号", effective_at=MONDAY))
    assert codes(line) == ["operator-role-missing", "operator-region"]


@pytest.mark.parametrize("side", ["sponsor", "beneficiary"])
@pytest.mark.parametrize("number", ["P1", "P11"])
def test_nobody_speaks_of_a_case_of_his_own(side: str, number: str) -> None:
    line = queued(**{side: found.Party(psn_no=number, insuplc_admdvs="330100")})
    for body in (said.Claimed(binding_id=ID, operator_id="op-1"), verdict("approve"), verdicts("op-1")[3]):
        line.send(body)
        assert codes(line) == ["operator-is-party"]
    line.send(verdict("approve", "op-2"))
    assert line.told.accepted


def test_a_relative_of_a_party_stands_back_until_the_relation_ends() -> None:
    line = queued()
    tell(line, related("B1", "P11"))
    line.send(verdict("approve"))
    assert codes(line) == ["operator-related"]
    tell(line, related("B1", "P11", 2, ended=True))
    line.send(verdict("approve"))
    assert line.told.accepted


def test_relatives_that_the_database_holds_count_and_erased_ones_do_not() -> None:
    line = queued()
    line.batch.known.related = frozenset({"P1|S1"})
    line.send(verdict("approve"))
    assert codes(line) == ["operator-related"]
    line.batch.relations["P1|S1"] = None
    line.send(verdict("approve"))
    assert line.told.accepted


@pytest.mark.parametrize(
    ("earlier", "barred"),
    [(("op-1", State.REJECTED), True), (("op-2", State.REJECTED), False), (("op-1", State.EXPIRED), False), (None, False)],
)  # fmt: skip
def test_who_rejected_a_request_does_not_decide_the_one_that_mends_it(earlier: Any, barred: bool) -> None:
    line = queued(earlier_binding_id=EARLIER)
    if earlier:
        line.batch.known.earlier[EARLIER] = earlier
    line.send(said.Claimed(binding_id=ID, operator_id="op-1"))
    assert line.told.accepted != barred
    line.send(verdict("approve"))
    assert line.told.accepted != barred
    if barred:
        assert codes(line) == ["operator-decided-before"]
        line.send(verdicts("op-1")[3])
        assert line.told.accepted, "a look is no decision"


def test_a_rejection_of_the_same_batch_counts_as_well() -> None:
    line = Line()
    line.send(passed(proven=()).model_copy(update={"binding_id": EARLIER}))
    line.send(verdict("reject", note="照片看不清").model_copy(update={"binding_id": EARLIER}))
    line.send(passed(proven=(), earlier_binding_id=EARLIER))
    line.send(verdict("approve"))
    assert codes(line) == ["operator-decided-before"]


def test_objections_are_all_told_at_once() -> None:
    nobody = Operator("x", frozenset({Role.CLERK}), ("440000",), frozenset({"S1"}))
    bound = Interests(frozenset({"B1|S1"}), (Operator("x"), State.REJECTED))
    told = objections(nobody, said.VerdictGiven, case(), bound)
    assert [r.code for r in told] == ["operator-role-missing", "operator-region", "operator-is-party", "operator-decided-before"]  # fmt: skip


def test_another_id_of_who_rejected_a_request_does_not_decide_the_one_that_mends_it() -> None:
    one, other = (Operator(name, frozenset({Role.REVIEWER}), ("100000",), frozenset({"P1"})) for name in "xy")
    told = objections(other, said.Claimed, case(), Interests(earlier=(one, State.REJECTED)))
    assert [r.code for r in told] == ["operator-decided-before"]


def test_a_case_without_a_confirmed_beneficiary_has_one_party() -> None:
    own = Operator("x", persons=frozenset({"S1", "P9"}))
    assert permissions.parties(case(beneficiary=None)) == ("S1",)
    assert permissions.pairs(own, case(beneficiary=None)) == {"P9|S1"}


@pytest.mark.parametrize(
    ("how", "answer"),
    [
        ("before its screening", "binding-unknown"),
        ("after the end", "already-decided"),
        ("for a withdrawn case", "already-decided"),
        ("for a case that is decided", "already-decided"),
        ("without the role", "operator-role-missing"),
        ("without the region", "operator-region"),
        ("with an unknown reason code", "field-invalid"),
        ("with an empty list of documents", "field-invalid"),
    ],
)
def test_each_verdict_that_cannot_be_used_has_a_name(how: str, answer: str) -> None:
    line = Line() if how == "before its screening" else approved() if how == "after the end" else queued()
    body, later = verdict("approve"), MONDAY + timedelta(hours=1)
    match how:
        case "after the end":
            line.send(verdicts("op-1")[-1], time=later)
        case "for a withdrawn case":
            line.send(found.Withdrawn(binding_id=ID, at=later), time=later)
        case "for a case that is decided":
            line.send(verdict("reject", note="照片看不清"))
        case "without the role":
            body = verdict("approve", "op-authority")
        case "without the region":
            body = verdict("approve", "op-south")
        case "with an unknown reason code":
            body = verdict("reject", reason_codes=("no-such-code",))
        case "with an empty list of documents":
            body = verdict("supplement", materials=())
    before = len(line.decisions)
    assert line.send(body, time=later) == []
    assert codes(line) == [answer]
    assert line.told.reasons[0].zh
    assert line.told.reasons[0].remedy_zh
    assert len(line.decisions) == before
