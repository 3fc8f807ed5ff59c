"""`gongji status`."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.local import paths
from deploy.local import up as local
from deploy.reading import running
from deploy.reading.alarms import alarms
from deploy.reading.figures import figures


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for scripts.")] = False,
) -> None:
    """What runs, and how far each service is. Ends with status 0 if everything is up and ready, otherwise 3.

    Lag counts unread records; ages are real seconds. An alarm names a page of docs/runbook.md.

        gongji status
        gongji status --json | jq .services.audit.lag
    """
    found = local.status(paths.home())
    if found["servers"] or found["services"] or os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        for name, one in asyncio.run(figures(running.find())).items():
            row = found["services"].setdefault(name, {})
            row.update(one.as_dict())
            row["alarms"] = alarms(row)
    if as_json:
        typer.echo(local.as_json(found))
    else:
        _show(found)
    raise typer.Exit(0 if found["ready"] else 3)


def _show(found: dict[str, Any]) -> None:
    console = Console(highlight=False)
    if not found["services"] and not found["servers"]:
        console.print("nothing runs; start it with `gongji up`")
        return
    if found["servers"]:
        table = Table("server", "alive", "pid", "address")
        for name, row in found["servers"].items():
            table.add_row(name, _mark(row["alive"]), str(row["pid"]), f"127.0.0.1:{row['port']}")
        console.print(table)
    table = Table(
        "service",
        "alive",
        "pid",
        "state",
        "restarts",
        "lag",
        "oldest",
        "outbox",
        "overdue",
        "dead letters",
        "brake",
    )
    for name, row in found["services"].items():
        table.add_row(name, *_cells(row))
    console.print(table)
    for name, row in found["services"].items():
        _remarks(console, name, row)
    if found["services"] and found["servers"] and not found["up"]:
        console.print(
            "[red]the supervisor is gone[/red]: `gongji up` takes over what is left, `gongji down` ends it"
        )


def _cells(row: dict[str, Any]) -> list[str]:
    dead = " ".join(f"{reason} {count}" for reason, count in row.get("dead_letters", {}).items())
    oldest = row.get("oldest_waiting_s")
    outbox = row.get("outbox_rows")
    return [
        _mark(row["alive"]) if "alive" in row else "",
        str(row.get("pid", "")),
        str(row.get("state", "")),
        str(row.get("restarts", "")),
        _number(row.get("lag")),
        f"{oldest:.0f} s" if oldest is not None else "",
        f"{outbox} ({row['outbox_records']})" if outbox else _number(outbox),
        _number(row.get("overdue")),
        dead or ("0" if row.get("lag") is not None else "?"),
        f"[red]{row['brake']}[/red]" if row.get("brake") else "",
    ]


def _remarks(console: Console, name: str, row: dict[str, Any]) -> None:
    if row.get("problem"):
        console.print(f"{name}: {row['problem']}", soft_wrap=True, style="red")
    for what, text in row.get("wrong", {}).items():
        console.print(f"{name} is not ready: {what}: {text}", soft_wrap=True, markup=False)
    if row.get("set_aside"):
        console.print(
            f"{name}: set aside: {', '.join(row['set_aside'])}; see `gongji sources list`", soft_wrap=True
        )
    if row.get("beyond_end"):
        console.print(f"{name}: has read beyond the end of {', '.join(row['beyond_end'])}", soft_wrap=True)
    if row.get("refused_by_broker"):
        console.print(
            f"{name}: {row['refused_by_broker']} records the broker refused for good, in table refused",
            soft_wrap=True,
        )
    if row.get("alarms"):
        console.print(
            f"{name}: see docs/runbook.md: {', '.join(row['alarms'])}", soft_wrap=True, style="yellow"
        )


def _number(value: Any) -> str:
    return "?" if value is None else str(value)


def _mark(alive: bool) -> str:
    return "[green]yes[/green]" if alive else "[red]no[/red]"
