"""Whose turn it is: hours, age, the person as the registry knows him or her now."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from services.notify.domain.contact import Person, contact, e164, is_child
from services.notify.domain.hours import next_allowed
from services.notify.domain.turn import Claimed, HandOver, Later, Overtaken, Send, Skip, judge
from shared.clock import BEIJING
from shared.policies.types import Hours
from shared.policies.values import Notice as Rules
from shared.testing.messages import MONDAY

NIGHT = Hours(time(22), time(8))
CALLS = (Hours(time(9), time(12)), Hours(time(14), time(21)))
RULES = Rules(quiet_hours=NIGHT, call_hours=CALLS)
ANN = Person("P1", 1, "13957100001", no_sms=False, dead=False, born=date(1980, 3, 15))
FRESH = Claimed("approved.v1", MONDAY, MONDAY, overtaken=False)


def at(clock: str, day: int = 23) -> datetime:
    return datetime.combine(date(2026, 11, day), time.fromisoformat(clock), BEIJING)


@pytest.mark.parametrize(
    ("now", "sms", "call"),
    [
        ("07:59", "08:00", "09:00"),
        ("08:00", "08:00", "09:00"),
        ("12:00", "12:00", "14:00"),
        ("20:59", "20:59", "20:59"),
        ("21:00", "21:00", None),
        ("22:00", None, None),
    ],
)
def test_hours_of_the_media(now: str, sms: str | None, call: str | None) -> None:
    assert next_allowed(at(now), NIGHT, ()) == (at(sms) if sms else at("08:00", 24))
    assert next_allowed(at(now), NIGHT, CALLS) == (at(call) if call else at("09:00", 24))


def test_no_rule_means_any_hour_and_impossible_hours_are_told() -> None:
    assert next_allowed(at("03:00"), None, ()) == at("03:00")
    assert next_allowed(at("03:00"), NIGHT, (Hours(time(23), time(23, 30)),)) is None


def test_sent_in_its_hour_to_the_number_of_today() -> None:
    assert judge(FRESH, "sms", ANN, RULES, MONDAY) == Send("+8613957100001")
    assert judge(FRESH, "call", ANN, RULES, at("12:30")) == Later(at("14:00"), "quiet-hours")
    assert judge(
        FRESH, "call", ANN, replace(RULES, call_hours=(Hours(time(23), time(23, 30)),)), MONDAY
    ) == HandOver("no-hours")


def test_too_old_goes_to_the_staff() -> None:
    assert judge(FRESH, "sms", ANN, RULES, MONDAY + timedelta(hours=73)) == HandOver("too-old")


def test_request_for_papers_is_not_sent_after_the_decision_it_was_for() -> None:
    overtaken = replace(FRESH, overtaken=True)
    assert (
        judge(replace(overtaken, template="supplement-requested.v1"), "sms", ANN, RULES, MONDAY)
        == Overtaken()
    )
    assert judge(overtaken, "sms", ANN, RULES, MONDAY) == Send("+8613957100001")


def test_who_has_said_no_to_texts_meanwhile_is_called() -> None:
    opted_out = replace(ANN, no_sms=True)
    assert judge(FRESH, "sms", opted_out, RULES, MONDAY) == Skip("no-sms")
    assert judge(FRESH, "call", opted_out, RULES, MONDAY) == Send("+8613957100001")


def test_unknown_person_is_waited_for_and_then_handed_over() -> None:
    assert judge(FRESH, "sms", None, RULES, MONDAY) == Later(MONDAY + timedelta(seconds=15), "person-unknown")
    assert judge(FRESH, "sms", None, RULES, MONDAY + timedelta(minutes=10)) == HandOver("person-unknown")


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (replace(ANN, dead=True), "deceased"),
        (replace(ANN, tel=None), "no-number"),
        (replace(ANN, tel=None, born=date(2018, 6, 1)), "child"),
        (replace(ANN, born=date(2018, 6, 1)), "child"),
        (replace(ANN, tel="call me"), "number-invalid"),
        (replace(ANN, tel="12"), "number-invalid"),
    ],
)
def test_nothing_is_sent_to_who_cannot_be_reached(person: Person, reason: str) -> None:
    assert judge(FRESH, "sms", person, RULES, MONDAY) == HandOver(reason)


@pytest.mark.parametrize(
    "number", ["13957100001", "+8613957100001", "86 139 5710 0001", "139-5710-0001", "１３９５７１００００１"]
)
def test_one_spelling_of_a_number(number: str) -> None:
    assert e164(number) == "+8613957100001"


def test_landline() -> None:
    assert contact(replace(ANN, tel="0571-87000001"), MONDAY) == "+8657187000001"


def test_child_until_the_fourteenth_birthday() -> None:
    assert is_child(replace(ANN, born=date(2012, 11, 24)), MONDAY)
    assert not is_child(replace(ANN, born=date(2012, 11, 23)), MONDAY)
