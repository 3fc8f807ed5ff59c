"""The course of a notice: every outcome of every medium, and that final states never move."""

from datetime import timedelta
from itertools import product

import pytest

from services.notify.domain.course import (
    ATTEMPT_STATE,
    Outcome,
    Progress,
    State,
    after,
    of_parts,
    plan,
    too_old,
)
from shared.policies.values import Notice as Rules
from shared.testing.messages import MONDAY

RULES = Rules()
SMS = Progress(("sms", "call"))
CALL = Progress(("sms", "call"), step=1)
LAST = Progress(("call", "sms"), step=1)


def test_accepted_text_waits_for_its_receipt() -> None:
    after_it = after(SMS, Outcome.ACCEPTED, "sms-accepted", MONDAY, RULES)
    assert (after_it.state, after_it.at) == (State.PENDING, MONDAY + timedelta(seconds=1800))


def test_unknown_outcome_of_a_text_is_waited_for_and_never_sent_again() -> None:
    waiting = after(SMS, Outcome.UNKNOWN, "sms-unknown", MONDAY, RULES)
    assert waiting.state is State.PENDING
    silent = after(waiting.progress, Outcome.SILENCE, "sms-silence", MONDAY, RULES)
    assert (silent.state, silent.progress.medium) == (State.CREATED, "call")


@pytest.mark.parametrize("outcome", [Outcome.PERMANENT, Outcome.TEMPORARY, Outcome.SILENCE])
def test_text_that_does_not_arrive_falls_back_to_a_call_at_once(outcome: Outcome) -> None:
    following = after(SMS, outcome, "why", MONDAY, RULES)
    assert (following.state, following.progress.medium, following.at) == (State.CREATED, "call", MONDAY)
    assert following.progress.tries == 0


@pytest.mark.parametrize("outcome", [Outcome.TEMPORARY, Outcome.UNKNOWN])
def test_call_is_tried_again_and_then_the_staff_have_it(outcome: Outcome) -> None:
    first = after(CALL, outcome, "call-busy", MONDAY, RULES)
    assert (first.state, first.at) == (State.CREATED, MONDAY + timedelta(seconds=600))
    second = after(first.progress, outcome, "call-busy", MONDAY, RULES)
    third = after(second.progress, outcome, "call-busy", MONDAY, RULES)
    assert (third.state, third.at, third.reason) == (State.HANDED, None, "call-busy")


def test_number_that_does_not_exist_is_not_called_again() -> None:
    assert after(CALL, Outcome.PERMANENT, "call-invalid", MONDAY, RULES).state is State.HANDED


def test_call_first_falls_back_to_a_text() -> None:
    busy = Progress(("call", "sms"), tries=2)
    assert after(busy, Outcome.TEMPORARY, "call-busy", MONDAY, RULES).progress.medium == "sms"


@pytest.mark.parametrize("outcome", [Outcome.THROTTLED, Outcome.TECHNICAL])
def test_what_never_left_is_put_off_longer_each_time_then_another_medium(outcome: Outcome) -> None:
    waits, progress = [], SMS
    while progress.medium == "sms":
        following = after(progress, outcome, "link-down", MONDAY, RULES)
        assert following.at is not None
        waits.append((following.at - MONDAY).seconds)
        progress = following.progress
    assert waits == [5, 10, 20, 40, 80, 0]


def test_outage_of_the_last_medium_is_waited_out() -> None:
    progress = LAST
    for _ in range(40):
        following = after(progress, Outcome.TECHNICAL, "link-down", MONDAY, RULES)
        assert following.state is State.CREATED
        progress = following.progress
    assert following.at == MONDAY + timedelta(seconds=300)


def test_delivered_is_final_whatever_came_before() -> None:
    assert after(LAST, Outcome.DELIVERED, "", MONDAY, RULES).at is None


def test_every_outcome_leads_somewhere_and_only_final_states_have_no_next_look() -> None:
    for progress, outcome in product((SMS, CALL, LAST), Outcome):
        following = after(progress, outcome, "why", MONDAY, RULES)
        assert following.state.final == (following.at is None)
    assert ATTEMPT_STATE.keys() == set(Outcome)


@pytest.mark.parametrize(
    ("fates", "parts", "outcome"),
    [
        ([], 1, None),
        (["delivered"], 0, None),
        (["delivered", None], 2, None),
        (["delivered", "pending"], 2, None),
        (["delivered", "delivered"], 2, Outcome.DELIVERED),
        (["delivered", "temporary"], 2, Outcome.TEMPORARY),
        (["temporary", "permanent"], 3, Outcome.PERMANENT),
    ],
)
def test_text_of_several_parts_arrives_when_all_have(
    fates: list[str | None], parts: int, outcome: Outcome | None
) -> None:
    assert of_parts(fates, parts) is outcome


def test_who_wants_no_texts_gets_none() -> None:
    assert plan(("sms", "call", "message-centre"), no_sms=True) == ("call",)
    assert plan(("sms",), no_sms=True) == ()


def test_age_of_a_decision() -> None:
    assert not too_old(MONDAY, MONDAY + timedelta(hours=72), 72)
    assert too_old(MONDAY, MONDAY + timedelta(hours=72, seconds=1), 72)
