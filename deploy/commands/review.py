"""`gongji review list|show|reservations|claim|release|approve|reject|supplement|suspend|resume|end`: the desk of those who decide cases.

It reads audit's tables in read-only transactions and speaks only by messages on `review.verdicts`, as source `desk`.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from deploy.commands.reservations import list_reservations
from deploy.local.errors import StackError
from deploy.reading import desk, review_tables, running
from deploy.reading.masking import token
from services.audit import storage
from shared.contracts import answers, binding_decisions, review_verdicts
from shared.contracts.base import Message
from shared.contracts.binding_requests import MaterialKind

app = typer.Typer(help="The review queue: look at cases, take them, decide them.", no_args_is_help=True, rich_markup_mode=None)  # fmt: skip

Binding = Annotated[UUID, typer.Argument(help="The case: its binding_id.", metavar="BINDING_ID")]
Operator = Annotated[str, typer.Option(envvar="GONGJI_OPERATOR", help="Your operator id, such as op-1.")]
Note = Annotated[str, typer.Option(help="A remark, without personal data.")]
Document = Annotated[str, typer.Option(help="Number of the authority's document.")]
From = Annotated[str, typer.Option("--from", help="ISO time with zone from which it holds; empty: now.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document, for scripts.")]


@app.command("list")
def list_(
    region: Annotated[str, typer.Option(help="First digits of the region, such as 33.")] = "",
    state: Annotated[
        list[binding_decisions.State], typer.Option(help="States to show; under-review if none is given.")
    ] = [],  # noqa: B006 - how typer is told
    claimed_by: Annotated[str, typer.Option(help="Only cases in this operator's hands.")] = "",
    overdue: Annotated[bool, typer.Option("--overdue", help="Only cases past their due date.")] = False,
    pending: Annotated[
        bool, typer.Option("--pending", help="Also cases whose documents are still being verified.")
    ] = False,
    free: Annotated[bool, typer.Option("--free", help="Only cases that nobody has in hand.")] = False,
    counts: Annotated[bool, typer.Option("--counts", help="How many there are, instead of which.")] = False,
    rows: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Cases in the order in which they should be taken: counters and the old first, then what is due first.

    gongji review list
    gongji review list --region 33 --overdue
    gongji review list --state supplement-requested --json
    gongji review list --counts
    """
    states = [one.value for one in state] or [binding_decisions.State.UNDER_REVIEW.value]
    wanted = storage.Wanted(states, region, claimed_by or None, overdue, rows, pending, free)
    stack = running.find()
    now = stack.clock.now()
    ask = (
        (lambda conn: storage.counts(conn, region, now))
        if counts
        else (lambda conn: storage.queue(conn, wanted, now))
    )
    found = asyncio.run(desk.ask(stack, ask))
    if as_json:
        typer.echo(json.dumps([dict(row) for row in found], ensure_ascii=False, indent=1, default=str))
        return
    Console().print(review_tables.counts(found) if counts else review_tables.queue(found))


@app.command()
def show(binding_id: Binding, as_json: AsJson = False) -> None:
    """One case: the request without names, what the registry says of it, documents, reasons, periods.

    gongji review show 0192f0c1-5a00-7000-8000-000000000001
    """
    row = asyncio.run(desk.ask(running.find(), lambda conn: storage.show(conn, binding_id)))
    if row is None:
        raise StackError(f"no case {binding_id}", "List cases with `gongji review list`.")
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
    """What a reviewer reads; persons by tokens, not by numbers."""
    state: dict[str, Any] = json.loads(row["body"])
    case = state.pop("case")
    parties = {
        side: {"who": token(party["psn_no"]), "insured_in": party["insuplc_admdvs"], "surv_stas": row[f"{side}_surv_stas"]}
        for side in ("sponsor", "beneficiary")
        if (party := case.get(side))
    }  # fmt: skip
    registry = "nothing"
    if row["other_is"]:
        first_is_sponsor = row["related_psn_no"] == case["sponsor"]["psn_no"]
        sides = ("beneficiary", "sponsor") if first_is_sponsor else ("sponsor", "beneficiary")
        registry = (
            f"{sides[0]} is the {sides[1]}'s {row['other_is']}{' (ended)' if row['relation_ended'] else ''}"
        )
    asked = {
        k: case.get(k)
        for k in ("admdvs", "channel", "relation", "terms", "materials", "counter", "requested_at")
    }
    claim = {
        "claimed_by": row["claimed_by"],
        "claimed_until": row["claimed_until"],
        "overdue": row["overdue"],
        "documents": desk.DOCUMENTS[row["documents"]],
        "documents_verified_at": row["documents_verified_at"],
    }
    return {**state, **parties, **asked, "registry_says": registry, **claim}


