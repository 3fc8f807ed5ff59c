"""From when something holds: midnights of Beijing, ends of months."""

from datetime import UTC, date, datetime

import pytest

from shared.clock import BEIJING
from shared.contracts.binding_requests import ChannelKind
from shared.policies.moments import (
    effect_of_binding,
    effect_of_unbinding,
    midnight,
    months_later,
    takes_effect,
)
from shared.policies.types import Effect
from shared.policies.values import Binding


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("moment", "effect", "holds"),
    [
        ("2026-11-30T23:30", "now", "2026-11-30T23:30"),
        ("2026-11-30T23:30", "next-day", "2026-12-01T00:00"),
        ("2026-11-30T00:00", "next-day", "2026-12-01T00:00"),
        ("2026-12-31T10:00", "next-day", "2027-01-01T00:00"),
        ("2026-12-31T10:00", "next-month", "2027-01-01T00:00"),
        ("2026-01-31T10:00", "next-month", "2026-02-01T00:00"),
        ("2026-12-01T00:00", "next-month", "2027-01-01T00:00"),
    ],
)
def test_what_is_decided_holds_from_a_beijing_midnight(moment: str, effect: Effect, holds: str) -> None:
    assert takes_effect(beijing(moment), effect) == beijing(holds)


def test_the_day_is_the_one_in_beijing_and_the_point_in_time_is_written_in_utc() -> None:
    evening = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)
    assert takes_effect(evening, "next-day").isoformat() == "2026-11-30T16:00:00+00:00"
    assert takes_effect(evening.replace(hour=16), "next-day").isoformat() == "2026-12-01T16:00:00+00:00"
    assert midnight(date(2026, 11, 24)).isoformat() == "2026-11-23T16:00:00+00:00"


@pytest.mark.parametrize(
    ("moment", "months", "day"),
    [
        ("2026-01-31T10:00", 1, "2026-02-28"),
        ("2028-01-31T10:00", 1, "2028-02-29"),
        ("2028-02-29T10:00", 12, "2029-02-28"),
        ("2028-02-29T10:00", 48, "2032-02-29"),
        ("2026-03-31T10:00", 1, "2026-04-30"),
        ("2026-02-28T10:00", 1, "2026-03-28"),
        ("2026-11-30T10:00", 3, "2027-02-28"),
        ("2026-12-31T23:59", 2, "2027-02-28"),
        ("2026-12-15T00:00", 0, "2026-12-15"),
    ],
)
def test_months_end_on_the_day_that_corresponds_or_on_the_last_one(
    moment: str, months: int, day: str
) -> None:
    assert months_later(beijing(moment), months) == beijing(f"{day}T00:00")


def test_a_channel_may_have_an_effect_of_its_own() -> None:
    policy = Binding(
        effect="next-month",
        effect_by_channel={ChannelKind.COUNTER: "now"},
        unbind_effect="next-day",
        unbind_effect_by_channel={ChannelKind.APP: "next-month"},
    )
    assert [effect_of_binding(policy, c) for c in (ChannelKind.COUNTER, ChannelKind.APP)] == [
        "now",
        "next-month",
    ]
    assert [effect_of_unbinding(policy, c) for c in (ChannelKind.COUNTER, ChannelKind.APP)] == [
        "next-day",
        "next-month",
    ]
