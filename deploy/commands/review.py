"""`gongji review`: the desk of those who decide cases. Here is what it shows; what it says is in `review_say` and `review_take`.

It reads with a database role of its own, which sees no person's number, and speaks only by messages on `review.verdicts`, as source `desk`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from deploy.commands import review_looks, review_person, review_reveal, review_say, review_take
from deploy.commands.reservations import list_reservations
from deploy.commands.review_options import (
    AsJson,
    Binding,
    ClaimedBy,
    Counter,
    Counts,
    Free,
    Marked,
    Overdue,
    Pending,
    Region,
    Rows,
    States,
)
from deploy.local.errors import StackError
from deploy.reading import desk, review_tables, running
from services.audit import desk as reading
from shared.contracts import binding_decisions

app = typer.Typer(help="审核台：查看、领取、审核案件 / the review desk: look at cases, take them, decide them.", no_args_is_help=True, rich_markup_mode=None)  # fmt: skip


@app.command("list")
def list_(
    region: Region = "",
    state: States = [],  # noqa: B006 - how typer is told
    claimed_by: ClaimedBy = "",
    overdue: Overdue = False,
    pending: Pending = False,
    free: Free = False,
    marked: Marked = False,
    counter: Counter = False,
    counts: Counts = False,
    rows: Rows = 50,
    as_json: AsJson = False,
) -> None:
    """按应办顺序列出案件：窗口与高龄优先，其后按期限 / cases in the order in which they should be taken: counters and the old first, then what is due first.

    gongji review list
    gongji review list --region 33 --overdue
    gongji review list --marked --free
    gongji review list --state supplement-requested --json
    gongji review list --counts
    """  # fmt: skip
    states = [one.value for one in state] or [binding_decisions.State.UNDER_REVIEW.value]
    wanted = reading.Wanted(states, region, claimed_by or None, overdue, rows, pending, free, marked, counter)
    if len(states) > 1 or states != ["under-review"]:
        _only_under_review(claimed_by=claimed_by, overdue=overdue, free=free, marked=marked, counter=counter)
    stack = running.find()
    now = stack.clock.now()
    found = asyncio.run(
        desk.ask(stack, lambda c: reading.counts(c, region, now) if counts else reading.queue(c, wanted, now))
    )
    if as_json:
        typer.echo(json.dumps([dict(row) for row in found], ensure_ascii=False, indent=1, default=str))
        return
    Console().print(review_tables.counts(found) if counts else review_tables.queue(found))


def _only_under_review(**given: object) -> None:
    """Raises `typer.BadParameter` for the first option that would be passed over."""
    for name, value in given.items():
        if value:
            option = f"--{name.replace('_', '-')}"
            raise typer.BadParameter(
                f"{option} 只用于审核中的案件 / is for cases under review, for example: gongji review list {option}"
            )


@app.command()
def show(binding_id: Binding, as_json: AsJson = False) -> None:
    """一件案件，不含姓名与完整编号 / one case: the request without names and numbers, what the registry says of it, documents, reasons, periods.

    gongji review show 0192f0c1-5a00-7000-8000-000000000001
    """
    row = asyncio.run(desk.ask(running.find(), lambda conn: reading.show(conn, binding_id)))
    if row is None:
        raise StackError(f"没有案件 / no case {binding_id}", "List cases with `gongji review list`.")
    told = _case(row)
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1, default=str))
        return
    table = Table(show_header=False, box=None)
    for name, value in told.items():
        if value not in (None, [], ""):
            table.add_row(f"[bold]{name}[/bold]", json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value))  # fmt: skip
    Console().print(table)


def _case(row: asyncpg.Record) -> dict[str, Any]:
    """What a reviewer reads; persons by masked numbers."""
    state: dict[str, Any] = json.loads(row["body"])
    case = state.pop("case")
    parties = {
        side: {"who": row[side], "insured_in": party["insuplc_admdvs"], "surv_stas": row[f"{side}_surv_stas"]}
        for side in ("sponsor", "beneficiary")
        if (party := case.get(side))
    }  # fmt: skip
    registry = "nothing"
    if row["other_is"]:
        sides = ("beneficiary", "sponsor") if row["other_is_beneficiary"] else ("sponsor", "beneficiary")
        registry = (
            f"{sides[0]} is the {sides[1]}'s {row['other_is']}{' (ended)' if row['relation_ended'] else ''}"
        )
    asked = {
        k: case.get(k)
        for k in ("admdvs", "channel", "relation", "terms", "materials", "counter", "requested_at")
    }
    names = ("claimed_by", "claimed_until", "taken_from", "overdue", "marks", "first_eyes")
    looks = {name: row[name] for name in ("sampled", "looked_by", "agreed") if row["sampled"]}
    documents = {
        "documents": desk.DOCUMENTS[row["documents"]],
        "documents_verified_at": row["documents_verified_at"],
    }
    claim = {name: row[name] for name in names}
    return {**state, **parties, **asked, "registry_says": registry, **claim, **documents, **looks}


app.command("looks")(review_looks.looks)
app.command("reservations")(list_reservations)
app.command("reveal")(review_reveal.reveal)
for _part in (review_take, review_say, review_person):
    app.registered_commands += _part.app.registered_commands
