"""`gongji ledger`: the check of the ledger; cases, months and clearing are in `ledger_cases`, statements in `ledger_statement`."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from functools import partial
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from deploy.commands import ledger_cases, ledger_statement, ledger_try
from deploy.commands.services import each_database
from deploy.reading import running
from services.settlement.nightly import soundness
from shared.db import Conn

app = typer.Typer(help="The ledger of accounts and settlements.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def ledger() -> None:
    """The ledger of accounts and settlements."""


app.add_typer(ledger_cases.app, name="cases")
app.command("close")(ledger_cases.close_month)
app.command("clearing")(ledger_cases.clearing)
app.command("statement")(ledger_statement.statement_of)
app.command("try")(ledger_try.try_)


@app.command("verify")
def verify(
    since: Annotated[
        str,
        typer.Option(
            help="Only what was booked from then on (PostgreSQL's clock) and the accounts touched: a time, or `last`, the last check that found nothing."
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for scripts.")] = False,
) -> None:
    """Check every invariant of the ledger, all of it or what was touched since; 1 and the broken ones if there are any.

    gongji ledger verify
    gongji ledger verify --since last
    gongji ledger verify --since 2026-11-22T03:00+08:00
    gongji ledger verify --json | jq length
    """
    begin = _time(since)
    ask = partial(_broken, last=since == "last", begin=begin)
    broken = asyncio.run(each_database(running.find(), ("settlement",), ask))["settlement"]
    if as_json:
        typer.echo(json.dumps([dict(row) for row in broken], ensure_ascii=False, indent=1))
    elif broken:
        table = Table("invariant", "account or settlement", "detail", "in logs")
        for row in broken:
            table.add_row(*row, soundness.token(row["subject"]))
        Console().print(table)
    else:
        Console().print("[green]账务平衡[/green] the ledger is sound")
    raise typer.Exit(1 if broken else 0)


async def _broken(conn: Conn, last: bool, begin: datetime | None) -> list[asyncpg.Record]:
    since = await conn.fetchval(soundness.Q["last_sound"]) if last else begin
    return await soundness.broken(conn, since)


def _time(text: str) -> datetime | None:
    if text in ("", "last"):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise typer.BadParameter("--since 2026-11-22T03:00+08:00, or --since last")
    return at
