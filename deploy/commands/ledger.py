"""`gongji ledger`: the check of the ledger; cases, the close of months and clearing are in `ledger_cases`."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from deploy.commands import ledger_cases, ledger_try
from deploy.commands.services import each_database
from deploy.reading import running
from shared.db import Conn

app = typer.Typer(help="The ledger of accounts and settlements.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def ledger() -> None:
    """The ledger of accounts and settlements."""


app.add_typer(ledger_cases.app, name="cases")
app.command("close")(ledger_cases.close_month)
app.command("clearing")(ledger_cases.clearing)
app.command("try")(ledger_try.try_)


@app.command("verify")
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for scripts.")] = False,
) -> None:
    """Check every invariant of the ledger; 1 and the broken ones if there are any.

    gongji ledger verify
    gongji ledger verify --json | jq length
    """
    broken = asyncio.run(each_database(running.find(), ("settlement",), _broken))["settlement"]
    if as_json:
        typer.echo(json.dumps([dict(row) for row in broken], ensure_ascii=False, indent=1))
    elif broken:
        table = Table("invariant", "account or settlement", "detail")
        for row in broken:
            table.add_row(*row)
        Console().print(table)
    else:
        Console().print("[green]账务平衡[/green] the ledger is sound")
    raise typer.Exit(1 if broken else 0)


async def _broken(conn: Conn) -> list[asyncpg.Record]:
    return list(await conn.fetch("select invariant, subject, detail from verify()"))
