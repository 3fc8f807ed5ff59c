"""How often one number is used: never more than a cap allows in any window, never at a bad hour, and nobody is forgotten."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notify.domain import turn
from services.notify.domain.caps import WINDOWS, Line, hashed, next_free
from services.notify.domain.contact import Person
from services.notify.domain.holidays import is_public_holiday
from services.notify.domain.hours import within
from services.notify.domain.turn import Claimed, HandOver, Later, Send, Skip, judge, queue
from shared.clock import BEIJING
from shared.policies.types import Hours, Window
from shared.policies.values import Notice as Rules
from shared.testing.messages import MONDAY

CALLS = (Hours(time(9), time(12)), Hours(time(14), time(21)))
RULES = Rules(quiet_hours=Hours(time(22), time(8)), call_hours=CALLS)
ANN = Person("P1", 1, "13957100001", no_sms=False, dead=False, born=date(1980, 3, 15))
FRESH = Claimed("approved", MONDAY, MONDAY, overtaken=False)
SEND = Send("+8613957100001")


def ago(**time: float) -> datetime:
    return MONDAY - timedelta(**time)


@pytest.mark.parametrize(
    ("used", "at"),
    [
        ([], MONDAY),
        ([ago(seconds=61)], MONDAY),
        ([ago(seconds=60)], MONDAY),
        ([ago(seconds=20)], MONDAY + timedelta(seconds=40)),
        ([ago(minutes=n) for n in (50, 40, 30, 20, 10)], MONDAY + timedelta(minutes=10)),
        ([ago(hours=n) for n in range(20, 0, -1)], MONDAY + timedelta(hours=4)),
    ],
)
def test_the_next_use_of_a_number(used: list[datetime], at: datetime) -> None:
    assert next_free(used, RULES.call_caps, MONDAY) == at


def test_no_cap_and_a_cap_of_nothing() -> None:
    assert next_free([MONDAY] * 99, {}, MONDAY) == MONDAY
    assert next_free([], {"hour": 0}, MONDAY) is None
    assert queue(SEND, Line(), FRESH, "call", replace(RULES, call_caps={"day": 0}), MONDAY) == Skip(
        "call-cap"
    )


def test_a_number_is_named_by_its_keyed_hash() -> None:
    one = hashed("+8613957100001", b"a")
    assert one == hashed("+8613957100001", b"a")
    assert len({one, hashed("+8613957100002", b"a"), hashed("+8613957100001", b"b")}) == 3
    assert len(one) == 16


def test_who_comes_first_is_called_first_and_the_others_are_spaced() -> None:
    line = Line()
    turns = [queue(SEND, line, FRESH, "call", RULES, MONDAY) for _ in range(3)]
    minute = timedelta(minutes=1)
    assert turns == [SEND, Later(MONDAY + minute, "call-cap"), Later(MONDAY + 2 * minute, "call-cap")]


def test_a_number_that_is_being_called_is_not_called_by_another() -> None:
    line, free = Line(busy=True), replace(RULES, call_caps={})
    later = Later(MONDAY + timedelta(seconds=5), "line-in-use")
    assert queue(SEND, line, FRESH, "call", free, MONDAY) == later
    assert queue(SEND, Line(busy=True), FRESH, "sms", free, MONDAY) == SEND


def test_texts_of_a_family_go_out_together_up_to_the_cap_of_a_day() -> None:
    line = Line()
    turns = [queue(SEND, line, FRESH, "sms", RULES, MONDAY) for _ in range(51)]
    assert turns[:50] == [SEND] * 50
    assert turns[50] == Later(MONDAY + timedelta(days=1), "sms-cap")


def test_a_turn_that_a_cap_puts_off_still_keeps_the_hours() -> None:
    line, now = (
        Line([MONDAY.replace(hour=11, minute=59, second=30)]),
        MONDAY.replace(hour=11, minute=59, second=50),
    )
    assert queue(SEND, line, FRESH, "call", RULES, now) == Later(MONDAY.replace(hour=14), "quiet-hours")


def test_a_cap_that_outlasts_the_notice_leads_to_the_next_medium() -> None:
    old = replace(FRESH, decided_at=ago(hours=71))
    line = Line([ago(minutes=n) for n in range(40, 20, -1)])
    assert queue(SEND, line, old, "call", RULES, MONDAY) == Skip("call-cap")


@pytest.mark.parametrize(
    ("day", "free"),
    [
        (date(2026, 10, 1), True),
        (date(2026, 10, 10), False),  # a Saturday on which people work
        (date(2026, 11, 22), False),  # a plain Sunday
        (date(2026, 2, 17), True),
        (date(2099, 10, 3), True),  # not arranged yet: the days of the law
        (date(2099, 10, 4), False),
    ],
)
def test_public_holidays(day: date, free: bool) -> None:
    assert is_public_holiday(day) is free


moments = st.integers(0, 40 * 24 * 60).map(
    lambda n: datetime(2026, 9, 20, tzinfo=BEIJING) + timedelta(minutes=n)
)
caps = st.dictionaries(st.sampled_from(list(WINDOWS)), st.integers(1, 6))


@given(
    sorted_of=st.lists(moments, min_size=1, max_size=25).map(sorted),
    medium=st.sampled_from(["sms", "call"]),
    limits=caps,
)
@settings(max_examples=150, deadline=None)
def test_never_at_a_bad_hour_never_above_a_cap_and_nothing_lost(
    sorted_of: list[datetime], medium: str, limits: dict[Window, int]
) -> None:
    """Notices become due at any time, all to one number; each is judged when it is due, until it is sent or given to another medium."""
    rules = replace(RULES, call_caps=limits, sms_caps=limits)
    waiting = [(at, n, Claimed("approved", at, at, overtaken=False)) for n, at in enumerate(sorted_of)]
    used: list[datetime] = []
    ended = 0
    while waiting:
        now = min(at for at, _, _ in waiting)
        due = sorted(one for one in waiting if one[0] <= now)
        waiting = [one for one in waiting if one[0] > now]
        line = Line(list(used))
        for _, n, claimed in due:
            found = judge(claimed, medium, ANN, rules, now)
            if isinstance(found, Send):
                found = queue(found, line, claimed, medium, rules, now)
            if isinstance(found, Later):
                assert found.at > now
                waiting.append((found.at, n, claimed))
            else:
                assert isinstance(found, Send | Skip | HandOver)
                ended += 1
                used += [now] if isinstance(found, Send) else []
    assert ended == len(sorted_of)
    _decent(used, medium, limits)


def _decent(used: Sequence[datetime], medium: str, limits: dict[Window, int]) -> None:
    for at in used:
        local = at.astimezone(BEIJING)
        if medium == "call":
            assert any(within(span, local.time()) for span in CALLS)
            assert not is_public_holiday(local.date())
        assert not within(RULES.quiet_hours, local.time())  # type: ignore[arg-type]
    for window, cap in limits.items():
        for n, at in enumerate(used):
            assert bisect_left(used, at + WINDOWS[window]) - n <= cap


def test_the_second_look_is_the_one_that_counts() -> None:
    assert turn.judge(FRESH, "call", ANN, RULES, MONDAY) == SEND
    assert queue(SEND, Line([MONDAY]), FRESH, "call", RULES, MONDAY) == Later(
        MONDAY + timedelta(minutes=1), "call-cap"
    )
