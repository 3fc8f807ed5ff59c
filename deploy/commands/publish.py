"""`gongji publish`."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from deploy.local.errors import StackError
from deploy.reading import publishing, running, structured
from deploy.reading.lines import line, printable
from deploy.reading.running import Running
from deploy.reading.seen import Seen
from deploy.reading.story import refusals
from deploy.reading.structured import Publication
from shared.contracts import answers
from shared.contracts.topics import answers_topic

PATIENCE = 30.0


def publish(
    files: Annotated[
        list[Path], typer.Argument(help="CloudEvents: one as JSON, several as a JSON array or as JSONL.")
    ],
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the answer on answers.<source> and print it.")
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for answers.")] = PATIENCE,
    now: Annotated[
        bool, typer.Option("--now", help="Replace the events' times by the present time.")
    ] = False,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Publish even what the contract refuses.")
    ] = False,
) -> None:
    """Publish messages, after the contract has judged them: one that is wrong and nothing is published.

    The record is in CloudEvents' binary mode: attributes as headers, `data` as the body, `partitionkey` as the key.

        gongji publish request.json
        gongji publish shared/contracts/samples/gongji.binding.requests.submitted.v1/full.json --now --wait
        gongji publish requests.jsonl --wait --timeout 60
        gongji publish poison.json --unchecked

    Ends with status 1 if nothing was published, 3 if an answer did not come in time.
    """
    stack = running.find()
    console = Console(highlight=False, soft_wrap=True, markup=False)
    found = [one for file in files for one in _read(file, stack, now)]
    if _complain(found, unchecked):
        raise typer.Exit(1)
    missing = asyncio.run(_publish(stack, found, console, timeout if wait else None))
    if missing:
        console.print(f"no answer within {timeout:.0f} s: {', '.join(missing)}; look with `gongji trace`")
        raise typer.Exit(3)


def _read(file: Path, stack: Running, now: bool) -> list[Publication]:
    try:
        return structured.read(file, stack.clock, now=stack.clock.now() if now else None)
    except OSError as error:
        raise StackError(f"{file}: {error.strerror}", "Name a file with CloudEvents in JSON.") from error


def _complain(found: list[Publication], unchecked: bool) -> bool:
    """Prints what is wrong; whether that stops us."""
    console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
    wrong = [one for one in found if one.errors]
    for one in wrong:
        for error in one.errors:
            example = f" (for example {error.example})" if error.example else ""
            console.print(printable(f"{one.place}: {error.field}: {error.reason}{example}"))
    unaddressed = [one for one in wrong if not one.topic]
    if wrong and not unchecked:
        console.print(f"nothing published: {len(wrong)} of {len(found)} are wrong")
    elif unaddressed:
        console.print("nothing published: even unchecked, an event needs `topic`")
    return bool(unaddressed if unchecked else wrong)


async def _publish(
    stack: Running, found: list[Publication], console: Console, patience: float | None
) -> list[str]:
    """Publishes in order; ids that were not answered within `patience` seconds (None: does not wait)."""
    begun = stack.clock.now()
    async with publishing.producer(stack.kafka) as producer:
        for one in found:
            place = await producer.send_and_wait(one.topic, one.value, key=one.key, headers=one.headers)
            console.print(printable(f"{place.topic}/{place.partition}@{place.offset}  {one.source} {one.id}"))
    if patience is None:
        return []
    return await _answers(stack, found, console, patience, begun)


async def _answers(
    stack: Running, found: list[Publication], console: Console, patience: float, begun: Any
) -> list[str]:
    from deploy.reading import topics

    open_ = {(one.source, one.id): one for one in found}
    wanted = sorted({answers_topic(one.source) for one in found})
    started = time.monotonic()
    async with aclosing(topics.tail(stack, topics=wanted, since=begun, patience=patience)) as tail:
        async for seen in tail:
            if seen.request not in open_:
                continue
            console.print(line(seen).text())
            for refusal in refusals(seen):
                console.print(f"    {refusal}")
            if settles(seen, open_[seen.request].short):
                del open_[seen.request]
            if not open_:
                console.print(f"answered within {time.monotonic() - started:.2f} s")
                return []
    return [one.id for one in open_.values()]


def settles(seen: Seen, short: str) -> bool:
    """Whether an answer is the last that is worth waiting for: for an application that passed, audit's follows the first one."""
    body = seen.body
    early = isinstance(body, answers.Screened) and body.outcome in ("passed", "refused")
    return not (early and short == "binding.requests.submitted")
