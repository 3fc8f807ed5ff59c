"""`.gongji/stack.json`: what scripts may rely on about a running stack, replaced atomically."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import IO, Any

from deploy.local.errors import StackError
from deploy.local.process import write_atomically


def file_of(home: Path) -> Path:
    """Where the state of the stack at `home` is."""
    return home / "stack.json"


def write(home: Path, state: dict[str, Any]) -> None:
    """Replace the state. Readable by its owner only: it holds passwords."""
    write_atomically(file_of(home), json.dumps(state, indent=1, ensure_ascii=False) + "\n")


def read(home: Path) -> dict[str, Any] | None:
    """The state, or None when no stack was left there."""
    try:
        state: dict[str, Any] = json.loads(file_of(home).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return state


def require(home: Path) -> dict[str, Any]:
    """The state of a stack that is up. Raises StackError when there is none."""
    state = read(home)
    if state is None:
        raise StackError(f"nothing runs at {home}", "Start it with `gongji up`.")
    return state


def lock(home: Path) -> IO[bytes]:
    """Become the one supervisor of `home`; the lock ends with the process. Raises StackError if there is one already."""
    home.mkdir(parents=True, exist_ok=True)
    file = (home / "lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise StackError(
            f"the stack at {home} is up already", "See `gongji status`, or stop it with `gongji down`."
        ) from error
    os.set_inheritable(file.fileno(), False)
    return file


def supervised(home: Path) -> bool:
    """Whether a supervisor of `home` lives."""
    if not (home / "lock").exists():
        return False
    try:
        lock(home).close()
    except StackError:
        return True
    return False
