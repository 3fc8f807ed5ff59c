"""`gongji notice list|show|staff`: what became of notices, and whom the staff have to tell. No number of a person is shown here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import asyncpg
import typer
from rich.console import Console

from deploy.commands.notice_options import (
    About,
    All,
    AsJson,
    By,
    Counts,
    NoticeId,
    Region,
    Rows,
    Since,
    States,
    Text,
    moment,
)
from deploy.local.errors import StackError
from deploy.reading import notice_tables, notices, running
from deploy.reading.notice_words import refused
from deploy.reading.running import Running
from services.notify import desk
from services.notify.desk import Shown, Wanted
from services.notify.domain.acts import Refusal
from services.notify.domain.course import State
from services.notify.domain.texts import Content
from services.notify.providers import figures
from shared.db import Conn

app = typer.Typer()


@app.command("list")
def list_(
    region: Region = "",
    state: States = [],  # noqa: B006 - how typer is told
    about: About = "",
    medium: By = None,
    since: Since = "",
    all_: All = False,
    counts: Counts = False,
    rows: Rows = 50,
    as_json: AsJson = False,
) -> None:
    """通知情况：缺省为待人工告知、结果不明、待回执的 / notices: those for the staff and those not known to have arrived, unless told otherwise.

    gongji notice list
    gongji notice list --region 33 --counts
    gongji notice list --about BINDING_ID --all
    gongji notice list --state delivered --medium call --since 2026-03-02 --json
    """  # fmt: skip
    states = [one.value for one in state] or ([one.value for one in State] if all_ else desk.TO_LOOK_AT)
    by = medium.value if medium else ""
    wanted = Wanted(states, region, about, by, moment(since), not all_ and not about, rows)
    _list(running.find(), wanted, counts=counts, as_json=as_json)


@app.command()
def staff(region: Region = "", counts: Counts = False, rows: Rows = 50, as_json: AsJson = False) -> None:
    """待人工告知的通知，最早的决定在前 / what the staff have to tell people themselves, oldest decision first.

    Whom it is for and what to say: `gongji notice reveal`; on paper: `print`. Afterwards `done`, or `resend` once the number is right.

    gongji notice staff
    gongji notice staff --region 3301 --json
    gongji notice staff --counts
    """
    wanted = Wanted([State.HANDED.value], region, rows=rows)
    _list(running.find(), wanted, counts=counts, as_json=as_json)


def _list(stack: Running, wanted: Wanted, *, counts: bool, as_json: bool) -> None:
    async def read(conn: Conn) -> tuple[list[asyncpg.Record], figures.Prompt | None]:
        if counts:
            return await desk.counts(conn, wanted), await figures.prompt(conn, stack.clock.now())
        return await desk.listed(conn, wanted), None

    rows, prompt = asyncio.run(notices.ask(stack, read))
    if as_json:
        found: Any = [dict(row) for row in rows]
        if prompt:
            found = {"counts": found, "prompt": prompt_json(prompt)}
        _json(found)
        return
    _print(rows, prompt, wanted)


def _print(rows: Sequence[asyncpg.Record], prompt: figures.Prompt | None, wanted: Wanted) -> None:
    console = Console(highlight=False)
    if prompt:
        console.print(notice_tables.counts(rows))
        console.print(notice_tables.prompt(prompt))
        return
    for row in rows:
        for line in notice_tables.lines(dict(row)):
            console.print(line)
    if not rows:
        console.print("没有这样的通知 / no such notices")
    elif len(rows) == wanted.rows:
        console.print(f"只显示前 {wanted.rows} 条 / only the first {wanted.rows}: see --rows, --counts")


@app.command()
def show(notice_id: NoticeId, text: Text = False, as_json: AsJson = False) -> None:
    """一条通知的经过：每次尝试、回执、文案版本、查看记录 / one notice: every attempt, receipts, wording and version, who looked.

    gongji notice show 0192f0c1-5a00-7000-8000-000000000001
    gongji notice show NOTICE_ID --text --json
    """
    stack = running.find()
    found = asyncio.run(notices.ask(stack, lambda conn: desk.show(conn, notice_id)))
    if found is None:
        raise refused(Refusal("no-such-notice"))
    content, sealed = _words(found, needed=text)
    told = notice_tables.shown(found, content, sealed=sealed, text=text)
    if as_json:
        _json(told)
        return
    console = Console(highlight=False)
    for line in notice_tables.sheet(told):
        console.print(line)
    console.print(notice_tables.attempts(told["attempts"]))
    for one in told["attempts"]:
        for receipt in one["receipts"]:
            console.print(
                f"回执 receipt {one['number']}: {receipt['provider_id']} {receipt['fate']} {receipt['code']}",
                markup=False,
            )


def _words(found: Shown, *, needed: bool) -> tuple[Content | None, bool]:
    """The words, and whether they are sealed and nobody gave a key; without a key the course can be shown all the same."""
    try:
        return desk.content_of(found.row, notices.seal()), False
    except StackError:
        if needed:
            raise
        return None, True


def prompt_json(prompt: figures.Prompt) -> dict[str, Any]:
    """The published figure for scripts."""
    return {"due": prompt.due, "within": prompt.within, "share": prompt.share, "seconds": figures.PROMPT}


def _json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))
