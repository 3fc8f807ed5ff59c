"""Tombstones of the registry: what was erased proves nothing and is kept nowhere."""

from shared.messaging.handler import Tombstone
from shared.testing.identities import adult, child
from shared.testing.messages import related, submitted
from tests.unit.eligibility.line import Line

SPONSOR, CHILD = adult(1), child(2)
PAIR = tuple(sorted((SPONSOR.psn_no, CHILD.psn_no)))


def known() -> Line:
    line = Line()
    line.know(SPONSOR, CHILD)
    line.send("registry.relations.recorded", related(SPONSOR, CHILD, "child"))
    return line


def test_an_erased_person_is_nobody() -> None:
    line = known()
    line.send("registry.persons.recorded", Tombstone(), key=CHILD.psn_no)
    assert (line.work.erased_records, line.work.changed_records) == ({CHILD.psn_no}, {SPONSOR.psn_no})
    said = line.send("binding.requests.submitted", submitted(SPONSOR, CHILD, relation="child"))
    assert (said.types, said.answers[0][1].outcome) == ([], "accepted"), "it waits for the person"
    assert line.know(CHILD).types == ["passed"]
    assert CHILD.psn_no in line.work.changed_records


def test_an_erased_relation_proves_nothing() -> None:
    line = known()
    line.send("registry.relations.recorded", Tombstone(), key="|".join(PAIR))
    assert line.work.erased_relations == {PAIR}
    said = line.send("binding.requests.submitted", submitted(SPONSOR, CHILD, relation="child"))
    assert said.codes == ["materials-missing"]


def test_an_erased_decision_changes_nothing_here() -> None:
    line = known()
    said = line.send("binding.decisions.received", Tombstone(), key="x", source="gongji-audit")
    assert (said.types, said.answers) == ([], [])
