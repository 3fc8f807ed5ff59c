"""Which page of the runbook a service's figures call for, and that every page exists and names the tests that walked it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from deploy.reading.alarms import PAGES, alarms
from deploy.reading.figures import Figures

PROJECT = Path(__file__).resolve().parents[3]
RUNBOOK = (PROJECT / "docs" / "runbook.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("page", "row"),
    [
        ("service-restarts", {"state": "failed"}),
        ("service-restarts", {"restarts": 3}),
        ("lag-grows", {"oldest_waiting_s": 31.0}),
        ("outbox-grows", {"outbox_oldest_s": 31.0}),
        ("brake-on", {"brake": "20 failures in a row"}),
        (
            "partition-paused",
            {"wrong": {"version": "1 partitions stand before a newer version; deploy this service"}},
        ),
        ("source-set-aside", {"set_aside": ["zheliban"]}),
        ("dead-letters", {"dead_letters_last_hour": 1}),
        ("dead-letters", {"refused_by_broker": 1}),
        ("kafka-down", {"wrong": {"kafka": "KafkaConnectionError"}}),
        ("kafka-down", {"problem": "no Kafka answers at 127.0.0.1:1. Start it."}),
        ("postgresql-down", {"wrong": {"database": "read-only"}}),
        ("postgresql-down", {"problem": "PostgreSQL: ConnectionRefusedError"}),
        ("topic-shorter", {"beyond_end": ["settlement.requests/0"]}),
        ("provider-dark", {"links": {"sms": True, "call": False}}),
        ("handed-to-staff", {"staff_oldest_s": 86_401.0}),
        ("overdue-review", {"overdue_oldest_s": 61.0}),
        ("documents-wait", {"documents_late": 1}),
        ("breaks-overdue", {"breaks_overdue": 1}),
        ("ledger-broken", {"ledger_broken": 1}),
        ("ledger-broken", {"ledger_check_age_s": 172_801.0}),
        (
            "reviewers-disagree",
            {"looks": {"33": {"agreed": 17, "disagreed": 3}, "37": {"agreed": 400, "disagreed": 0}}},
        ),
        ("probing", {"sponsors_stopped": 1}),
        ("kept-too-long", {"unstripped_late_s": 172_801.0}),
        ("older-key-needed", {"older_keys_needed": 1, "night_late_s": 86_401.0}),
    ],
)
def test_each_figure_calls_for_its_page(page: str, row: dict[str, Any]) -> None:
    assert alarms(Figures().as_dict() | row) == [page]


@pytest.mark.parametrize(
    "row",
    [
        {},
        {
            "oldest_waiting_s": 5.0,
            "outbox_oldest_s": 1.0,
            "overdue_oldest_s": 3.0,
            "restarts": 1,
            "state": "running",
        },
        {"dead_letters": {"broken-json": 4}, "dead_letters_last_hour": 0, "refused_by_broker": 0},
        {
            "looks": {
                "33": {"agreed": 16, "disagreed": 3},
                "37": {"agreed": 18, "disagreed": 2},
                "11": {"agreed": 0},
            }
        },
        {"unstripped_late_s": 90_000.0, "older_keys_needed": 1, "night_late_s": 3_000.0},
        {"older_keys_needed": 0, "night_late_s": 86_401.0},
        {"links": {"sms": True, "call": True}, "wrong": {"partitions": "none assigned yet"}},
    ],
)
def test_a_line_that_works_calls_nobody(row: dict[str, Any]) -> None:
    assert alarms(Figures().as_dict() | row) == []


@pytest.mark.parametrize("page", PAGES)
def test_the_runbook_has_the_page_whole(page: str) -> None:
    match = re.search(rf"^## {page}\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert match, f"docs/runbook.md has no page {page}"
    for part in ("**What you see.**", "**What it means.**", "**What to do.**", "**Tried in**"):
        assert part in match[1], f"{page}: {part}"
    named = re.findall(r"`(tests/[a-z_/]+\.py)(?:::([a-z_0-9]+))?`", match[1])
    assert named, f"{page} names no test"
    for file, function in named:
        assert (PROJECT / file).is_file(), file
        assert not function or f"def {function}(" in (PROJECT / file).read_text(encoding="utf-8"), (
            f"{file}::{function}"
        )
