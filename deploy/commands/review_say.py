"""What a reviewer says of a case: approve, reject, ask for documents; suspend, resume and end by authority."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any, NoReturn
from uuid import UUID

import typer

from deploy.commands.review_options import Binding, Document, From, Note, Operator, Seen, Until, Why
from deploy.reading import desk, running
from shared.contracts import answers, review_verdicts
from shared.contracts.base import Message
from shared.contracts.binding_requests import MaterialKind

app = typer.Typer()
"""These commands; `review` adds them to its own."""


@app.command()
def approve(binding_id: Binding, operator: Operator, note: Note = "", seen: Seen = []) -> None:  # noqa: B006
    """通过；对抽查件则为同意原审核 / approve a case, or agree with an approval that was drawn for a second look.

    gongji review approve BINDING_ID --operator op-1
    gongji review approve BINDING_ID --operator op-1 --seen household-register-0001
    """
    _verdict("approve", binding_id, operator, note, seen)


@app.command()
def reject(
    binding_id: Binding,
    operator: Operator,
    reason: Annotated[
        list[str], typer.Option(help="理由代码，可多个 / reason code, see docs/reasons.md; may be repeated.")
    ] = [],  # noqa: B006
    note: Note = "",
    seen: Seen = [],  # noqa: B006
) -> None:
    """不予通过，须有理由或申请人可读的备注；对抽查件则为不同意 / reject, with coded reasons or a note that the applicant will read; or disagree at a second look.

    gongji review reject BINDING_ID --operator op-1 --reason relation-disagrees
    gongji review reject BINDING_ID --operator op-1 --note 户口本未显示亲属关系
    """  # fmt: skip
    _verdict("reject", binding_id, operator, note, seen, reason_codes=tuple(reason))


@app.command()
def supplement(
    binding_id: Binding,
    operator: Operator,
    material: Annotated[
        list[MaterialKind],
        typer.Option(help="需补的材料，可多个 / a document to ask for; may be repeated."),
    ],
    note: Note = "",
    seen: Seen = [],  # noqa: B006
) -> None:
    """要求补交材料 / ask the applicant for documents; the case waits for them.

    gongji review supplement BINDING_ID --operator op-1 --material household-register
    """
    _verdict("supplement", binding_id, operator, note, seen, materials=tuple(material))


@app.command()
def suspend(
    binding_id: Binding,
    operator: Operator,
    document: Document,
    since: From = "",
    until: Until = "",
    reason: Why = "",
) -> None:
    """依文件暂停 / suspend an approved binding by a document of the authority.

    gongji review suspend BINDING_ID --operator op-1 --document 医保发〔2026〕7号
    gongji review suspend BINDING_ID --operator op-1 --document 7号 --from 2026-12-01T00:00:00+08:00 --until 2027-03-01T00:00:00+08:00
    """
    more = {"until": moment(until)} if until else {}
    _by_authority(
        "suspended", review_verdicts.Suspended, binding_id, operator, document, since, reason, **more
    )


@app.command()
def resume(
    binding_id: Binding, operator: Operator, document: Document, since: From = "", reason: Why = ""
) -> None:
    """依文件恢复 / let a binding go on that was suspended by the authority.

    gongji review resume BINDING_ID --operator op-1 --document 医保发〔2026〕8号
    """
    _by_authority("resumed", review_verdicts.Resumed, binding_id, operator, document, since, reason)


@app.command()
def end(
    binding_id: Binding, operator: Operator, document: Document, since: From = "", reason: Why = ""
) -> None:
    """依文件解除 / end a binding by a document of the authority.

    gongji review end BINDING_ID --operator op-1 --document 医保发〔2026〕9号
    """
    kind = review_verdicts.EndedByAuthority
    _by_authority("ended-by-authority", kind, binding_id, operator, document, since, reason)


def _verdict(
    decision: str, binding_id: UUID, operator: str, note: str, seen: list[str], **fields: Any
) -> None:
    said = review_verdicts.Decision(decision)
    fields["evidence_seen"] = tuple(seen)
    body = review_verdicts.VerdictGiven(
        binding_id=binding_id, operator_id=operator, decision=said, note=note or None, **fields
    )
    say("verdict-given", body)


def _by_authority(
    type: str,
    kind: type[Message],
    binding_id: UUID,
    operator: str,
    document: str,
    since: str,
    reason: str,
    **more: datetime,
) -> None:
    at = moment(since) if since else running.find().clock.now()
    fields: dict[str, Any] = {
        "binding_id": binding_id,
        "operator_id": operator,
        "document": document,
        "effective_at": at,
    }
    fields["reason"] = reason or None
    say(type, kind(**fields, **more))


def moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = datetime.min  # noqa: DTZ901 - without zone: refused below
    if at.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} 不是带时区的时间 / is no time with zone, for example 2026-12-01T00:00:00+08:00"
        )
    return at


def say(type: str, body: Message) -> None:
    """Publishes a verdict, waits for its answer and prints it. Status 1 when it was not used, 3 when no answer came."""
    tell(asyncio.run(desk.say(running.find(), f"review.verdicts.{type}", body)))


def unanswered(told: object) -> NoReturn:
    """Ends the command where no answer came (status 3), or one to something else (status 1)."""
    if told is None:
        typer.echo(
            "已发布，暂无应答 / published; no answer yet. Look with `gongji dead-letters list` and `gongji trace`."
        )
        raise typer.Exit(3)
    for reason in getattr(told, "reasons", ()):
        typer.echo(f"未采用 / not used: {reason.code}: {reason.zh} ({reason.en})")
    raise typer.Exit(1)


def tell(told: Message | None) -> answers.Verdict:
    """Prints the answer to a verdict that was used; one that was not, or none, ends the command with status 1 or 3."""
    if not isinstance(told, answers.Verdict) or not told.accepted:
        unanswered(told)
    typer.echo(f"accepted: {told.state}, version {told.version}")
    return told
