"""Starting stand-ins as processes of their own."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def start(module: str, out: Path, mark: str, *more: str) -> tuple[subprocess.Popen[bytes], int]:
    process = subprocess.Popen([sys.executable, "-m", module, "--out", str(out), *more])
    end = time.monotonic() + 60
    while not (out / mark).exists():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{module} did not start")
        time.sleep(0.05)
    return process, int((out / mark).read_text())


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(60)


async def appears(path: Path, seconds: float = 60.0) -> Path:
    """Waits for a file that another process writes."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} did not appear"
        await asyncio.sleep(0.02)
    return path


async def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Waits until `condition()` holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)
