"""The key of notify's personal data in a local stack: made once, for notify alone."""

from typing import Any

import pytest

from deploy.local import stack
from deploy.local.programs import DATA_KEYS, service
from services.notify.sealing import read_key


def test_a_stack_makes_its_key_once_and_notify_can_use_it() -> None:
    memory: dict[str, Any] = {"secrets": {}}
    made = stack.data_key(memory)
    assert stack.data_key(memory) == made
    assert len(read_key(made)) == 32
    assert stack.data_key({"secrets": {}}) != made


def test_the_key_reaches_notify_and_no_other_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_KEYS, "of the shell")
    usual: dict[str, Any] = {"kafka": "k", "database_url": "d", "port": 1, "clock": ""}
    assert DATA_KEYS not in service("audit", **usual).environment()
    notify = service("notify", **usual, more={DATA_KEYS: "of the shell"})
    assert notify.environment()[DATA_KEYS] == "of the shell"
