"""`gongji record verify|prove|check|seals|views`: nothing that was decided or looked at was changed or removed, and who may see for himself."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from deploy.commands.policy_files import day
from deploy.commands.record_views import views
from deploy.local.errors import StackError
from deploy.reading import record, running
from deploy.reading.running import Running
from services.audit.domain import proving
from services.audit.domain.checking import FAULTS, Broken
from services.audit.record.verifying import Found

app = typer.Typer(help="The record of decisions and of views of personal data: verify it, prove one decision, list the seals.", no_args_is_help=True, rich_markup_mode=None)  # fmt: skip

AsJson = Annotated[
    bool, typer.Option("--json", help="一份 JSON，供脚本使用 / one JSON document, for scripts.")
]


@app.command()
def verify(
    since: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="DATE",
            help="自该北京日期起，此前只信链头 / from this Beijing date; what came before is believed.",
        ),
    ] = "",
    topic: Annotated[
        bool,
        typer.Option(
            "--topic",
            help="并与 binding.decisions 逐条核对 / hold every message of binding.decisions against it, too.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """核验记录：逐条、逐环、逐日、逐绑定 / go through entries, links, seals and bindings. Status 1 and the first broken entry if not whole.

    gongji record verify
    gongji record verify --from 2026-11-23 --json
    gongji record verify --topic
    """  # fmt: skip
    begun = time.perf_counter()
    with _progress(as_json) as progress:
        found = _verified(running.find(), day(since) if since else None, topic, progress)
    seconds = time.perf_counter() - begun
    if as_json:
        typer.echo(json.dumps(_told(found, seconds), ensure_ascii=False, indent=1, default=str))
    else:
        _print(found, seconds)
    if found.broken:
        raise typer.Exit(1)


def _verified(stack: Running, since: date | None, topic: bool, progress: Progress) -> Found:
    task = progress.add_task("核验 verifying", total=None)
    found = asyncio.run(
        record.verify(
            stack, since, lambda n: progress.update(task, total=n), lambda n: progress.advance(task, n)
        )
    )
    if topic:
        second = progress.add_task("主题 topic", total=None)
        found.add(*asyncio.run(record.beside_topic(stack, lambda n: progress.advance(second, n))))
    return found


def _told(found: Found, seconds: float) -> dict[str, Any]:
    counts = {name: getattr(found, name) for name in ("chains", "links", "entries", "bindings", "seals")}
    last = {"day": found.last.day, "root": found.last.root.hex()} if found.last else None
    broken = [_row(one) for one in found.broken]
    first = _row(found.first) if found.first else None
    return counts | {"last_seal": last, "whole": not broken, "first_broken": first, "broken": broken, "seconds": round(seconds, 3)}  # fmt: skip


def _row(one: Broken) -> dict[str, Any]:
    zh, en = FAULTS[one.code]
    facts = {
        name: getattr(one, name) for name in ("code", "chain", "position", "binding_id", "version", "at")
    }
    return facts | {"zh": zh, "en": en}


def _print(found: Found, seconds: float) -> None:
    console = Console()
    console.print(
        f"{found.entries} entries in {found.links} links of {found.chains} chains, {found.bindings} bindings,"
        f" {found.seals} seals; {seconds:.1f} s",
        highlight=False,
    )
    if found.last:
        console.print(f"last seal {found.last.day} {found.last.root.hex()}", highlight=False, soft_wrap=True)
    if found.first is None:
        console.print("[green]记录完整 / the record is whole[/]")
        return
    console.print(f"[red]首处损坏 / first broken:[/] {found.first}", highlight=False, soft_wrap=True)
    for one in found.broken:
        if one is not found.first:
            console.print(f"  {one}", highlight=False, soft_wrap=True)


@app.command()
def prove(
    binding_id: Annotated[UUID, typer.Argument(help="绑定编号 / the binding.", metavar="BINDING_ID")],
    version: Annotated[
        int | None, typer.Option(min=1, help="版本，缺省为最后一个 / which decision; the last one if none.")
    ] = None,
) -> None:
    """打印一项决定的存在证明 / print the proof that a decision is under a sealed root, for somebody without access.

    gongji record prove 0192f0c1-5a00-7000-8000-000000000001 --version 2 > proof.json
    """
    typer.echo(asyncio.run(record.prove(running.find(), binding_id, version)).model_dump_json(indent=1))


@app.command()
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="证明文件 / the proof.")],
    root: Annotated[
        str, typer.Option(help="当日公布的根 / the day's root as it was published.", metavar="HEX")
    ],
    body: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="决定原文 / the decision's bytes as they were published."
        ),
    ] = None,
) -> None:
    """凭公布的根检验证明，无需数据库 / check a proof with nothing but the published root. Status 1 if it does not hold.

    gongji record check proof.json --root 5f1c...e0
    """
    try:
        proof = proving.Proof.model_validate_json(file.read_bytes())
        published = bytes.fromhex(root)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, one["loc"])) or "JSON" for one in error.errors()[:5])
        raise StackError(f"{file} is no proof: {places}", "docs/record.md says how one looks.") from None
    except ValueError:
        raise StackError(
            "--root is not hexadecimal", "It has 64 digits, see `gongji record seals`."
        ) from None
    fault = proving.check(proof, published)
    if fault is None and body is not None and not proving.is_body(proof, body.read_bytes()):
        fault = "these are not the bytes of the decision"
    if fault:
        typer.echo(f"证明不成立 / the proof does not hold: {fault}")
        raise typer.Exit(1)
    typer.echo(f"证明成立 / the proof holds: {proof.day.text}\n{proof.entry}")


@app.command()
def seals(as_json: AsJson = False) -> None:
    """每日封存的根 / the root of every day. Publish each where you cannot change it afterwards: a gazette, another authority, a log.

    gongji record seals
    gongji record seals --json
    """
    found = asyncio.run(record.seals(running.find()))
    if as_json:
        rows = [
            {"day": one.day, "root": root.hex(), "previous": one.previous.hex(), "entries": sum(n for n, _ in one.heads.values())}
            for one, root in found
        ]  # fmt: skip
        typer.echo(json.dumps(rows, indent=1, default=str))
        return
    table = Table("日 / day", "根 / root", "链 / chains", "条 / entries")
    for one, root in found:
        table.add_row(
            str(one.day), root.hex(), str(len(one.heads)), str(sum(n for n, _ in one.heads.values()))
        )
    Console().print(table)


app.command("views")(views)


def _progress(quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(
        *columns, console=Console(stderr=True), transient=True, disable=quiet or not sys.stderr.isatty()
    )
