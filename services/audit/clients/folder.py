"""Documents in a local folder, one file each, named by its reference."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from pathlib import Path

from services.audit.clients.store import MISSING, Missing, Unavailable, is_name


class Folder:
    """A store for one machine. A reference is the name of a file right in the folder: never a path, never a link."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def read(self, reference: str, limit: int) -> bytes | Missing:
        """See `Store.read`. Reads in a thread, since a disk may take its time."""
        return await asyncio.to_thread(self._read, reference, limit)

    async def reach(self) -> None:
        if not await asyncio.to_thread(self._root.is_dir):
            raise Unavailable("the folder of documents is not there")

    def _read(self, reference: str, limit: int) -> bytes | Missing:
        if not is_name(reference):
            return MISSING
        try:
            folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise Unavailable(f"the folder of documents: {type(error).__name__}") from None
        try:
            return _content(folder, reference, limit)
        finally:
            os.close(folder)


def _content(folder: int, name: str, limit: int) -> bytes | Missing:
    """A regular file right in the open folder. O_NOFOLLOW: a link is not followed; O_NONBLOCK: a pipe is not waited for."""
    try:
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except FileNotFoundError:
        return MISSING
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket
            return MISSING
        raise Unavailable(f"a document cannot be read: {type(error).__name__}") from None
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            return MISSING
        with os.fdopen(opened, "rb", closefd=False) as file:
            return file.read(limit + 1)
    except OSError as error:
        raise Unavailable(f"a document cannot be read: {type(error).__name__}") from None
    finally:
        os.close(opened)
