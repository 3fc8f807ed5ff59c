"""Shares of providers: who is asked, and how traffic moves away from a provider in trouble and back."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.course import Outcome
from services.notify.domain.weights import ENOUGH, FULL, Seen, Share, choose, excused, moves

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
FAILING, FINE, SLOW = Seen(100, 50), Seen(100, 0), Seen(100, 0, 0.5)


def share(name: str, weight: int = 50, resting: int = 50, *, held: bool = False) -> Share:
    return Share(name, weight, resting, held, NOON - timedelta(hours=1))


def played(seen: dict[str, Seen], seconds: int, *shares: Share, step: int = 2) -> dict[str, int]:
    """Weights after so many seconds in which the providers do the same all the time."""
    now = {one.name: one for one in shares}
    for second in range(0, seconds, step):
        for change in moves(list(now.values()), seen, NOON + timedelta(seconds=second)):
            now[change.after.name] = change.after
    return {name: one.weight for name, one in now.items()}


def test_weights_are_shares() -> None:
    rolls = [n / 1000 for n in range(1000)]
    asked = Counter(choose({"a": 60, "b": 20}, avoid=None, roll=roll) for roll in rolls)
    assert asked == {"a": 750, "b": 250}


def test_who_failed_is_avoided() -> None:
    assert choose({"a": 99, "b": 1}, avoid="a", roll=0.1) == "b"


def test_the_last_one_is_asked_even_if_it_failed_or_has_no_weight_left() -> None:
    assert choose({"a": 99, "b": 0}, avoid="a", roll=0.1) == "a"
    assert choose({"a": 0}, avoid="a", roll=0.9) == "a"
    with pytest.raises(IndexError):
        choose({}, avoid=None, roll=0.5)


@pytest.mark.parametrize(
    ("outcome", "reason", "code", "up", "innocent"),
    [
        (Outcome.THROTTLED, "sms-throttled", "0x58", True, True),
        (Outcome.TECHNICAL, "sms-technical", "link-down", False, True),
        (Outcome.TECHNICAL, "sms-template-not-approved", "refused.sponsor.sms.v1", True, True),
        (Outcome.TECHNICAL, "sms-technical", "isv.SMS_TEMPLATE_ILLEGAL", True, True),
        (Outcome.TECHNICAL, "sms-technical", "FailedOperation.SignatureIncorrectOrUnapproved", True, True),
        (Outcome.TECHNICAL, "call-no-voice", "OSError", True, True),
        (Outcome.TECHNICAL, "sms-technical", "isv.AMOUNT_NOT_ENOUGH", True, False),
        (Outcome.TECHNICAL, "sms-technical", "SignatureDoesNotMatch", True, False),
        (Outcome.UNKNOWN, "sms-unknown", "TimeoutError", True, False),
        (Outcome.UNKNOWN, "sms-unknown", "TimeoutError", False, False),
        (Outcome.ACCEPTED, "sms-accepted", "OK", True, False),
    ],
)
def test_what_says_nothing_about_a_provider_is_not_held_against_it(
    outcome: Outcome, reason: str, code: str, up: bool, innocent: bool
) -> None:
    assert excused(outcome, reason, code, up=up) is innocent


def test_a_failing_provider_loses_its_traffic_within_a_minute() -> None:
    assert played({"a": FAILING, "b": FINE}, 60, share("a"), share("b")) == {"a": 0, "b": 50}


def test_a_slow_provider_loses_a_step_in_five_minutes() -> None:
    assert played({"a": SLOW, "b": FINE}, 299, share("a"), share("b")) == {"a": 40, "b": 50}
    assert played({"a": SLOW, "b": FINE}, 301, share("a"), share("b")) == {"a": 30, "b": 50}


@pytest.mark.parametrize("trouble", [FAILING, SLOW])
def test_nothing_moves_when_all_are_in_trouble(trouble: Seen) -> None:
    assert played({"a": trouble, "b": trouble}, 600, share("a"), share("b")) == {"a": 50, "b": 50}


def test_few_failures_say_nothing() -> None:
    few = Seen(ENOUGH - 1, ENOUGH - 1)
    assert played({"a": few, "b": FINE}, 600, share("a"), share("b")) == {"a": 50, "b": 50}


def test_traffic_comes_back_by_steps_once_it_was_left_alone() -> None:
    fallen = Share("a", 0, 50, False, NOON - timedelta(seconds=1), NOON - timedelta(seconds=1))
    assert played({}, 290, fallen, share("b"))["a"] == 0
    assert played({}, 302, fallen, share("b"))["a"] == 10
    assert played({}, 600, fallen, share("b"))["a"] == 50


def test_what_an_operator_holds_stays() -> None:
    held = share("a", 80, held=True)
    assert played({"a": FAILING, "b": FINE}, 600, held, share("b"))["a"] == 80


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, FULL), min_size=1),
    st.sampled_from([None, "a", "b"]),
    st.floats(0, 1, exclude_max=True),
)
def test_somebody_is_always_asked_and_never_one_without_weight_while_another_has_some(
    shares: dict[str, int], avoid: str | None, roll: float
) -> None:
    asked = choose(shares, avoid=avoid, roll=roll)
    assert asked in shares
    assert shares[asked] or not any(shares.values())


@given(
    st.lists(st.tuples(st.integers(0, FULL), st.integers(0, FULL)), min_size=1, max_size=4),
    st.lists(st.sampled_from([FAILING, FINE, SLOW]), min_size=4, max_size=4),
    st.integers(2, 900),
)
def test_weights_stay_within_their_bounds(
    made: list[tuple[int, int]], seen: list[Seen], seconds: int
) -> None:
    shares = [share(f"p{n}", weight, resting) for n, (weight, resting) in enumerate(made)]
    after = played({f"p{n}": one for n, one in enumerate(seen)}, seconds, *shares, step=30)
    assert all(0 <= weight <= FULL for weight in after.values())
