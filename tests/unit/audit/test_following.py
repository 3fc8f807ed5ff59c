"""What followers rely on: versions without gaps, and the whole state in each message; what the desk keeps of the registry."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.domain import life
from services.audit.domain.life import waits
from services.audit.domain.model import STANDING, Elapsed
from services.audit.domain.queue import SHARES
from shared.contracts import binding_screenings as found
from shared.contracts import review_verdicts as said
from shared.contracts.binding_decisions import TYPE_TO_STATE, BindingState
from shared.contracts.binding_requests import Side, Terms
from shared.contracts.reasons import reason
from shared.contracts.registry import PersonRecorded, RelationRecorded
from shared.messaging.handler import Invalid, Tombstone
from shared.testing.messages import MONDAY
from tests.unit.audit.line import ID, Line, consent_needed, passed, policy, refused, verdict

AT = MONDAY + timedelta(days=3)
ABOUT: dict[str, Any] = {"binding_id": ID, "at": AT}
PAPER: dict[str, Any] = {"binding_id": ID, "operator_id": "op-1", "document": "7号", "effective_at": AT}
END, PAUSED = (reason("ended-by-insurance"),), (reason("beneficiary-paused"),)
EVENTS: list[Any] = [
    *(passed(n, proven) for n in (1, 2, 3) for proven in (("registry",), ())),
    *(refused(code, round=n) for n in (1, 2) for code in ("materials-missing", "account-frozen")),
    consent_needed(1),
    consent_needed(2),
    found.ConsentExpired(**ABOUT, reasons=(reason("consent-expired", days=7),)),
    found.ConsentExpired(**ABOUT, declined=True, reasons=(reason("consent-declined"),)),
    found.Withdrawn(**ABOUT),
    found.UnbindChecked(**ABOUT, by=Side.SPONSOR, reasons=END, effective_at=AT),
    found.ChangeChecked(**ABOUT, order=2),
    found.ChangeChecked(**ABOUT, terms=Terms(enddate=date(2026, 12, 1))),
    found.ChangeChecked(**ABOUT, terms=Terms(begndate=date(2026, 11, 29))),
    *(
        found.ConditionChanged(**ABOUT, effect=effect, side=side, reasons=PAUSED)
        for effect in found.Effect
        for side in Side
    ),
    said.Claimed(binding_id=ID, operator_id="op-1"),
    said.Released(binding_id=ID, operator_id="op-1"),
    verdict("approve"),
    verdict("reject", note="x"),
    verdict("supplement", materials=("household-register",)),
    said.Suspended(**PAPER),
    said.Resumed(**PAPER),
    said.EndedByAuthority(**PAPER),
]


def rebuilt(messages: list[tuple[str, BindingState]]) -> BindingState | None:
    """A follower: reads bytes, ignores versions that it has."""
    held: BindingState | None = None
    for _, body in messages:
        read = BindingState.model_validate_json(body.model_dump_json(exclude_none=True))
        if held is None or read.version > held.version:
            held = read
    return held


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 60)), max_size=14))
def test_decisions_alone_tell_the_whole_life(story: list[tuple[Any, int]]) -> None:
    line = Line()
    for body, hours in story:
        line.wait(timedelta(hours=hours))
        line.send(body)
    file = line.batch.files.get(ID)
    assert [state.version for _, state in line.decisions] == list(range(1, len(line.decisions) + 1))
    assert rebuilt([*line.decisions, *line.decisions[:2]]) == (file.state if file else None)
    if file:
        assert {key[0]: at for key, at in line.dues.items() if key[0] not in SHARES} == {
            kind: at
            for kind, at in waits(file.state).items()
            if not (file.overdue and kind == "review-overdue")
        }
    final = [n for n, (_, state) in enumerate(line.decisions) if state.state.final]
    assert final in ([], [len(line.decisions) - 1]), "nothing follows the end"
    for (_, one), (_, two) in zip(line.decisions, line.decisions[1:], strict=False):
        assert two.at >= one.at
        assert two.terms[: len(one.terms)] == one.terms, "history is never rewritten"
        if two.state in STANDING:
            assert two.effective


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(EVENTS[:11]), max_size=8))
def test_a_round_twice_is_a_round_once(story: list[Any]) -> None:
    once, twice = Line(), Line()
    for body in story:
        once.send(body)
        twice.send(body)
        twice.send(body)
    assert [t for t, _ in once.decisions] == [t for t, _ in twice.decisions]


def test_every_type_can_be_reached() -> None:
    seen: set[str] = set()
    stories = [
        (first, second, said.Resumed(**PAPER))
        for first in (EVENTS[0], EVENTS[1], EVENTS[6], *EVENTS[10:12])
        for second in EVENTS
    ]
    for story in stories:
        line = Line()
        for body in story:
            line.send(body, time=AT)
        line.wait(timedelta(days=30))
        seen |= {type for type, _ in line.decisions}
    assert seen == set(TYPE_TO_STATE)


def person(version: int, psn_no: str = "B1") -> PersonRecorded:
    return PersonRecorded(
        psn_cert_type="01",
        certno="110105194912310025",
        psn_name="王一",
        psn_no=psn_no,
        version=version,
        gend="2",
        brdy=date(1949, 12, 31),
    )


def relation(version: int) -> RelationRecorded:
    return RelationRecorded(psn_no="B1", other_psn_no="S1", other_is="child", version=version)


@pytest.mark.parametrize(
    ("topic", "key", "made"), [("registry.persons", "B1", person), ("registry.relations", "B1|S1", relation)]
)
def test_the_newest_registry_record_is_kept(topic: str, key: str, made: Any) -> None:
    line = Line()
    records: Any = line.batch.persons if topic == "registry.persons" else line.batch.relations
    where: dict[str, Any] = {"topic": topic, "key": key.encode(), "source": "authority"}
    line.send(made(2), **where)
    line.send(made(1), **where)
    line.send(Invalid((), {}), **where)
    assert records[key].version == 2
    line.send(Tombstone(), **where)
    assert records == {key: None}
    line.send(made(1), **where)
    assert records[key].version == 1
    assert line.answers == []


def test_a_screening_against_the_contract_is_our_own_fault() -> None:
    with pytest.raises(ValueError, match="contract"):
        Line().send(Invalid((), {}))


def test_a_wait_of_an_unknown_binding_is_nothing() -> None:
    assert life.advance(None, Elapsed(life.TURN), MONDAY, policy()) == life.unknown()
    assert life.waits(None) == {}


def test_due_rows_name_their_binding() -> None:
    line = Line()
    line.send(passed(proven=()))
    assert [UUID(entity) for _, entity in line.dues] == [ID] * 3
