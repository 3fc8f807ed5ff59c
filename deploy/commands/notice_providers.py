"""`gongji notice providers`: how much each provider carries and how it does; `set-weight` overrides it by hand."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Annotated

import asyncpg
import typer
from rich.console import Console

from deploy.commands.notice_desk import prompt_json
from deploy.commands.notice_options import AsJson, Operator, Why
from deploy.local.errors import StackError
from deploy.reading import notice_tables, notices, running
from deploy.reading.running import Running
from services.notify.domain.weights import FULL
from services.notify.providers import figures, storage
from shared.db import Conn

app = typer.Typer(help="服务商：份额、状况、改动记录 / providers: shares, how they do, history.")


@app.callback(invoke_without_command=True)
def providers(
    context: typer.Context,
    history: Annotated[
        bool, typer.Option("--history", help="份额的改动及原因 / changes of shares, and why.")
    ] = False,
    rows: Annotated[int, typer.Option(min=1, max=1000, help="改动最多几条 / at most so many changes.")] = 50,
    as_json: AsJson = False,
) -> None:
    """服务商：现有份额、链路、近一分钟与近一小时情况 / providers: share now, link, the last minute, the last hour.

    gongji notice providers
    gongji notice providers --history
    gongji notice providers set-weight smpp 20 --operator op-1 --why 该线路投诉较多
    """
    if context.invoked_subcommand:
        return
    told = asyncio.run(_read(running.find(), rows if history else 0))
    if as_json:
        rows_ = [dict(row) | {"up": told.links.get(row["name"])} for row in told.providers]
        changes = [dict(row) for row in told.history]
        document = {"providers": rows_, "prompt": prompt_json(told.prompt), "history": changes}
        typer.echo(json.dumps(document, ensure_ascii=False, indent=1, default=str))
        return
    console = Console(highlight=False)
    console.print(notice_tables.providers(told.providers, told.links))
    console.print(notice_tables.LEGEND)
    console.print(notice_tables.prompt(told.prompt))
    for line in notice_tables.history(told.history):
        console.print(line, markup=False)


@dataclass(frozen=True, slots=True)
class _Told:
    """What is shown."""

    providers: list[asyncpg.Record]
    history: list[asyncpg.Record]
    prompt: figures.Prompt
    links: dict[str, bool]


async def _read(stack: Running, changes: int) -> _Told:
    links = await notices.links(stack)

    async def all_(conn: Conn) -> _Told:
        now, names = stack.clock.now(), await figures.names(conn)
        history = await storage.history(conn, names, changes) if changes else []
        return _Told(await figures.providers(conn, now), history, await figures.prompt(conn, now), links)

    return await notices.ask(stack, all_)


@app.command("set-weight")
def set_weight(
    name: Annotated[
        str, typer.Argument(help="服务商 / the provider, as `gongji notice providers` names it.")
    ],
    weight: Annotated[int, typer.Argument(min=0, max=FULL, help="份额 / its share, 0 to 100.")],
    operator: Operator,
    why: Why,
    release: Annotated[
        bool,
        typer.Option(
            "--release/--hold",
            help="此后可自行调整；缺省为保持不变 / may move by itself afterwards; held where it is if not.",
        ),
    ] = False,
) -> None:
    """手工设定份额，载入改动记录 / sets a share by hand; it stays there until released, and is in the history.

    gongji notice providers set-weight smpp 0 --operator op-1 --why 运营商通知今晚割接
    gongji notice providers set-weight smpp 60 --release --operator op-1 --why 割接完成，恢复自动调整
    """
    text = notices.reason(why, "--why")
    notices.allowed(operator)
    stack = running.find()

    async def hold() -> list[str]:
        async with stack.writing("notify") as conn, conn.transaction():
            now = stack.clock.now()
            if await storage.hold(conn, name, weight, held=not release, operator=operator, why=text, now=now):
                return []
            return await figures.names(conn)

    if known := asyncio.run(hold()):
        raise StackError(f"没有这个服务商 / there is no provider {name[:40]!r}", f"Name one of: {', '.join(known)}.")  # fmt: skip
    typer.echo(f"{name}: {weight}, {'可自行调整 / released' if release else '保持不变 / held'}")
