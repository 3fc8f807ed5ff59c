"""`gongji status`."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.local import paths
from deploy.reading import running
from deploy.reading.alarms import alarms


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for scripts.")] = False,
) -> None:
    """What runs, and how far each service is. Ends with status 0 if everything is up and ready, otherwise 3.

    Lag counts unread records; ages are real seconds. An alarm names a page of docs/runbook.md.

        gongji status
        gongji status --json | jq .services.audit.lag
    """
    from deploy.local import up as local
    from deploy.reading.figures import figures

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
    """Two tables that a terminal of 80 columns holds, then what is wrong, a line each."""
    console = Console(highlight=False)
    if not found["services"] and not found["servers"]:
        console.print("nothing runs; start it with `gongji up`")
        return
    if found["servers"]:
        console.print(_processes(found))
    table = Table("service")
    for heading in ("lag", "oldest", "outbox", "overdue", "dead letters"):
        table.add_column(heading, justify="right")
    for name, row in found["services"].items():
        table.add_row(name, *_cells(row))
    console.print(table)
    for name, row in found["services"].items():
        _remarks(console, name, row)
    if found["services"] and found["servers"] and not found["up"]:
        console.print(
            "[red]the supervisor is gone[/red]: `gongji up` takes over what is left, `gongji down` ends it"
        )


def _processes(found: dict[str, Any]) -> Table:
    table = Table("process", "alive", "pid", "state", "restarts", "address")
    for group in ("servers", "services", "stand_ins"):
        for name, row in found.get(group, {}).items():
            address = (row.get("http") or "").removeprefix("http://")
            if row.get("port"):
                address = f"127.0.0.1:{row['port']}"
            told = (str(row.get(what, "")) for what in ("pid", "state", "restarts"))
            table.add_row(name, _mark(row["alive"]) if "alive" in row else "", *told, address)
    return table


def _cells(row: dict[str, Any]) -> list[str]:
    oldest = row.get("oldest_waiting_s")
    outbox = row.get("outbox_rows")
    return [
        _number(row.get("lag")),
        f"{oldest:.0f} s" if oldest is not None else "",
        f"{outbox} ({row['outbox_records']})" if outbox else _number(outbox),
        _number(row.get("overdue")),
        str(sum(row["dead_letters"].values())) if row.get("lag") is not None else "?",
    ]


def _remarks(console: Console, name: str, row: dict[str, Any]) -> None:
    if row.get("problem"):
        console.print(f"{name}: {row['problem']}", soft_wrap=True, style="red")
    if row.get("brake"):
        remedy = f"`gongji dead-letters resume {name}`"
        console.print(f"{name}: has stopped itself: {row['brake']}; {remedy} when it is mended", soft_wrap=True, style="red")  # fmt: skip
    if row.get("dead_letters"):
        counts = ", ".join(f"{reason} {count}" for reason, count in row["dead_letters"].items())
        console.print(
            f"{name}: dead letters: {counts}; see `gongji dead-letters list --service {name}`", soft_wrap=True
        )
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
