"""`gongji demo`: the whole line in three minutes."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import typer
from rich.console import Console

from deploy.local import paths
from deploy.local.errors import StackError


def demo() -> None:
    """Watch requests of several channel apps travel to a text message or a call, and bills settle; ends by itself.

    Starts its own Kafka, PostgreSQL, services, SMS centre and telephone below .gongji/demo, and ends with status 0 only if
    everything came out as expected. Recordings and texts stay in build/demo.

        gongji demo
        gongji trace BINDING_ID        # in a second terminal, while it runs (GONGJI_HOME=.gongji/demo)
    """
    from deploy.demo.run import home_of_demo, run

    console = Console(width=max(150, Console().width))
    began = time.monotonic()
    try:
        good = asyncio.run(run(home_of_demo(paths.home()), Path("build/demo").absolute(), console))
    except (StackError, TimeoutError, RuntimeError) as error:
        console.print(f"[red]✗ {error}")
        raise typer.Exit(1) from None
    verdict = (
        "[green]✓ 一切如预期 / everything as expected"
        if good
        else "[red]✗ 有不符之处 / something is not as expected"
    )
    console.print(f"{verdict}[/] {time.monotonic() - began:.0f} s")
    raise typer.Exit(0 if good else 1)
