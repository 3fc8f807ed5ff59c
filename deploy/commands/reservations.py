"""`gongji review reservations`: slots that are held past the region's deadline because no decision came."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.reading import running
from deploy.reading.details import beijing
from deploy.reading.reservations import reservations

STAGES = {
    "supplement": "waits for documents",
    "consent": "waits for the beneficiary's consent",
    "passed": "waits for review",
    "refusing": "refused later, waits for the decision",
    "withdrawing": "taken back, waits for the decision",
}


def list_reservations(
    region: Annotated[str, typer.Option(help="First digits of the region, such as 33.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also those within their deadline.")] = False,
    rows: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for scripts.")] = False,
) -> None:
    """Slots that are held past the region's deadline (binding.reservation_days): nobody else can have them meanwhile.

    gongji review reservations
    gongji review reservations --region 33 --all
    gongji review reservations --json
    """
    stack = running.find()
    now = stack.clock.now()
    found = asyncio.run(reservations(stack, region, now, past_only=not everything, rows=rows))
    if as_json:
        typer.echo(json.dumps([dict(row) for row in found], ensure_ascii=False, indent=1, default=str))
        return
    table = Table("binding", "region", "what it waits for", "held since", "deadline")
    for row in found:
        until = beijing(row["held_until"])
        table.add_row(
            str(row["binding_id"]),
            row["region"],
            STAGES.get(row["stage"], row["stage"]),
            beijing(row["held_since"]),
            f"[red]{until} past[/red]" if row["overdue"] else until,
        )
    Console().print(table)
