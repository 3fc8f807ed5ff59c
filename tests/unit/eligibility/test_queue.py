"""What is said of a request that waits for a person: it queues behind the request, in order, and is judged once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.eligibility.handlers import deferred
from shared.contracts import beneficiary_requests as theirs
from shared.contracts import binding_requests as ours
from shared.contracts.base import Message, Origin
from shared.contracts.binding_decisions import State
from shared.testing.identities import adult, child
from shared.testing.messages import MONDAY, consented, related, submitted, unbind_requested
from shared.testing.proofs import material
from tests.unit.eligibility.line import Line, Said

ME, SISTER, STRANGER = (adult(n, admdvs="650100") for n in (1, 4, 6))
KID = child(2, admdvs="650100")
SOON = MONDAY + timedelta(seconds=1)
REQUESTS, BENEFICIARY = "binding.requests.", "beneficiary.requests."


def waiting(relative: Any = SISTER, relation: str = "sibling", **changes: Any) -> tuple[Line, UUID]:
    """A line with a request whose relative the registry does not know yet."""
    line = Line()
    line.know(ME, STRANGER)
    body = submitted(ME, relative, relation=relation, **changes)
    assert line.send(REQUESTS + "submitted", body).answers[0][1].outcome == "accepted"
    return line, body.binding_id


def arrives(line: Line, relative: Any = SISTER, relation: str = "sibling") -> Said:
    """The registry learns of the relative, and of the relation first."""
    line.send("registry.relations.recorded", related(ME, relative, relation), at=SOON)
    return line.know(relative, at=SOON)


def about(binding_id: UUID) -> dict[str, Any]:
    return {"binding_id": binding_id, "sponsor_psn_no": ME.psn_no}


def of_sister(binding_id: UUID | None = None) -> dict[str, Any]:
    return {"beneficiary_psn_no": SISTER.psn_no, "binding_id": binding_id, "channel": "app"}


def each(binding_id: UUID) -> list[tuple[str, Message]]:
    """One message of every kind that may come too early."""
    return [
        (REQUESTS + "supplemented", ours.Supplemented(**about(binding_id), materials=(material("id-card"),))),
        (REQUESTS + "unbind-requested", unbind_requested(ME, binding_id)),
        (REQUESTS + "quota-changed", ours.QuotaChanged(**about(binding_id), quota=1)),
        (REQUESTS + "rank-changed", ours.RankChanged(sponsor_psn_no=ME.psn_no, ranked=(binding_id,))),
        (BENEFICIARY + "consented", consented(SISTER, binding_id)),
        (BENEFICIARY + "declined", theirs.Declined(**of_sister(binding_id))),
        (BENEFICIARY + "unbind-requested", theirs.UnbindRequested(**of_sister(binding_id))),
        (
            BENEFICIARY + "order-changed",
            theirs.OrderChanged(beneficiary_psn_no=SISTER.psn_no, ordered=(binding_id,)),
        ),
    ]


@pytest.mark.parametrize("number", range(8))
def test_every_kind_of_message_queues_without_an_answer(number: int) -> None:
    line, binding_id = waiting()
    type, body = each(binding_id)[number]
    said = line.send(type, body)
    assert (said.types, said.answers) == ([], [])
    assert [q.type for q in line.work.bindings[binding_id].queued] == [type]


def test_a_consent_that_queued_is_judged_after_its_request_and_answered_once() -> None:
    line, binding_id = waiting()
    line.send(BENEFICIARY + "consented", consented(SISTER, binding_id), source="xinjiang-mini")
    asked = Origin(source="xinjiang-mini", id=f"m{line.offset}")
    assert arrives(line).types == ["consent-needed"]
    judged = line.fire("queue", binding_id)
    assert judged.types == ["passed"]
    assert [to for to, body in judged.answers if to == asked] == [asked]
    assert line.work.bindings[binding_id].queued == ()
    assert not [key for key in line.dues if key[0] == "queue"]


@pytest.mark.parametrize("by", ["binding_id", "sponsor"])
def test_a_decline_is_found_by_id_or_by_the_sponsors_certificate(by: str) -> None:
    line, binding_id = waiting()
    named: dict[str, Any] = (
        {"binding_id": binding_id} if by == "binding_id" else {"sponsor": ME.certificate()}
    )
    line.send(BENEFICIARY + "declined", theirs.Declined(**of_sister() | named))
    arrives(line)
    assert line.fire("queue", binding_id).types == ["consent-expired"]


def test_the_order_of_what_queued_is_kept() -> None:
    line, binding_id = waiting()
    line.send(BENEFICIARY + "consented", consented(SISTER, binding_id))
    line.send(BENEFICIARY + "declined", theirs.Declined(**of_sister(binding_id)))
    arrives(line)
    judged = line.fire("queue", binding_id)
    assert judged.types == ["passed"]
    assert [r.code for _, body in judged.answers for r in body.reasons] == ["wrong-state"], "the decline"


def test_what_comes_between_the_request_and_its_queue_queues_too() -> None:
    line, binding_id = waiting()
    line.send(BENEFICIARY + "consented", consented(SISTER, binding_id))
    arrives(line)
    assert line.send(BENEFICIARY + "declined", theirs.Declined(**of_sister(binding_id))).answers == []
    judged = line.fire("queue", binding_id)
    assert judged.types == ["passed"]
    assert [r.code for _, body in judged.answers for r in body.reasons] == ["wrong-state"], "the decline"


def test_a_withdrawal_does_not_queue_so_that_nothing_is_approved_in_between() -> None:
    line, binding_id = waiting()
    line.send(REQUESTS + "quota-changed", ours.QuotaChanged(**about(binding_id), quota=1))
    taken = line.send(REQUESTS + "withdrawn", ours.Withdrawn(**about(binding_id)))
    assert (taken.types, taken.answers[0][1].step) == ([], "办结")
    assert ("person", str(binding_id)) not in line.dues
    assert line.fire("queue", binding_id).codes == ["wrong-state"], "the change"
    assert arrives(line).types == []
    assert line.work.bindings[binding_id].stage == "closed"


def test_when_nobody_comes_the_queue_is_judged_with_the_refused_request() -> None:
    line, binding_id = waiting()
    line.send(REQUESTS + "quota-changed", ours.QuotaChanged(**about(binding_id), quota=1))
    refused = line.fire("person", binding_id)
    assert [r.code for r in refused.only.reasons] == ["beneficiary-not-confirmed"]
    assert line.fire("queue", binding_id).codes == ["wrong-state"]


def test_a_consent_of_the_wrong_person_in_the_queue_is_refused_and_the_request_goes_on_waiting() -> None:
    line, binding_id = waiting()
    line.send(BENEFICIARY + "consented", consented(STRANGER, binding_id))
    assert arrives(line).types == ["consent-needed"]
    assert line.fire("queue", binding_id).codes == ["consent-wrong-person"]
    assert line.work.bindings[binding_id].stage == "consent"


def test_ends_that_queued_wait_for_the_decision_in_their_order() -> None:
    line, binding_id = waiting(KID, "child")
    line.send(REQUESTS + "quota-changed", ours.QuotaChanged(**about(binding_id), quota=100))
    line.send(REQUESTS + "unbind-requested", unbind_requested(ME, binding_id))
    passed = arrives(line, KID, "child")
    assert passed.types == ["passed"]
    assert line.fire("queue", binding_id).types == []
    line.decide(passed, State.APPROVED, 2, at=SOON)
    put_off = sorted((at, entity) for (kind, entity), at in line.dues.items() if kind == "again")
    assert [line.fire("again", entity).types for _, entity in put_off] == [
        ["change-checked"],
        ["unbind-checked"],
    ]


def test_a_queue_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deferred, "LONGEST", 2)
    line, binding_id = waiting()
    for _ in range(2):
        assert (
            line.send(REQUESTS + "quota-changed", ours.QuotaChanged(**about(binding_id), quota=1)).answers
            == []
        )
    assert line.send(REQUESTS + "quota-changed", ours.QuotaChanged(**about(binding_id), quota=1)).codes == [
        "wrong-state"
    ]


def test_a_queue_of_a_request_that_waits_on_or_is_unknown_says_nothing() -> None:
    line, binding_id = waiting()
    line.send(REQUESTS + "quota-changed", ours.QuotaChanged(**about(binding_id), quota=1))
    for entity in (binding_id, UUID(int=7)):
        line.dues["queue", str(entity)] = SOON
        assert line.fire("queue", entity).answers == []
    assert len(line.work.bindings[binding_id].queued) == 1


def test_a_consent_for_somebody_else_does_not_queue_behind_this_request() -> None:
    line, binding_id = waiting()
    other = theirs.Declined(beneficiary_psn_no=STRANGER.psn_no, sponsor=ME.certificate(), channel="app")
    assert line.send(BENEFICIARY + "declined", other).codes == ["binding-unknown"]
    assert line.work.bindings[binding_id].queued == ()
