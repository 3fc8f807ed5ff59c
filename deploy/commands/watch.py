"""`gongji watch`."""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console

from deploy.reading import running
from deploy.reading.lines import line
from deploy.reading.running import Running
from deploy.reading.seen import Seen
from shared.clock import BEIJING

_AGO = re.compile(r"([0-9]+)(s|m|h|d)")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def watch(
    topic: Annotated[
        list[str] | None, typer.Option(help="Only this topic, or all that begin with it; repeatable.")
    ] = None,
    binding: Annotated[str, typer.Option(help="Only this binding (its id, or the beginning of it).")] = "",
    person: Annotated[str, typer.Option(help="Only records about this psn_no.")] = "",
    since: Annotated[
        str, typer.Option(help="Begin in the past: 15m, 2h, or an ISO time. Default: now.")
    ] = "",
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop at what is the end now.")] = False,
    english: Annotated[bool, typer.Option("--english", help="Lines in English.")] = False,
) -> None:
    """Follow all topics live, one readable line a record. Personal data are not shown. Ctrl-C ends it.

    gongji watch
    gongji watch --topic binding --since 10m
    gongji watch --topic answers.zheliban --english
    gongji watch --person 33010000000001 --since 1h --until-end
    """
    stack = running.find()
    begin = moment(since, stack.clock.now()) if since else None
    console = Console(highlight=False, soft_wrap=True, markup=False)
    try:
        asyncio.run(_watch(stack, console, topic or [], (binding, person), begin, until_end, english))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def moment(text: str, now: datetime) -> datetime:
    """A time from `15m` (ago) or ISO 8601 (Beijing where no zone is given). Raises `typer.BadParameter`."""
    if match := _AGO.fullmatch(text.strip()):
        return now - timedelta(**{_UNIT[match[2]]: int(match[1])})
    try:
        told = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no time; write for example 15m, 2h or 2026-11-23T10:00"
        ) from None
    return told if told.tzinfo else told.replace(tzinfo=BEIJING)


def matches(seen: Seen, binding: str, person: str) -> bool:
    """Whether a record passes the filters."""
    if binding and not any(name.startswith(binding) for name in seen.names()):
        return False
    key = (seen.key or b"").decode("utf-8", "replace")
    return not person or person in key.split("|") or person in seen.persons()


async def _watch(
    stack: Running,
    console: Console,
    chosen: list[str],
    filters: tuple[str, str],
    begin: datetime | None,
    until_end: bool,
    english: bool,
) -> None:
    from deploy.reading import topics

    if until_end:
        for seen in await topics.whole(stack, topics=chosen, since=begin):
            if matches(seen, *filters):
                console.print(line(seen).text(english=english))
        return
    async with aclosing(topics.tail(stack, topics=chosen, since=begin)) as tail:
        async for seen in tail:
            if matches(seen, *filters):
                console.print(line(seen).text(english=english))
