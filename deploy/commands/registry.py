"""`gongji registry load`."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from deploy import registry
from deploy.reading import running

app = typer.Typer(
    help="Publish what the authority knows: persons, relations, institutions and credits.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    """Keeps `load` a subcommand while it is the only one."""


@app.command()
def load(
    files: Annotated[list[Path], typer.Argument(help="A cast in YAML, or CloudEvents in JSON or JSONL.")],
    now: Annotated[
        bool, typer.Option("--now", help="Replace the events' times by the present time.")
    ] = False,
) -> None:
    """Publish registry and credit records, after the contract has judged all of them.

    gongji registry load deploy/cast/cast.yaml
    gongji registry load persons.jsonl credits.jsonl --now
    """
    stack = running.find()
    at = stack.clock.now() if now else None
    records = [record for file in files for record in registry.read(file, stack.clock, at)]
    console = Console(highlight=False, markup=False)
    with Progress(console=console) as bar:
        task = bar.add_task("publishing", total=len(records))
        asyncio.run(registry.publish(stack.kafka, records, lambda count: bar.advance(task, count)))
    for topic, count in sorted(Counter(record.topic for record in records).items()):
        console.print(f"{topic}: {count}")
