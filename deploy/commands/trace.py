"""`gongji trace`."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Console

from deploy.reading import running
from deploy.reading.lines import line
from deploy.reading.running import Running
from deploy.reading.story import MAX_ROUNDS, Step, as_event, belonging, further, needles, refusals, story


def trace(
    id: Annotated[str, typer.Argument(help="A binding_id, msgid, setl_id, notice_id or ce_id.")],
    as_json: Annotated[bool, typer.Option("--json", help="One event a line, for scripts.")] = False,
    english: Annotated[bool, typer.Option("--english", help="Lines in English.")] = False,
) -> None:
    """The whole story of one binding, settlement or message: all topics, in time order, each refusal explained.

    gongji trace 0199f0a1-7c3e-7d21-8f00-3c1d2e4f5a6b
    gongji trace H33010000001202611231000000001
    gongji trace 0199f0a1-7c3e-7d21-8f00-3c1d2e4f5a6b --json | jq -r .zh

    Ends with status 1 if no record names the id.
    """
    steps = asyncio.run(follow(running.find(), id.strip()))
    if not steps:
        typer.echo(f"no record names {id}; is it a binding_id, msgid, setl_id, notice_id or ce_id?", err=True)
        raise typer.Exit(1)
    if as_json:
        for step in steps:
            typer.echo(json.dumps(as_event(step), ensure_ascii=False))
        return
    _show(steps, english)


async def follow(stack: Running, id: str) -> list[Step]:
    """The story of an id, read from all topics; empty if no record names it."""
    from deploy.reading import topics

    wanted, found = {id}, []
    for _ in range(MAX_ROUNDS):
        found = belonging(await topics.whole(stack, wanted=needles(wanted)), wanted)
        more = further(found) - wanted
        if not more:
            break
        wanted |= more
    return story(found)


def _show(steps: list[Step], english: bool) -> None:
    console = Console(highlight=False, soft_wrap=True, markup=False)
    for step in steps:
        said = line(step.seen)
        console.print(
            f"{said.time} {_seconds(step.since_before):>9}  {said.place:<30} {said.en if english else said.zh}"
        )
        for refusal in refusals(step.seen, english=english):
            console.print(f"{'':>23} └ {refusal}")
    last = steps[-1]
    console.print(f"{len(steps)} records, {_seconds(last.since_first).strip('+')} from the first to the last")


def _seconds(value: float) -> str:
    return f"+{value * 1000:.0f} ms" if value < 10 else f"+{value:.1f} s"
