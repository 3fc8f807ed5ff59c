"""Documents: only who was asked for some starts a new round, and its outcome goes to who sent them."""

from datetime import timedelta
from uuid import UUID

from shared.contracts.base import Origin
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import Supplemented
from shared.testing.identities import adult, child
from shared.testing.messages import MONDAY, related, submitted
from shared.testing.proofs import material
from tests.unit.eligibility.line import Line, Said

SPONSOR, CHILD = adult(1), child(2)
MORE = "binding.requests.supplemented"


def asked(*, proven: bool) -> tuple[Line, Said]:
    """A line with one request: passed where the registry proves the relation, else waiting for documents."""
    line = Line()
    line.know(SPONSOR, CHILD)
    if proven:
        line.send("registry.relations.recorded", related(SPONSOR, CHILD, "child"))
    return line, line.send("binding.requests.submitted", submitted(SPONSOR, CHILD, relation="child"))


def papers(binding_id: UUID) -> Supplemented:
    return Supplemented(
        binding_id=binding_id, sponsor_psn_no=SPONSOR.psn_no, materials=(material("household-register"),)
    )


def test_the_new_round_answers_to_who_sent_the_documents() -> None:
    line, first = asked(proven=False)
    later = line.send(MORE, papers(first.only.binding_id), source="service-hall")
    sender = Origin(source="service-hall", id=f"m{line.offset}")
    assert (later.only.round, later.only.origin) == (2, sender)
    assert first.only.origin.source == "zheliban"
    assert [to for to, _ in later.answers] == [sender]
    assert line.work.bindings[first.only.binding_id].origin == first.only.origin


def test_documents_that_nobody_asked_for_start_no_round() -> None:
    line, said = asked(proven=True)
    more = papers(said.only.binding_id)
    put_off = line.send(MORE, more)  # the reviewer's wish may be on its way
    assert (put_off.types, put_off.answers) == ([], [])
    again = line.fire("again", f"zheliban/m{line.offset}")
    assert (again.types, again.codes) == ([], ["wrong-state"])
    assert line.work.bindings[more.binding_id].round == 1


def test_what_a_reviewer_asked_for_starts_the_next_round() -> None:
    line, said = asked(proven=True)
    more = papers(said.only.binding_id)
    line.send(MORE, more)
    put_off = f"zheliban/m{line.offset}"
    line.decide(said, State.SUPPLEMENT_REQUESTED, 3)  # read after the documents
    again = line.fire("again", put_off)
    assert (again.types, again.only.round, again.only.origin.id) == (["passed"], 2, put_off.split("/")[1])


def test_rounds_without_end_do_not_let_the_messages_grow() -> None:
    line, first = asked(proven=False)
    wrong = material("id-card")
    for n in range(5):
        many = tuple(wrong.model_copy(update={"reference": f"m-{n}-{i}"}) for i in range(30))
        more = papers(first.only.binding_id).model_copy(update={"materials": many})
        said = line.send(MORE, more)
    assert said.only.round == 6
    assert len(said.only.case.materials) == 100
    assert said.only.case.materials[-1].reference == "m-4-29"


def test_a_wish_about_an_earlier_round_is_over() -> None:
    line, said = asked(proven=False)
    line.send(MORE, papers(said.only.binding_id), at=MONDAY + timedelta(days=1))
    line.decide(said, State.SUPPLEMENT_REQUESTED, 2)
    assert line.work.bindings[said.only.binding_id].stage == "passed"