app.command("reservations")(list_reservations)


@app.command()
def claim(binding_id: Binding, operator: Operator) -> None:
    """Take a case: for half an hour nobody else can decide it.

    gongji review claim BINDING_ID --operator op-1
    """
    _say("claimed", review_verdicts.Claimed(binding_id=binding_id, operator_id=operator))


@app.command()
def release(binding_id: Binding, operator: Operator) -> None:
    """Give a case back.

    gongji review release BINDING_ID --operator op-1
    """
    _say("released", review_verdicts.Released(binding_id=binding_id, operator_id=operator))


@app.command()
def approve(binding_id: Binding, operator: Operator, note: Note = "") -> None:
    """Approve a case.

    gongji review approve BINDING_ID --operator op-1
    """
    _verdict("approve", binding_id, operator, note)


@app.command()
def reject(
    binding_id: Binding,
    operator: Operator,
    reason: Annotated[
        list[str], typer.Option(help="Reason code, see docs/reasons.md; may be repeated.")
    ] = [],  # noqa: B006
    note: Note = "",
) -> None:
    """Reject a case, with coded reasons or a note that the applicant will read.

    gongji review reject BINDING_ID --operator op-1 --reason relation-disagrees
    gongji review reject BINDING_ID --operator op-1 --note 户口本未显示亲属关系
    """
    _verdict("reject", binding_id, operator, note, reason_codes=tuple(reason))


@app.command()
def supplement(
    binding_id: Binding,
    operator: Operator,
    material: Annotated[list[MaterialKind], typer.Option(help="A document to ask for; may be repeated.")],
    note: Note = "",
) -> None:
    """Ask the applicant for documents; the case waits for them.

    gongji review supplement BINDING_ID --operator op-1 --material household-register
    """
    _verdict("supplement", binding_id, operator, note, materials=tuple(material))


@app.command()
def suspend(binding_id: Binding, operator: Operator, document: Document, since: From = "") -> None:
    """Suspend an approved binding by a document of the authority.

    gongji review suspend BINDING_ID --operator op-1 --document 医保发〔2026〕7号
    gongji review suspend BINDING_ID --operator op-1 --document 7号 --from 2026-12-01T00:00:00+08:00
    """
    _by_authority("suspended", review_verdicts.Suspended, binding_id, operator, document, since)


@app.command()
def resume(binding_id: Binding, operator: Operator, document: Document, since: From = "") -> None:
    """Let a binding go on that was suspended by the authority.

    gongji review resume BINDING_ID --operator op-1 --document 医保发〔2026〕8号
    """
    _by_authority("resumed", review_verdicts.Resumed, binding_id, operator, document, since)


@app.command()
def end(binding_id: Binding, operator: Operator, document: Document, since: From = "") -> None:
    """End a binding by a document of the authority.

    gongji review end BINDING_ID --operator op-1 --document 医保发〔2026〕9号
    """
    kind = review_verdicts.EndedByAuthority
    _by_authority("ended-by-authority", kind, binding_id, operator, document, since)


def _verdict(decision: str, binding_id: UUID, operator: str, note: str, **fields: Any) -> None:
    said = review_verdicts.Decision(decision)
    body = review_verdicts.VerdictGiven(
        binding_id=binding_id, operator_id=operator, decision=said, note=note or None, **fields
    )
    _say("verdict-given", body)


def _by_authority(
    type: str, kind: type[Message], binding_id: UUID, operator: str, document: str, since: str
) -> None:
    try:
        at = datetime.fromisoformat(since) if since else running.find().clock.now()
    except ValueError:
        at = datetime.min  # noqa: DTZ901 - without zone: refused below
    if at.tzinfo is None:
        raise typer.BadParameter(f"{since!r} is no time with zone, for example 2026-12-01T00:00:00+08:00")
    fields = {"binding_id": binding_id, "operator_id": operator, "document": document, "effective_at": at}
    _say(type, kind(**fields))


def _say(type: str, body: Message) -> None:
    """Publishes a verdict, waits for its answer and prints it. Status 1 when it was not used, 3 when no answer came."""
    told = asyncio.run(desk.say(running.find(), f"review.verdicts.{type}", body))
    if told is None:
        typer.echo("published; no answer in time, look with `gongji trace`")
        raise typer.Exit(3)
    if not isinstance(told, answers.Verdict) or not told.accepted:
        for reason in getattr(told, "reasons", ()):
            typer.echo(f"not used: {reason.code}: {reason.zh} ({reason.en})")
        raise typer.Exit(1)
    typer.echo(f"accepted: {told.state}, version {told.version}")
