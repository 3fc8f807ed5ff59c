"""Walks pages of docs/runbook.md with eligibility running as a process: the alarm, the figure, the remedy, the end of the alarm."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from deploy.local import state
from deploy.local.databases import variable_of
from deploy.local.ports import choose
from deploy.local.programs import service
from shared.messaging.records import pack_headers
from shared.testing import identities, messages
from shared.testing.messages import KafkaMessage
from shared.testing.proofs import DATA_KEY
from tests.integration.cli.conftest import Place

PATIENCE = 120.0
ANSWERS, LETTERS = "answers.website", "eligibility.dead-letters"


@dataclass
class Service:
    """A service as the supervisor would run it, and what the commands say of it."""

    place: Place
    name: str
    home: Path
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        port = choose("GONGJI_TEST_HTTP_PORT", None)
        url = self.place.urls[self.name]
        program = service(self.name, kafka=self.place.kafka, database_url=url, port=port, clock="")
        env = program.environment() | {"GONGJI_GROUP": self.home.parent.name + uuid4().hex} | self.extra
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(program.argv, env=env, stdout=log, stderr=log)
        row = {
            "pid": self.process.pid,
            "http": program.http,
            "state": "running",
            "restarts": 0,
            "database_url": url,
        }
        told = {
            "kafka": self.place.kafka,
            "database_url": self.place.urls["admin"],
            "services": {self.name: row},
            "clock": "",
        }
        state.write(self.home, told)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def status(self) -> dict[str, Any]:
        row: dict[str, Any] = json.loads(self.place.run("status", "--json")[1])["services"][self.name]
        return row

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first status that is as wanted."""
        end = time.monotonic() + PATIENCE
        while not wanted(row := self.status()):
            assert time.monotonic() < end, (
                f"never as wanted: {row}; {(self.home / 'log').read_text()[-1500:]}"
            )
            time.sleep(0.3)
        return row

    def ready(self) -> dict[str, Any]:
        return self.until(lambda row: not row["wrong"] and row["lag"] == 0)


@pytest.fixture
def start(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Service]]:
    """Starts services against empty schemas; they make their own tables."""
    home = tmp_path / "home"
    home.mkdir()
    started: list[Service] = []

    def one(name: str, **extra: str) -> Service:
        place.execute(name, f"drop schema {name} cascade")
        place.execute("admin", f"create schema {name} authorization gongji_{name}")
        started.append(Service(place, name, home, extra))
        started[-1].start()
        return started[-1]

    monkeypatch.delenv(variable_of("eligibility"), raising=False)
    yield one
    for each in started:
        each.stop()


def malformed(id: str) -> KafkaMessage:
    """An application that is answered at once, whoever is registered: its relation is none."""
    body = json.loads(
        messages.submitted(identities.adult(21), identities.child(22), binding_id=uuid4()).model_dump_json()
    )
    key = identities.adult(21).psn_no
    return messages.to_kafka(
        "binding.requests.submitted", body | {"relation": "friend"}, "website", id,
        time=datetime.now(UTC), key=key, subject=body["binding_id"],
    )  # fmt: skip


def ends(place: Place, id: str) -> set[str]:
    """Where a message came to: to its answer, to the dead letters, or to both one after the other."""
    rows = [
        json.loads(row) for row in place.run("trace", id, "--json")[1].splitlines() if row.startswith("{")
    ]
    return {row["topic"] for row in rows} & {ANSWERS, LETTERS}


def answered(place: Place, id: str) -> bool:
    return ANSWERS in ends(place, id)


def until_one_comes_to(place: Place, topic: str) -> str:
    """Applies again and again, because a service looks for changes only every second or two; the id of the first that comes there."""
    end = time.monotonic() + PATIENCE
    while True:
        id = str(uuid4())
        place.publish(malformed(id))
        while not (found := ends(place, id)):
            assert time.monotonic() < end, f"nothing comes to {topic}"
            time.sleep(0.3)
        if topic in found:
            return id


def test_lag_grows_while_a_service_stands_still(start: Callable[..., Service]) -> None:
    one = start("eligibility")
    one.ready()
    one.signal(signal.SIGSTOP)
    first, second = str(uuid4()), str(uuid4())
    one.place.publish(malformed(first), malformed(second))
    row = one.until(lambda row: row["lag"] == 2 and row["oldest_waiting_s"] > 1)
    assert row["wrong"] == {"http": "does not answer"}
    one.signal(signal.SIGCONT)
    one.ready()
    assert answered(one.place, first)


