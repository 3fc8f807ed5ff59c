"""`kill -9` of audit between and within batches while screenings and verdicts come: nothing lost, nothing doubled, and a record without a fork."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from deploy.cli import build
from deploy.local.testing import start_for_tests, stop_after_tests
from deploy.reading.seen import Seen
from shared.testing.messages import MONDAY, uid
from tests.integration.audit import many
from tests.integration.audit.conftest import PATIENCE, RUN, Desk, started
from tests.unit.audit.line import passed, verdict

MINE = MONDAY + timedelta(milliseconds=RUN, seconds=1)
BINDINGS = 1_500
AT_ONCE = BINDINGS // 2
"""So many of them the policy approves by itself, the others a person: three versions each."""
KILLS = 4
FINAL = BINDINGS * 2 + (BINDINGS - AT_ONCE)
"""Versions in the end."""
FORKS = """
select chain, position from audit_record.record_entry group by 1, 2 having count(*) > 1
union all
select chain, position from audit_record.record_link group by 1, 2 having count(*) > 1
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A running audit on servers of its own: so many cases would fill the queues of other tests."""
    own = asyncio.run(start_for_tests())
    try:
        with started(own, tmp_path, monkeypatch) as made:
            yield made
    finally:
        asyncio.run(stop_after_tests(own))


def entries(desk: Desk) -> int:
    """How much has been decided and committed."""
    return int(desk.rows("select count(*) from audit_record.record_entry where version is not null")[0][0])


def killed_at(desk: Desk, share: int) -> int:
    """Kills the service once so many decisions are committed; how many there were then. Starts it again."""
    end = time.monotonic() + PATIENCE
    while (done := entries(desk)) < share:
        assert time.monotonic() < end, f"{done} of {share}; {desk.log()}"
    assert desk.process is not None
    os.kill(desk.process.pid, signal.SIGKILL)
    desk.process.wait()
    desk.start()
    return done


@pytest.mark.timeout(900)
def test_no_kill_loses_or_doubles_a_decision_or_forks_the_record(desk: Desk) -> None:
    ids = [uid(number, MINE) for number in range(BINDINGS)]
    screened = [
        passed(proven=("registry",) if n < AT_ONCE else ()).model_copy(update={"binding_id": one})
        for n, one in enumerate(ids)
    ]
    verdicts = [verdict("approve", "op-2").model_copy(update={"binding_id": one}) for one in ids[AT_ONCE:]]
    many.publish(desk, screened)
    first = [killed_at(desk, BINDINGS * 2 * share // KILLS) for share in range(1, KILLS // 2 + 1)]
    many.until(desk, "binding.decisions", dict.fromkeys(ids, 2))
    many.publish(desk, verdicts)
    begun = entries(desk)
    then = [
        killed_at(desk, begun + (FINAL - begun) * share // (KILLS // 2 + 1))
        for share in range(1, KILLS // 2 + 1)
    ]
    print(f"killed after {first + then} of {FINAL} decisions")
    told = many.until_all(desk, "binding.decisions", ids, lambda found: all(map(decided, found.values())))
    for number, (about, said) in enumerate(told.items()):
        assert versions(said) == ([1, 2] if number < AT_ONCE else [1, 2, 3]), about
    answers = many.until(desk, "answers.desk", dict.fromkeys(ids[AT_ONCE:], 1))
    assert all(one.raw["accepted"] for said in answers.values() for one in said), (
        "the first answer, each time"
    )
    assert {len({one.value for one in said}) for said in answers.values()} == {1}
    assert entries(desk) == FINAL
    assert desk.rows(FORKS) == []
    whole(desk, told)


def decided(said: list[Seen]) -> bool:
    return bool(said) and said[-1].raw["state"] == "approved"


def versions(said: list[Seen]) -> list[int]:
    """Versions in order of their first record; what was published twice was published byte for byte."""
    bodies: dict[int, bytes | None] = {}
    for one in said:
        assert bodies.setdefault(one.raw["version"], one.value) == one.value, "two decisions of one version"
    return list(bodies)


def whole(desk: Desk, told: dict[UUID, list[Seen]]) -> None:
    """The record verifies, and says of each decision what the topic says."""
    result = CliRunner().invoke(build("record"), ["record", "verify", "--json"])
    found = json.loads(result.stdout)
    assert (result.exit_code, found["whole"], found["entries"]) == (0, True, FINAL), found["broken"]
    rows = desk.rows("select body from audit_record.record_entry where version is not null")
    recorded = {
        (one["binding_id"], one["version"], one["sha256"]) for one in (json.loads(row[0]) for row in rows)
    }
    published = {
        (str(about), one.raw["version"], sha256(one.value or b"").hexdigest()) for about, said in told.items() for one in said
    }  # fmt: skip
    assert recorded == published
