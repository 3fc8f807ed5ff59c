"""`gongji dead-letters list|show|replay|resume`."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.commands.services import Service, chosen, each_database
from deploy.local.errors import StackError
from deploy.reading import letters, running, words
from deploy.reading.letters import Letter
from deploy.reading.running import Q, Running
from shared.contracts.topics import dead_letters_topic
from shared.db import Conn
from shared.messaging import due

app = typer.Typer(help="What the services could not handle: look at it, publish it again.", no_args_is_help=True, rich_markup_mode=None)  # fmt: skip

Reason = Annotated[str, typer.Option(help="Only this reason, such as broken-json.")]
Source = Annotated[str, typer.Option(help="Only from this source.")]
_REF = re.compile(r"(?P<service>[a-z]+)(\.dead-letters)?/(?P<partition>[0-9]+)@(?P<offset>[0-9]+)")


@app.command("list")
def list_(
    service: Service = "",
    reason: Reason = "",
    source: Source = "",
    limit: Annotated[int, typer.Option(help="Show at most so many, newest last.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One dead letter a line, for scripts.")] = False,
) -> None:
    """List dead letters, oldest first, and count them by reason.

    gongji dead-letters list
    gongji dead-letters list --service eligibility --reason broken-json
    gongji dead-letters list --json | jq -r .ref
    """
    found = [one for one in _read(running.find(), chosen(service)) if one.matches(reason, source)]
    if as_json:
        for one in found:
            typer.echo(json.dumps(one.summary(), ensure_ascii=False))
        return
    console = Console(highlight=False)
    console.print(_table(found[-limit:]) if found else "no dead letters")
    for code, count in sorted(letters.by_reason(found).items()):
        told = words.dead(code)
        console.print(f"{count:>6}  {code}: {told.zh} / {told.en}", soft_wrap=True)


def _table(found: Sequence[Letter]) -> Table:
    """Nothing is cut: what has no room goes on in the next line."""
    table = Table()
    table.add_column("ref", no_wrap=True)
    for heading in ("time", "source", "type"):
        table.add_column(heading, overflow="fold")
    table.add_column("reason", no_wrap=True)
    for one in found:
        row = one.summary()
        short = row["type"].removeprefix("gongji.").removesuffix(".v1")
        table.add_row(row["ref"], one.time, row["source"], short, row["reason"])
    return table


@app.command()
def show(
    ref: Annotated[str, typer.Argument(help="Which: service/partition@offset, as `list` shows it.")],
    save: Annotated[
        Path | None, typer.Option(help="Write the original bytes, unmasked, to this new file.")
    ] = None,
) -> None:
    """Show one dead letter. Personal data and what does not fit the contract stay hidden; --save keeps the original bytes.

    gongji dead-letters show eligibility/0@12
    gongji dead-letters show eligibility/0@12 --save original.json
    """
    one = _one(running.find(), ref)
    typer.echo(json.dumps(one.told(), ensure_ascii=False, indent=1))
    if save is not None:
        _save(save, one.seen.value or b"")
        typer.echo(f"{len(one.seen.value or b'')} original bytes in {save} (readable by you only): they may hold personal data", err=True)  # fmt: skip


def _save(file: Path, value: bytes) -> None:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise StackError(f"{file}: {error.strerror}", "Name a new file in a folder that exists.") from error
    with os.fdopen(handle, "wb") as out:
        out.write(value)


@app.command()
def replay(
    refs: Annotated[
        list[str] | None, typer.Argument(help="Which: service/partition@offset; or choose by options.")
    ] = None,
    service: Service = "",
    reason: Reason = "",
    source: Source = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be published.")] = False,
) -> None:
    """Publish dead letters again: original bytes, key and headers, on the original topic. A row that was due is put back.

    Each is judged by the time of its first arrival, and a record counts once however often it is replayed.

        gongji dead-letters replay eligibility/0@12
        gongji dead-letters replay --service settlement --reason handler-failed
    """
    if not refs and not (service or reason or source):
        raise typer.BadParameter("name dead letters, or choose them with --service, --reason or --source")
    stack = running.find()
    if refs:
        found = [_one(stack, ref) for ref in refs]
    else:
        found = [one for one in _read(stack, chosen(service)) if one.matches(reason, source)]
    rows = [one for one in found if one.is_due_row]
    records, hopeless = letters.to_replay([one for one in found if not one.is_due_row])
    for one in hopeless:
        typer.echo(f"{one.ref}: came from no topic, it cannot be replayed", err=True)
    if not dry_run:
        asyncio.run(letters.publish(stack, [record for _, record in records]))
    for one, record in records:
        typer.echo(f"{one.ref} → {record.topic}{' (not published)' if dry_run else ''}")
    put_back = rows if dry_run else _put_back(stack, rows)
    count = len(records) + len(put_back)
    typer.echo(f"{count} {'would be ' if dry_run else ''}replayed")
    raise typer.Exit(1 if found and not count else 0)


def _put_back(stack: Running, rows: Sequence[Letter]) -> list[Letter]:
    """Puts rows that were due back into their services' tables; those that went back."""
    done = []
    for one in rows:

        async def put(conn: Conn, value: bytes = one.seen.value or b"") -> bool:
            return await due.restore(conn, value)

        try:
            back = asyncio.run(each_database(stack, [one.service], put))[one.service]
        except ValueError as error:
            typer.echo(f"{one.ref}: {error}", err=True)
            continue
        typer.echo(
            f"{one.ref} {'→ put back among what is due' if back else 'stays: its like is due again already'}"
        )
        done += [one] * back
    return done


@app.command()
def resume(
    service: Annotated[str, typer.Argument(help="Which service; all of them if none is named.")] = "",
) -> None:
    """Release the brake of a service that stopped itself because its own code failed too often.

    Look first: `gongji dead-letters list --reason handler-failed`. After the cause is mended:

        gongji dead-letters resume settlement
    """
    released = asyncio.run(each_database(running.find(), chosen(service), _release))
    for name, reason in released.items():
        typer.echo(f"{name}: {f'brake released ({reason})' if reason else 'no brake was on'}")


async def _release(conn: Conn) -> str | None:
    reason: str | None = await conn.fetchval(Q.release_brake)
    return reason


def _read(stack: Running, services: Collection[str]) -> list[Letter]:
    from deploy.reading import topics

    wanted = [dead_letters_topic(name) for name in services]
    return [Letter(seen) for seen in asyncio.run(topics.whole(stack, topics=wanted))]


def _one(stack: Running, ref: str) -> Letter:
    match = _REF.fullmatch(ref.strip())
    if match is None:
        raise typer.BadParameter(f"{ref!r} is no reference; `list` shows them, for example eligibility/0@12")
    place: Sequence[Any] = (match["service"], int(match["partition"]), int(match["offset"]))
    for one in _read(stack, chosen(match["service"])):
        if (one.service, one.seen.partition, one.seen.offset) == tuple(place):
            return one
    raise StackError(f"there is no dead letter {ref}", "See `gongji dead-letters list`.")