def test_outbox_grows_and_is_emptied(start: Callable[..., Service]) -> None:
    one = start("eligibility")
    one.ready()
    one.signal(signal.SIGSTOP)
    id = str(uuid4())
    one.place.execute(
        "eligibility",
        "insert into outbox (topic, keys, headers, bodies, at) values ('answers.website', array['k']::bytea[],"
        " array[$1::bytea], array['{}']::bytea[], now() - interval '60 s')",
        pack_headers([("ce_id", id)]),
    )
    row = one.until(lambda row: "outbox-grows" in row["alarms"])
    assert (row["outbox_rows"], row["outbox_records"]) == (1, 1)
    one.signal(signal.SIGCONT)
    one.until(lambda row: row["outbox_rows"] == 0)
    assert one.place.run("trace", id)[0] == 0


def test_brake_holds_over_a_restart_until_it_is_released(start: Callable[..., Service]) -> None:
    one = start("eligibility")
    one.ready()
    one.stop()
    one.place.execute("eligibility", "insert into brake (reason) values ('20 unknown failures in a row')")
    id = str(uuid4())
    one.place.publish(malformed(id))
    one.start()
    row = one.until(lambda row: "brake" in row["wrong"])
    assert "brake-on" in row["alarms"]
    assert row["lag"] >= 1
    assert (
        "brake released (20 unknown failures in a row)"
        in one.place.run("dead-letters", "resume", "eligibility")[1]
    )
    one.ready()
    assert answered(one.place, id)


def test_source_set_aside_restored_and_replayed(start: Callable[..., Service]) -> None:
    one = start("eligibility")
    one.ready()
    one.place.run("sources", "set-aside", "website", "--service", "eligibility")
    id = until_one_comes_to(one.place, LETTERS)
    row = one.until(lambda row: row["dead_letters"].get("source-set-aside", 0) >= 1)
    assert {"source-set-aside", "dead-letters"} <= set(row["alarms"])
    assert not answered(one.place, id)
    one.place.run("sources", "restore", "website")
    until_one_comes_to(one.place, ANSWERS)
    listed = one.place.run(
        "dead-letters", "list", "--service", "eligibility", "--source", "website", "--json"
    )[1]
    ref = next(row["ref"] for row in map(json.loads, listed.splitlines()) if row["id"] == id)
    assert one.place.run("dead-letters", "replay", ref)[0] == 0
    end = time.monotonic() + PATIENCE
    while not answered(one.place, id):
        assert time.monotonic() < end
        time.sleep(0.3)


def test_read_only_database_turns_readiness_red_and_loses_nothing(start: Callable[..., Service]) -> None:
    one = start("eligibility")
    before = one.ready()["dead_letters"]
    _read_only(one.place, "on")
    id = str(uuid4())
    one.place.publish(malformed(id))
    row = one.until(lambda row: row["wrong"].get("database") == "read-only")
    assert "postgresql-down" in row["alarms"]
    assert row["dead_letters"] == before
    _read_only(one.place, "off")
    one.ready()
    assert answered(one.place, id)


def _read_only(place: Place, value: str) -> None:
    async def run() -> None:
        conn = await asyncpg.connect(place.urls["admin"])
        try:
            database = await conn.fetchval("select current_database()")
            await conn.execute(
                f'alter role gongji_eligibility in database "{database}" set default_transaction_read_only = {value}'
            )
            await conn.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'gongji_eligibility'"
                               " and datname = $1", database)  # fmt: skip
        finally:
            await conn.close()

    asyncio.run(run())


def test_topic_shorter_than_consumed_is_refused_until_told(start: Callable[..., Service]) -> None:
    one = start("eligibility")
    one.ready()
    one.stop()
    one.place.execute(
        "eligibility",
        "update consumed set next_offset = next_offset + 1000000 where topic = 'binding.requests'",
    )
    one.start()
    assert one.process is not None
    assert one.process.wait(PATIENCE) == 78
    assert "shorter" in (one.home / "log").read_text(encoding="utf-8")
    row = one.status()
    assert "topic-shorter" in row["alarms"]
    assert any(place.startswith("binding.requests/") for place in row["beyond_end"])
    one.place.execute("eligibility", "update consumed set next_offset = 0 where topic = 'binding.requests'")
    one.start()
    one.ready()


def test_provider_that_does_not_answer_is_dark(start: Callable[..., Service]) -> None:
    closed = choose("GONGJI_TEST_CLOSED_PORT", None)
    one = start(
        "notify",
        GONGJI_NOTIFY_SMPP_HOST="127.0.0.1",
        GONGJI_NOTIFY_SMPP_PORT=str(closed),
        GONGJI_NOTIFY_DATA_KEYS=DATA_KEY,
    )
    row = one.until(lambda row: row["links"].get("smpp") is False)
    assert "provider-dark" in row["alarms"]


def test_a_broker_that_is_away_is_told_in_one_line(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{choose('GONGJI_TEST_CLOSED_PORT', None)}")
    row = json.loads(place.run("status", "--json")[1])["services"]["audit"]
    assert row["problem"].startswith("no Kafka answers at")
    assert row["alarms"] == ["kafka-down"]
    assert row["outbox_rows"] == 0
