"""What `gongji status` prints fits a terminal of 80 columns, dead letters and a brake included."""

from typing import Any

import pytest

from deploy.commands import status
from shared.contracts.sources import SERVICES

PROCESS = {"pid": 1234567, "alive": True}
WORK = {
    "lag": 1234567,
    "oldest_waiting_s": 86400.0,
    "outbox_rows": 120,
    "outbox_records": 54321,
    "overdue": 12345,
    "dead_letters": {"header-missing": 12, "unknown-operator": 3},
    "brake": "20 failures in a row",
    "alarms": ["brake-on", "dead-letters"],
}


def shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, **changes: Any) -> list[str]:
    monkeypatch.setenv("COLUMNS", "80")
    service = PROCESS | {"state": "starting", "restarts": 12, "http": "http://127.0.0.1:24510"} | WORK
    found = {
        "up": True,
        "servers": {name: PROCESS | {"port": 29853} for name in ("postgres", "kafka")},
        "services": dict.fromkeys(SERVICES, service | changes),
        "stand_ins": {"smsc": PROCESS | {"state": "running", "restarts": 0, "http": None}},
    }
    status._show(found)
    return capsys.readouterr().out.splitlines()


def test_nothing_in_the_tables_is_cut_at_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(capsys, monkeypatch)
    tables = [line for line in lines if line.startswith("│")]
    assert not [line for line in lines if "…" in line]
    assert len(tables) == 2 + len(SERVICES) + 1 + len(SERVICES), "one line a row"
    assert max(map(len, tables)) <= 80
    (row,) = [line for line in tables if "settlement" in line and "1234567 " in line and "86400 s" in line]
    assert "120 (54321)" in row
    assert " 15 " in row, "dead letters are counted in the table and named below it"


def test_what_is_wrong_is_named_with_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n".join(shown(capsys, monkeypatch))
    assert "audit: dead letters: header-missing 12, unknown-operator 3; see `gongji dead-letters list --service audit`" in text  # fmt: skip
    assert "audit: has stopped itself: 20 failures in a row; `gongji dead-letters resume audit`" in text


def test_what_is_not_known_is_no_zero(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(capsys, monkeypatch, lag=None, outbox_rows=None, overdue=None, dead_letters={})
    (row,) = [line for line in lines if line.startswith("│ audit") and "starting" not in line]
    assert row.count("?") == 4
