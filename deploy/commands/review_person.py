"""What the authority says of a person: suspend, resume or end all his or her bindings by one document."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

import typer
from pydantic import ValidationError

from deploy.commands.review_options import Document, From, Operator, Until, Why
from deploy.commands.review_say import moment, unanswered
from deploy.reading import desk, running
from shared.contracts import answers, review_verdicts
from shared.contracts.reasons import Reason

app = typer.Typer()
"""These commands; `review` adds them to its own."""

Person = Annotated[str, typer.Argument(help="人员编号 / the person: psn_no.", metavar="PSN_NO")]


@app.command("suspend-person")
def suspend_person(
    psn_no: Person, operator: Operator, document: Document, why: Why, since: From = "", until: Until = ""
) -> None:
    """依文件暂停一人的全部绑定，此后通过的也暂停 / suspend all bindings of a person by a document, those that are approved later too.

    gongji review suspend-person PSN_NO --operator op-1 --document 医保发〔2026〕7号 --reason 涉嫌冒用，核查期间暂停
    gongji review suspend-person PSN_NO --operator op-1 --document 7号 --reason 核查期间暂停 --until 2027-03-01T00:00:00+08:00
    """  # fmt: skip
    more = {"until": moment(until)} if until else {}
    _say("suspended", review_verdicts.PersonSuspended, psn_no, operator, document, why, since, **more)


@app.command("resume-person")
def resume_person(psn_no: Person, operator: Operator, document: Document, why: Why, since: From = "") -> None:
    """依文件恢复一人的全部绑定；单独暂停的仍然暂停 / let all bindings of a person go on; one that was suspended by its own document stays suspended.

    gongji review resume-person PSN_NO --operator op-1 --document 医保发〔2026〕8号 --reason 核查结束，未见异常
    """  # fmt: skip
    _say("resumed", review_verdicts.PersonResumed, psn_no, operator, document, why, since)


@app.command("end-person")
def end_person(psn_no: Person, operator: Operator, document: Document, why: Why, since: From = "") -> None:
    """依文件解除一人的全部绑定 / end all bindings of a person by a document of the authority.

    gongji review end-person PSN_NO --operator op-1 --document 医保发〔2026〕9号 --reason 经查实冒用他人账户
    """
    _say("ended", review_verdicts.PersonEnded, psn_no, operator, document, why, since)


def _say(
    suffix: str,
    kind: type[review_verdicts.PersonSuspended | review_verdicts.PersonResumed | review_verdicts.PersonEnded],
    psn_no: str,
    operator: str,
    document: str,
    why: str,
    since: str,
    **more: datetime,
) -> None:
    stack = running.find()
    fields = {
        "psn_no": psn_no,
        "operator_id": operator,
        "document": document,
        "reason": why,
        "effective_at": moment(since) if since else stack.clock.now(),
    }
    try:
        body = kind.model_validate(fields | more)
    except ValidationError as error:
        wrong = ", ".join(str(one["loc"][0]) for one in error.errors(include_input=False))
        raise typer.BadParameter(
            f"{wrong} 不合格 / is not as it should be, for example: gongji review {suffix.removesuffix('ed')}-person"
            " 330100000123 --operator op-1 --document 7号 --reason 核查期间暂停"
        ) from None
    told = asyncio.run(desk.say(stack, f"review.verdicts.person-{suffix}", body))
    _tell(told)


def _tell(told: object) -> None:
    """Prints how many bindings were concerned and which were left alone; status 1 when nothing came of it, 3 without an answer."""
    if not isinstance(told, answers.PersonVerdict):
        unanswered(told)
        return
    if told.accepted:
        typer.echo(f"accepted: {len(told.concerned)} 个绑定已变更 / bindings changed")
    for one in told.concerned:
        typer.echo(f"  {one.binding_id}: {one.state}, version {one.version}")
    if told.waiting:
        typer.echo(
            f"{told.waiting} 件未决申请，通过后即暂停 / undecided requests, to be suspended when approved"
        )
    for left in told.left:
        typer.echo(f"未变更 / left alone: {left.binding_id}: {_words(left.reasons)}")
    for reason in told.reasons:
        head = "注意 / note" if told.accepted else "未采用 / not used"
        typer.echo(f"{head}: {_words((reason,))}")
    if not told.accepted:
        raise typer.Exit(1)


def _words(reasons: tuple[Reason, ...]) -> str:
    return "; ".join(f"{one.code}: {one.zh} ({one.en})" for one in reasons)
