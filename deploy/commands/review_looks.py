"""`gongji review looks`: approvals that were drawn for a second person, and how often the two disagree."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Console

from deploy.commands.review_options import AsJson, Region, Rows
from deploy.reading import desk, review_tables, running
from services.audit import desk as reading


def looks(
    region: Region = "",
    done: Annotated[
        bool, typer.Option("--done", help="已复看的 / those that were looked at, instead.")
    ] = False,
    disagreed: Annotated[
        bool,
        typer.Option("--disagreed", help="只看不同意的 / only those with whom the second person disagreed."),
    ] = False,
    rows: Rows = 50,
    as_json: AsJson = False,
) -> None:
    """抽中复看的已通过案件，及不一致率 / approvals that were drawn for a second look, and how often the second person disagreed.

    Look with `gongji review show`, then agree with `approve` or disagree with `reject`: it goes on the record and changes no binding by itself.

    gongji review looks
    gongji review looks --region 33 --done
    gongji review looks --disagreed --json
    """
    stack = running.find()
    now = stack.clock.now()
    done = done or disagreed
    cases = asyncio.run(
        desk.ask(stack, lambda conn: reading.looks(conn, region, done=done, disagreed=disagreed, rows=rows))
    )
    rates = asyncio.run(desk.ask(stack, lambda conn: reading.rates(conn, region, now)))
    if as_json:
        told = {
            "cases": [dict(row) for row in cases],
            "rates": [dict(row) | {"disagreement": review_tables.share(row)} for row in rates],
        }
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1, default=str))
        return
    Console().print(review_tables.looks(cases))
    for row in rates:
        typer.echo(review_tables.rate(row, reading.RATED.days))
