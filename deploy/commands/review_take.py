"""Who has a case in hand: claim one, or the next one; give it back; take it over from another as a supervisor."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from deploy.commands.review_options import Binding, Operator
from deploy.commands.review_say import say, tell
from deploy.reading import claiming, running
from shared.contracts import review_verdicts

app = typer.Typer()
"""These commands; `review` adds them to its own."""


@app.command()
def claim(
    operator: Operator,
    binding_id: Annotated[
        UUID | None, typer.Argument(help="案件的绑定编号 / the case: its binding_id.", metavar="BINDING_ID")
    ] = None,
    next_: Annotated[
        bool,
        typer.Option("--next", help="按应办顺序领取第一件可办的 / the first free case that you may take."),
    ] = False,
    region: Annotated[
        str, typer.Option(help="与 --next 合用：统筹区代码前几位 / with --next: first digits of the region.")
    ] = "",
) -> None:
    """领取案件：半小时内他人不能审核 / take a case: for half an hour nobody else can decide it.

    gongji review claim BINDING_ID --operator op-1
    gongji review claim --next --operator op-1
    gongji review claim --next --region 3301 --operator op-1
    """
    if (binding_id is None) is not next_ or (region and not next_):
        raise typer.BadParameter(
            "给出绑定编号，或 --next（可加 --region） / name a case or say --next, with or without --region;"
            " for example: gongji review claim --next --region 33 --operator op-1"
        )
    if binding_id is not None:
        say("claimed", review_verdicts.Claimed(binding_id=binding_id, operator_id=operator))
        return
    found = asyncio.run(claiming.claim_next(running.find(), operator, region))
    if found is None:
        typer.echo("没有可领取的案件 / there is no free case that you may take")
        raise typer.Exit(1)
    taken, told = found
    tell(told)
    typer.echo(str(taken))


@app.command()
def release(binding_id: Binding, operator: Operator) -> None:
    """交回案件 / give a case back.

    gongji review release BINDING_ID --operator op-1
    """
    say("released", review_verdicts.Released(binding_id=binding_id, operator_id=operator))


@app.command("take-over")
def take_over(
    binding_id: Binding,
    operator: Operator,
    why: Annotated[
        str,
        typer.Option(help="事由，勿写个人信息，将载入记录 / why, without personal data; goes on the record."),
    ],
) -> None:
    """督导接管他人手中的案件 / as a supervisor, take a case that another operator has in hand.

    gongji review take-over BINDING_ID --operator supervisor-01 --why 原经办人请假，案件将逾期
    """
    body = review_verdicts.TakenOver(binding_id=binding_id, operator_id=operator, note=why)
    say("taken-over", body)
