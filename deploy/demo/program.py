"""One run of `gongji`, as somebody at a desk types it."""

import asyncio
import os
import sys
from pathlib import Path
from typing import NamedTuple


class Said(NamedTuple):
    """What a command ended with: its status, and what it printed."""

    status: int
    text: str

    def names(self, code: str) -> bool:
        """Whether the answer names a reason."""
        return code in self.text.replace(":", " ").split()


async def gongji(home: Path, *words: str) -> Said:
    """Runs the program against the stack in `home`, to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.cli", *words,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=os.environ | {"GONGJI_HOME": str(home)},
    )  # fmt: skip
    try:
        printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Said(process.returncode or 0, printed.decode("utf-8", "replace"))
