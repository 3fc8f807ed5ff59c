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
_LOOKS = (
    "binding",
    "region",
    "channel",
    "relation",
    "state",
    "approved by",
    "looked at",
    "by",
    "agreed",
    "documents",
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


def looks(rows: Sequence[asyncpg.Record]) -> Table:
    """Approvals that were drawn for a second person, one line each."""
    table = Table(*_LOOKS)
    for row in rows:
        agreed = {True: "yes", False: "[red]no[/red]", None: ""}[row["agreed"]]
        table.add_row(
            str(row["binding_id"]),
            row["admdvs"],
            row["channel"],
            row["relation"],
            row["state"],
            row["sampled"],
            beijing(row["looked_at"]) if row["looked_at"] else "",
            row["looked_by"] or "",
            agreed,
            DRAWN.get(row["documents"], desk.DOCUMENTS[row["documents"]]),
        )
    return table


DRAWN = {"faulty": "faulty"}
"""Documents of an approved case are not asked for again: the second person says what follows."""


def share(row: asyncpg.Record) -> float | None:
    """The share of looks at which the second person disagreed; `None` before the first look."""
    looked = row["agreed"] + row["disagreed"]
    return round(row["disagreed"] / looked, 4) if looked else None


def rate(row: asyncpg.Record, days: int) -> str:
    """One line of a province: waiting, looked at, disagreed."""
    looked, found = row["agreed"] + row["disagreed"], share(row)
    told = "" if found is None else f" ({found:.1%})"
    return (
        f"{row['region']}: 待复看 {row['waiting']}，近 {days} 日复看 {looked}，不一致 {row['disagreed']}{told}"
        f" / {row['waiting']} waiting, {looked} looked at in {days} days, {row['disagreed']} disagreed{told}"
    )
