"""The review queue as a person reads it."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
from rich.table import Table

from deploy.reading import desk
from deploy.reading.details import beijing

_QUEUE = (
    "binding",
    "first",
    "region",
    "channel",
    "relation",
    "round",
    "due",
    "state",
    "marks",
    "documents",
    "in whose hands",
)
_COUNTS = ("region", "state", "desk", "cases", "first", "reminded", "marked", "first due")


def queue(rows: Sequence[asyncpg.Record]) -> Table:
    """One line a case; `marks` say why it is with people, `two` that another person has to approve it as well."""
    table = Table(*_QUEUE)
    for row in rows:
        due = beijing(row["due_at"])
        two = ("two: approved once" if row["first_eyes"] else "two") if row["second_eyes"] else ""
        table.add_row(
            str(row["binding_id"]),
            "[yellow]yes[/yellow]" if row["first"] else "",
            row["admdvs"],
            row["channel"],
            row["relation"],
            str(row["round"]),
            f"[red]{due} overdue[/red]" if row["overdue"] else due,
            row["state"],
            " ".join(filter(None, (row["marks"], two))),
            desk.DOCUMENTS[row["documents"]],
            row["claimed_by"] or "",
        )
    return table


def counts(rows: Sequence[asyncpg.Record]) -> Table:
    """How many wait, by region, state and whether somebody has them in hand."""
    table = Table(*_COUNTS)
    for row in rows:
        numbers = (str(row[name]) for name in ("cases", "first", "reminded", "marked"))
        table.add_row(row["admdvs"], row["state"], row["desk"], *numbers, beijing(row["due_at"]))
    return table
