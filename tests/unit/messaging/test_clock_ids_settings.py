"""Clock, ids, settings."""

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from shared import clock
from shared.ids import SystemIds
from shared.settings import ServiceSettings


def test_the_clock_shifts_speeds_up_and_reads_the_broker_alike() -> None:
    real = 1_800_000_000.0
    shifted = clock.from_setting("2026-11-23T10:00:00+08:00*60", lambda: real)
    start = datetime(2026, 11, 23, 2, tzinfo=UTC)
    assert shifted.now() == start
    assert shifted.from_broker(int((real + 2) * 1000)) == start + timedelta(minutes=2)
    assert shifted.real_seconds_until(start + timedelta(hours=1)) == 60
    assert shifted.real_seconds_until(start - timedelta(hours=1)) == 0


def test_clocks_with_one_anchor_agree() -> None:
    told = clock.with_anchor("2026-11-23T10:00:00+08:00*60", lambda: 1_800_000_000.0)
    assert told.endswith("@1800000000.000")
    assert clock.with_anchor(told, lambda: 5.0) == told
    assert clock.with_anchor("") == ""
    later = clock.from_setting(told, lambda: 1_800_000_010.0)
    assert later.now() == datetime(2026, 11, 23, 2, 10, tzinfo=UTC)


def test_real_time_without_a_setting() -> None:
    assert abs(clock.from_setting(None).now().timestamp() - time.time()) < 60
    assert clock.BEIJING.utcoffset(None) == timedelta(hours=8)


@pytest.mark.parametrize(
    "bad",
    [
        "10:00",
        "2026-11-23T10:00:00",
        "nonsense",
        "2026-13-01T00:00:00Z",
        "2026-11-23T10:00:00Z*x",
        "2026-11-23T10:00:00Z*0",
    ],
)
def test_a_clock_that_cannot_be_read_is_refused_with_an_example(bad: str) -> None:
    with pytest.raises(ValueError, match="for example 2026-11-23T10:00:00"):
        clock.from_setting(bad)


def test_ids_are_uuid7_in_order_even_when_the_clock_steps_back() -> None:
    times = iter([1000] * 5000 + [900] * 10)
    ids = SystemIds(lambda: next(times))
    made = [ids.new() for _ in range(5010)]
    assert made == sorted(made)
    assert len(set(made)) == 5010
    assert {UUID(str(i)).version for i in made} == {7}
    assert made[0].int >> 80 == 1000


ENV = {"KAFKA_BOOTSTRAP_SERVERS": "a:1, b:2", "GONGJI_TOY_DATABASE_URL": "postgresql://x"}


class ToySettings(ServiceSettings, env_prefix="GONGJI_TOY_"):
    """Settings of a service of tests."""

    extra: int = 1


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_settings_read_the_environment(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("GONGJI_TOY_EXTRA", "7")
    settings = ToySettings()
    assert settings.extra == 7
    assert settings.kafka() == {"bootstrap_servers": ["a:1", "b:2"], "security_protocol": "PLAINTEXT"}
    assert "postgresql://x" not in repr(settings)


def test_scram_over_tls(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    assert ToySettings().kafka()["sasl_plain_password"] is None
    environ.setenv("KAFKA_USERNAME", "u")
    environ.setenv("KAFKA_PASSWORD", "p")
    told = ToySettings().kafka()
    assert (told["sasl_mechanism"], told["sasl_plain_username"], told["sasl_plain_password"]) == (
        "SCRAM-SHA-512",
        "u",
        "p",
    )
    assert told["ssl_context"] is not None


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("GONGJI_DRAIN_BUDGET", "25", "a rebalance never ends"),
        ("GONGJI_REBALANCE_TIMEOUT_MS", "20000", "a rebalance never ends"),
        ("GONGJI_REQUEST_TIMEOUT_MS", "30000", "a rebalance never ends"),
        ("GONGJI_HEARTBEAT_MS", "9000", "a rebalance never ends"),
        ("GONGJI_SESSION_TIMEOUT_MS", "5000", "three heartbeats"),
        ("GONGJI_CLOCK", "noon", "GONGJI_CLOCK"),
    ],
)
def test_settings_that_would_livelock_are_refused(
    environ: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    environ.setenv(name, value)
    with pytest.raises(ValidationError, match=says):
        ToySettings()
