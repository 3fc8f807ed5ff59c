"""Processes that outlive whoever started them, found again by pid file."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

# How far psutil's start time of one process may differ between two readings (clock adjustments), in seconds.
START_TOLERANCE = 2.0

# Children of this process, kept so that their exit states can be collected.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Identity:
    """The system user that a process runs as when the caller is root."""

    name: str
    uid: int
    gid: int


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a file so that a reader sees the old text or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(
        os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode), "w", encoding="utf-8"
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def spawn(
    argv: Sequence[str],
    *,
    log: Path,
    pid_file: Path,
    env: Mapping[str, str],
    cwd: Path,
    identity: Identity | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own (a Ctrl-C in our terminal does not reach it), its output appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, object] = {}
    if identity is not None:
        options = {"user": identity.uid, "group": identity.gid, "extra_groups": []}
    with log.open("ab") as output:
        child = subprocess.Popen(  # type: ignore[call-overload]
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            **options,
        )
    remember(pid_file, child.pid)
    process: subprocess.Popen[bytes] = child
    _children[child.pid] = process
    return process


def remember(pid_file: Path, pid: int) -> None:
    """Write a pid with its start time, so that a later process that got the same pid is not mistaken for it."""
    try:
        started = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        started = 0.0
    write_atomically(pid_file, json.dumps({"pid": pid, "started": started}))


def find(pid_file: Path) -> psutil.Process | None:
    """The living process that a pid file tells of, or None."""
    try:
        told = json.loads(pid_file.read_text(encoding="utf-8"))
        process = psutil.Process(int(told["pid"]))
        same = abs(process.create_time() - float(told["started"])) <= START_TOLERANCE
        return process if same and alive(process) else None
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None


def alive(process: psutil.Process) -> bool:
    """Whether the process still runs.

    A zombie does not, and is collected if it is ours: PostgreSQL would take it for its predecessor. But a JVM whose
    first thread has ended looks like one while its other threads still close files.
    """
    try:
        if process.status() != psutil.STATUS_ZOMBIE:
            return process.is_running()
        if process.pid in _children:
            return _collect(process.pid) is None
        return process.num_threads() > 1
    except psutil.Error:
        return False


def stop(process: psutil.Process, sig: signal.Signals, patience: float) -> bool:
    """Ask a process to end, and kill it and its children after `patience` seconds. Returns whether it ended by itself."""
    try:
        family = [process, *process.children(recursive=True)]
        process.send_signal(sig)
    except psutil.Error:
        return True
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if not alive(process):
            reap(process.pid)
            return True
        time.sleep(0.05)
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()
    deadline = time.monotonic() + 5
    while alive(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    reap(process.pid)
    return False


def reap(pid: int) -> int | None:
    """The exit state of an ended child of ours (negative: the signal that killed it); None if it was not ours or runs."""
    code = _collect(pid)
    if code is not None:
        del _children[pid]
    return code


def disown(child: subprocess.Popen[bytes]) -> None:
    """Let a child live on when we end, without Python's complaint about it."""
    _children.pop(child.pid, None)
    child.returncode = 0


def _collect(pid: int) -> int | None:
    child = _children.get(pid)
    return child.poll() if child is not None else None
