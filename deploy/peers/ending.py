"""Ending a program that a stand-in has started."""

import asyncio


async def end(process: asyncio.subprocess.Process, patience: float) -> None:
    """Asks it to end, and ends it when it has not within `patience` seconds. One that has ended is let be."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(patience):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
