"""`gongji sources list|set-aside|restore`."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from deploy.commands.services import Service, chosen, each_database
from deploy.reading import running
from deploy.reading.running import Q
from shared.contracts import sources
from shared.db import Conn

app = typer.Typer(help="Who may publish, and whom the services do not listen to at present.", no_args_is_help=True, rich_markup_mode=None)  # fmt: skip

Name = Annotated[str, typer.Argument(help="Id of the source, such as zheliban.")]


@app.command("list")
def list_(
    service: Service = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for scripts.")] = False,
) -> None:
    """List sources with their faults of the last ten minutes, and which are set aside.

    gongji sources list
    gongji sources list --json | jq '.[] | select(.set_aside != {})'
    """
    senders = asyncio.run(each_database(running.find(), chosen(service), _senders))
    found = [_row(source, senders) for source in sources.load().values() if source.kind != "service"]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    table = Table("source", "名称", "kind", "faults", "set aside by")
    for row in found:
        faults = ", ".join(f"{name} {count}" for name, count in row["faults"].items())
        aside = ", ".join(f"{name} since {at}" for name, at in row["set_aside"].items())
        table.add_row(row["source"], row["name"], row["kind"], faults, aside and f"[red]{aside}[/red]")
    Console().print(table)


def _row(source: sources.Source, senders: dict[str, list[asyncpg.Record]]) -> dict[str, Any]:
    own = [(service, row) for service, rows in senders.items() for row in rows if row["source"] == source.id]
    return {
        "source": source.id,
        "name": source.name,
        "kind": source.kind,
        "faults": {service: row["faults"] for service, row in own if row["faults"]},
        "set_aside": {service: row["set_aside_at"].isoformat(timespec="seconds") for service, row in own if row["set_aside_at"]},
    }  # fmt: skip


async def _senders(conn: Conn) -> list[asyncpg.Record]:
    return list(await conn.fetch(Q.senders))


@app.command("set-aside")
def set_aside(source: Name, service: Service = "") -> None:
    """Stop listening to a source: its records become dead letters unread, which can be replayed later.

    gongji sources set-aside xinjiang-mini
    gongji sources set-aside xinjiang-mini --service eligibility
    """
    _known(source)

    async def one(conn: Conn) -> None:
        await conn.execute(Q.set_source_aside, source)

    names = asyncio.run(each_database(running.find(), chosen(service), one))
    typer.echo(f"{source} is set aside by {', '.join(names)}")


@app.command()
def restore(source: Name, service: Service = "") -> None:
    """Listen to a source again. What it sent meanwhile lies in dead letters.

    gongji sources restore xinjiang-mini
    gongji dead-letters replay --source xinjiang-mini --reason source-set-aside
    """
    _known(source)

    async def one(conn: Conn) -> bool:
        return await conn.fetchval(Q.restore_source, source) is not None

    found = asyncio.run(each_database(running.find(), chosen(service), one))
    restored = [name for name, was in found.items() if was]
    typer.echo(
        f"{source} is heard again by {', '.join(restored)}" if restored else f"{source} was not set aside"
    )


def _known(source: str) -> None:
    if sources.get(source) is None:
        raise typer.BadParameter(f"{source!r} is no registered source; see `gongji sources list`")
