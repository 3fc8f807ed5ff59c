"""The course of a notice: every outcome of every medium, and that final states never move."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

import pytest

from services.notify.domain.course import (
    ATTEMPT_STATE,
    Outcome,
    Progress,
    State,
    after,
    ended,
    looked_up,
    next_medium,
    of_parts,
    plan,
    reported,
    silent,
    too_old,
)
from shared.policies.values import Notice as Rules
from shared.testing.messages import MONDAY

RULES = Rules()
ASKED, OVER = MONDAY + timedelta(seconds=300), MONDAY + timedelta(seconds=1800)
SMS = Progress(("sms", "call"))
CALL = Progress(("sms", "call"), step=1)
LAST = Progress(("call", "sms"), step=1)


def test_accepted_text_waits_for_its_receipt() -> None:
    after_it = after(SMS, Outcome.ACCEPTED, "sms-accepted", MONDAY, RULES)
    assert (after_it.state, after_it.at) == (State.PENDING, ASKED)
    assert after_it.progress.until == OVER
    waits = silent(after_it.progress, State.PENDING, "sms-silence", ASKED, RULES)
    assert (waits.state, waits.at) == (State.PENDING, OVER)
    gone_on = silent(waits.progress, State.PENDING, "sms-silence", OVER, RULES)
    assert (gone_on.state, gone_on.progress.medium, gone_on.progress.until) == (State.CREATED, "call", None)


def test_unknown_outcome_of_a_text_is_looked_up_and_waited_for_and_never_sent_again() -> None:
    unknown = after(SMS, Outcome.UNKNOWN, "sms-unknown", MONDAY, RULES)
    assert (unknown.state, unknown.at) == (State.UNKNOWN, ASKED)
    still = looked_up(unknown.progress, Outcome.UNKNOWN, "sms-unknown", ASKED, RULES)
    assert (still.state, still.at) == (State.UNKNOWN, OVER)
    over = looked_up(still.progress, Outcome.UNKNOWN, "sms-unknown", OVER, RULES)
    assert (over.state, over.progress.medium) == (State.CREATED, "call")


@pytest.mark.parametrize(
    ("outcome", "state", "medium", "at"),
    [
        (Outcome.DELIVERED, State.DELIVERED, "sms", None),
        (Outcome.ACCEPTED, State.PENDING, "sms", OVER),
        (Outcome.PERMANENT, State.CREATED, "call", ASKED),
        (Outcome.TEMPORARY, State.CREATED, "call", ASKED),
        (Outcome.TECHNICAL, State.CREATED, "sms", ASKED + timedelta(seconds=5)),
    ],
)
def test_what_the_provider_says_when_it_is_asked(
    outcome: Outcome, state: State, medium: str, at: datetime | None
) -> None:
    unknown = after(SMS, Outcome.UNKNOWN, "sms-unknown", MONDAY, RULES)
    said = looked_up(unknown.progress, outcome, "why", ASKED, RULES)
    assert (said.state, said.progress.medium, said.at) == (state, medium, at)
    assert said.progress.tries == (1 if said.progress.step == 0 and outcome is not Outcome.TECHNICAL else 0)


def test_unknown_call_is_asked_for_and_repeated_when_its_time_is_over() -> None:
    unknown = after(CALL, Outcome.UNKNOWN, "call-unknown", MONDAY, RULES)
    assert (unknown.state, unknown.at) == (State.UNKNOWN, ASKED)
    waits = silent(unknown.progress, State.UNKNOWN, "call-unknown", ASKED, RULES)
    retry = MONDAY + timedelta(seconds=600)
    assert (waits.state, waits.at) == (State.UNKNOWN, retry)
    again = silent(waits.progress, State.UNKNOWN, "call-unknown", retry, RULES)
    assert (again.state, again.at, again.progress.tries) == (State.CREATED, retry, 1)
    last = silent(replace(again.progress, tries=3), State.UNKNOWN, "call-unknown", retry, RULES)
    assert last.state is State.HANDED


def test_a_call_that_is_looked_up_counts_once() -> None:
    unknown = after(CALL, Outcome.UNKNOWN, "call-unknown", MONDAY, RULES)
    busy = looked_up(unknown.progress, Outcome.TEMPORARY, "call-busy", ASKED, RULES)
    assert (busy.state, busy.progress.tries) == (State.CREATED, 1)
    assert busy.at == ASKED + timedelta(seconds=600)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.PERMANENT, State.PERMANENT),
        (Outcome.TEMPORARY, State.TEMPORARY),
        (Outcome.TECHNICAL, State.TECHNICAL),
        (Outcome.SILENCE, State.EXPIRED),
        (Outcome.UNKNOWN, State.EXPIRED),
        (None, State.EXPIRED),
    ],
)
def test_what_nobody_has_to_be_told_ends_without_work_for_the_staff(
    outcome: Outcome | None, state: State
) -> None:
    handed = next_medium(LAST, "why", MONDAY)
    end = ended(handed, outcome, overtaken=False, optional=True)
    assert (end.state, end.state.final, end.at, end.reason) == (state, True, None, "why")
    assert ended(handed, outcome, overtaken=False, optional=False) is handed


def test_what_was_overtaken_is_not_tried_again() -> None:
    again = after(CALL, Outcome.TEMPORARY, "call-busy", MONDAY, RULES)
    for following in (again, next_medium(SMS, "why", MONDAY), next_medium(LAST, "why", MONDAY)):
        end = ended(following, Outcome.TEMPORARY, overtaken=True, optional=False)
        assert (end.state, end.at, end.reason) == (State.EXPIRED, None, "overtaken")
    waits = after(SMS, Outcome.ACCEPTED, "", MONDAY, RULES)
    assert ended(waits, Outcome.ACCEPTED, overtaken=True, optional=False) is waits


@pytest.mark.parametrize("outcome", [Outcome.PERMANENT, Outcome.TEMPORARY, Outcome.SILENCE])
def test_text_that_does_not_arrive_falls_back_to_a_call_at_once(outcome: Outcome) -> None:
    following = after(SMS, outcome, "why", MONDAY, RULES)
    assert (following.state, following.progress.medium, following.at) == (State.CREATED, "call", MONDAY)
    assert following.progress.tries == 0


def test_call_is_tried_again_and_then_the_staff_have_it() -> None:
    outcome = Outcome.TEMPORARY
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
    assert waits == [5, 10, 20, 40, 80, 160, *[300] * 5, 0]  # half an hour and more


def test_how_long_an_outage_is_waited_out_is_the_regions() -> None:
    brief, progress, waited = replace(RULES, outage_wait=60), SMS, 0
    while (
        following := after(progress, Outcome.TECHNICAL, "link-down", MONDAY, brief)
    ).progress.medium == "sms":
        assert following.at is not None
        waited, progress = waited + (following.at - MONDAY).seconds, following.progress
    assert waited == 75


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
    for progress, outcome, follow in product((SMS, CALL, LAST), Outcome, (after, looked_up)):
        following = follow(progress, outcome, "why", MONDAY, RULES)
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


@pytest.mark.parametrize(
    ("fates", "told", "not_told"),
    [
        (["delivered", "hinted"], Outcome.DELIVERED, Outcome.PERMANENT),
        (["hinted", None], None, Outcome.PERMANENT),
        (["delivered", None], None, None),
        (["temporary", "hinted"], Outcome.TEMPORARY, Outcome.TEMPORARY),
    ],
)
def test_a_call_that_only_hints_has_told_where_the_region_says_so(
    fates: list[str | None], told: Outcome | None, not_told: Outcome | None
) -> None:
    assert reported(fates, 2, replace(RULES, hint_tells=True)) is told
    assert reported(fates, 2, RULES) is not_told
    assert of_parts(fates, 2) is not_told


@pytest.mark.parametrize("outcome", [Outcome.TECHNICAL, Outcome.THROTTLED])
def test_a_call_that_was_never_placed_is_placed_again_soon_and_does_not_count(outcome: Outcome) -> None:
    assert reported([str(outcome), None], 2, RULES) is outcome
    waits = after(CALL, Outcome.ACCEPTED, "call-accepted", MONDAY, RULES)
    again = looked_up(waits.progress, outcome, "call-technical", MONDAY, RULES)
    assert (again.state, again.progress.tries) == (State.CREATED, 0)
    assert again.at == MONDAY + timedelta(seconds=5)


def test_who_wants_no_texts_gets_none() -> None:
    assert plan(("sms", "call", "message-centre"), no_sms=True) == ("call",)
    assert plan(("sms",), no_sms=True) == ()


def test_age_of_a_decision() -> None:
    assert not too_old(MONDAY, MONDAY + timedelta(hours=72), 72)
    assert too_old(MONDAY, MONDAY + timedelta(hours=72, seconds=1), 72)
