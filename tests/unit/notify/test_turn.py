"""Whose turn it is: hours, age, the person as the registry knows him or her now."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from services.notify.domain.contact import Person, contact, e164, is_child
from services.notify.domain.hours import next_allowed
from services.notify.domain.turn import Claimed, HandOver, Later, Overtaken, Send, Skip, Turn, judge, unserved
from shared.clock import BEIJING
from shared.policies.types import Hours
from shared.policies.values import Notice as Rules
from shared.testing.messages import MONDAY

NIGHT = Hours(time(22), time(8))
CALLS = (Hours(time(9), time(12)), Hours(time(14), time(21)))
RULES = Rules(quiet_hours=NIGHT, call_hours=CALLS)
ANN = Person("P1", 1, "13957100001", no_sms=False, dead=False, born=date(1980, 3, 15))
FRESH = Claimed("approved", MONDAY, MONDAY, overtaken=False)


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
    never = replace(RULES, call_hours=(Hours(time(23), time(23, 30)),))
    assert judge(FRESH, "call", ANN, never, MONDAY) == Skip("no-hours")


def test_too_old_goes_to_the_staff() -> None:
    assert judge(FRESH, "sms", ANN, RULES, MONDAY + timedelta(hours=73)) == HandOver("too-old")


def test_what_is_pointless_is_no_work_for_the_staff_however_old_it_is() -> None:
    late = MONDAY + timedelta(hours=73)
    assert judge(replace(FRESH, overtaken=True), "sms", ANN, RULES, late) == Overtaken()
    paid = replace(FRESH, template="settled", overtaken=True)
    assert judge(paid, "sms", ANN, RULES, late) == HandOver("too-old")


def test_without_a_provider_a_notice_waits_and_then_goes_by_the_next_medium() -> None:
    now = MONDAY + timedelta(minutes=3)
    assert unserved(FRESH, "sms", MONDAY, RULES, now) == Later(now + timedelta(seconds=15), "sms-down")
    almost = MONDAY + timedelta(seconds=RULES.outage_wait - 1)
    assert unserved(FRESH, "sms", MONDAY, RULES, almost) == Later(almost + timedelta(seconds=1), "sms-down")
    over = MONDAY + timedelta(seconds=RULES.outage_wait)
    assert unserved(FRESH, "sms", MONDAY, RULES, over) == Skip("sms-down")
    last = replace(FRESH, last=True)
    assert unserved(last, "sms", MONDAY, RULES, over) == Later(over + timedelta(minutes=5), "sms-down")


def test_what_nobody_has_approved_is_not_waited_for() -> None:
    for last in (False, True):
        one = replace(FRESH, last=last)
        assert unserved(one, "sms", None, RULES, MONDAY) == Skip("sms-template-not-approved")


def test_what_a_later_decision_overtook_is_not_sent_but_sums_of_money_are() -> None:
    for kind in ("supplement-requested", "approved"):
        assert judge(replace(FRESH, template=kind, overtaken=True), "sms", ANN, RULES, MONDAY) == Overtaken()
    paid = replace(FRESH, template="settled", overtaken=True)
    assert judge(paid, "sms", ANN, RULES, MONDAY) == Send("+8613957100001")


def test_an_earlier_notice_leaves_first() -> None:
    soon, tomorrow = MONDAY + timedelta(seconds=5), MONDAY + timedelta(days=1)
    sending = replace(FRESH, ahead_sending=True)
    assert judge(sending, "sms", ANN, RULES, MONDAY) == Later(soon, "earlier-first")
    waits = replace(FRESH, template="refunded", ahead_at=tomorrow)
    assert judge(waits, "sms", ANN, RULES, MONDAY) == Later(tomorrow, "earlier-first")
    due = replace(waits, ahead_at=MONDAY)
    assert judge(due, "sms", ANN, RULES, MONDAY) == Later(soon, "earlier-first")
    folds = replace(FRESH, ahead_at=tomorrow)  # the earlier decision about the binding will not be sent
    assert judge(folds, "sms", ANN, RULES, MONDAY) == Send("+8613957100001")


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
    "number",
    [
        "13957100001",
        "+8613957100001",
        "0086 13957100001",
        "86 139 5710 0001",
        "139-5710-0001",
        "１３９５７１００００１",
        "＋８６１３９５７１００００１",
        "（+86）139-5710-0001",
    ],
)
def test_one_spelling_of_a_number(number: str) -> None:
    assert e164(number) == "+8613957100001"


@pytest.mark.parametrize(
    ("tel", "sms", "call"),
    [
        ("0571-87000001", Skip("number-landline"), Send("+8657187000001")),
        ("19457100001", Send("+8619457100001"), Send("+8619457100001")),  # a prefix newer than any list
        ("+85291234567", HandOver("number-foreign"), HandOver("number-foreign")),
        ("0044 20 7946 0018", HandOver("number-foreign"), HandOver("number-foreign")),
        ("12393", HandOver("number-not-personal"), HandOver("number-not-personal")),
        ("4008001234", HandOver("number-not-personal"), HandOver("number-not-personal")),
        ("87000001转8", HandOver("number-invalid"), HandOver("number-invalid")),
        ("057187000001 ext. 8", HandOver("number-invalid"), HandOver("number-invalid")),
    ],
)
def test_what_a_number_is_good_for(tel: str, sms: Turn, call: Turn) -> None:
    person = replace(ANN, tel=tel)
    assert judge(FRESH, "sms", person, RULES, MONDAY) == sms
    assert judge(FRESH, "call", person, RULES, MONDAY) == call


NATIONAL_DAY = datetime(2026, 10, 3, 10, tzinfo=BEIJING)  # a Saturday in the middle of the festival
HOLIDAY = replace(FRESH, decided_at=NATIONAL_DAY, created_at=NATIONAL_DAY)


def test_nobody_is_called_on_a_public_holiday_without_need() -> None:
    long = replace(RULES, max_age_hours=24 * 30)
    after = datetime(2026, 10, 8, 9, tzinfo=BEIJING)
    assert judge(HOLIDAY, "call", ANN, long, NATIONAL_DAY) == Later(after, "public-holiday")
    assert judge(HOLIDAY, "sms", ANN, long, NATIONAL_DAY) == Send("+8613957100001")
    critical = replace(long, critical_kinds=frozenset({"approved"}))
    assert judge(HOLIDAY, "call", ANN, critical, NATIONAL_DAY) == Send("+8613957100001")
    anyway = replace(long, call_on_holidays=True)
    assert judge(HOLIDAY, "call", ANN, anyway, NATIONAL_DAY) == Send("+8613957100001")


def test_what_cannot_be_said_by_one_medium_in_time_is_said_by_another() -> None:
    assert judge(HOLIDAY, "call", ANN, RULES, NATIONAL_DAY) == Skip("public-holiday")
    brief = replace(RULES, max_age_hours=1)
    assert judge(FRESH, "sms", ANN, replace(brief, quiet_hours=Hours(time(9), time(12))), MONDAY) == Skip(
        "quiet-hours"
    )


def test_critical_kinds_are_texted_at_any_hour_but_called_in_theirs() -> None:
    night = at("23:00")
    claimed = replace(FRESH, decided_at=night, created_at=night)
    critical = replace(RULES, critical_kinds=frozenset({"approved"}))
    assert judge(claimed, "sms", ANN, critical, night) == Send("+8613957100001")
    assert judge(claimed, "call", ANN, critical, night) == Later(at("09:00", 24), "quiet-hours")
    assert judge(claimed, "sms", ANN, RULES, night) == Later(at("08:00", 24), "quiet-hours")


def test_texts_may_have_hours_of_their_own() -> None:
    rules = replace(RULES, sms_hours=(Hours(time(8), time(20)),))
    assert judge(FRESH, "sms", ANN, rules, at("20:30")) == Later(at("08:00", 24), "quiet-hours")
    assert judge(FRESH, "call", ANN, rules, at("20:30")) == Send("+8613957100001")


@pytest.mark.parametrize(
    ("said", "no_sms", "unasked", "told"),
    [
        (None, False, True, True),
        (None, False, False, False),
        (None, True, True, False),
        (True, False, False, True),
        (False, False, True, False),
    ],
)
def test_the_optional_kinds_are_told_to_who_wants_them(
    said: bool | None, no_sms: bool, unasked: bool, told: bool
) -> None:
    person, rules = (
        replace(ANN, optional_notices=said, no_sms=no_sms),
        replace(RULES, optional_unasked=unasked),
    )
    paid = replace(FRESH, template="settled")
    expected = Send("+8613957100001") if told else HandOver("not-wanted")
    assert judge(paid, "sms", person, rules, MONDAY) == expected
    assert not isinstance(
        judge(FRESH, "call", person, rules, MONDAY), HandOver
    )  # an approval is told in any case


def test_landline() -> None:
    assert contact(replace(ANN, tel="0571-87000001"), MONDAY) == "+8657187000001"


def test_child_until_the_fourteenth_birthday() -> None:
    assert is_child(replace(ANN, born=date(2012, 11, 24)), MONDAY)
    assert not is_child(replace(ANN, born=date(2012, 11, 23)), MONDAY)
