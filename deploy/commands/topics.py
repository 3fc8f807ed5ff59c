"""`gongji topics plan` and `gongji topics apply`."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.local import paths, state
from deploy.local.errors import StackError

if TYPE_CHECKING:
    from deploy.topics import Plan

app = typer.Typer(
    help="Compare and create the topics of deploy/topics.yaml.", no_args_is_help=True, rich_markup_mode=None
)

Bootstrap = Annotated[
    str,
    typer.Option("--kafka", help="host:port[,...]; default: KAFKA_BOOTSTRAP_SERVERS, else the local stack"),
]


def bootstrap_of(given: str) -> str:
    """The Kafka that a command means. Raises StackError when there is none."""
    from deploy.local.kafka import answers

    found = given or os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or str(state.require(paths.home())["kafka"])
    if not asyncio.run(answers(found)):
        raise StackError(
            f"no Kafka answers at {found}", "Start it with `gongji up`, or name another with --kafka."
        )
    return found


@app.command()
def plan(kafka: Bootstrap = "") -> None:
    """Show what is missing, what differs and what nobody declared. Status 2 if there is anything to do.

    gongji topics plan
    gongji topics plan --kafka broker-1:9092,broker-2:9092
    """
    from deploy import topics

    found = asyncio.run(topics.plan_at(bootstrap_of(kafka)))
    _show(found, "would be created")
    raise typer.Exit(0 if found.clean else 2)


@app.command()
def apply(kafka: Bootstrap = "") -> None:
    """Create what is missing. Nothing is changed or deleted; what differs is shown, with status 2.

    gongji topics apply
    """
    from deploy import topics

    found = asyncio.run(topics.apply_at(bootstrap_of(kafka)))
    _show(found, "created")
    raise typer.Exit(2 if found.differing else 0)


def _show(found: Plan, verb: str) -> None:
    console = Console()
    for topic in found.missing:
        console.print(
            f"{verb}: {topic.name} ({topic.partitions} partitions; {topic.because})", soft_wrap=True
        )
    if found.differing:
        table = Table("topic", "setting", "is", "declared")
        for row in found.differing:
            table.add_row(*row)
        console.print(table)
        console.print(
            "Change these by hand (kafka-configs.sh) or in topics.yaml; partitions cannot be changed without moving keys."
        )
    for name in found.undeclared:
        console.print(f"not declared: {name}")
    if found.clean:
        console.print("every declared topic is as declared" if not found.missing else "done")
