"""When an ended service is started again."""

from __future__ import annotations

import pytest

from deploy.local.restarts import TEMPORARY_FAILURE, Next, Policy, after_end, how_ended

POLICY = Policy(first=0.2, longest=5.0, healthy=20.0, limit=3)


def test_delays_grow_to_the_longest_and_end_at_the_limit() -> None:
    policy = Policy(first=1.0, longest=3.0, limit=4)
    failures, delays = 0, []
    for _ in range(5):
        step = after_end(policy, failures, 0.1, 1, True)
        failures = step.failures
        delays.append(step.delay)
    assert delays == [1.0, 2.0, 3.0, 3.0, None]


def test_a_long_healthy_run_forgives_what_was_before() -> None:
    assert after_end(POLICY, 3, 60.0, -9, True) == Next(0.2, 1, False)


@pytest.mark.parametrize(
    ("code", "answer"), [(TEMPORARY_FAILURE, True), (1, False), (-9, False), (None, False)]
)
def test_an_outage_costs_nothing_of_the_limit(code: int | None, answer: bool) -> None:
    assert after_end(POLICY, 3, 0.0, code, answer) == Next(0.2, 3, True)


def test_ending_without_an_error_counts_too() -> None:
    assert after_end(POLICY, 3, 0.0, 0, True).delay is None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "ended"),
        (-9, "was killed by signal 9"),
        (2, "ended with code 2"),
        (75, "ended because a server is away"),
    ],
)
def test_words(code: int | None, words: str) -> None:
    assert how_ended(code) == words
