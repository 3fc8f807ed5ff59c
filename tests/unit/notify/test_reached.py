"""A service without a session: away for a while, then tried again."""

import pytest

from services.notify.providers.reached import NOT_REACHED, Reached


def test_a_service_that_was_not_reached_is_tried_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    cloud = Reached()
    assert cloud.up
    cloud.note(NOT_REACHED)
    assert not cloud.up
    now += 10
    assert cloud.up


def test_a_service_that_answers_again_is_up_at_once() -> None:
    cloud = Reached()
    cloud.note(NOT_REACHED)
    cloud.note("OK")
    assert cloud.up
