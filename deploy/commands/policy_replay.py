"""`gongji policy replay`: what a changed policy would have said of past requests."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.commands.policy_files import day, tree
from deploy.local.errors import StackError
from deploy.policy import past, places, report
from deploy.policy.replay import Replay
from deploy.reading import running

MONTH = timedelta(days=30)


def replay(
    changed: Annotated[
        Path,
        typer.Option(
            "--with",
            exists=True,
            help="改动后的地区文件或目录，叠加在现行政策之上 / the changed policy: a region file or a folder, laid over the present one.",
        ),
    ],
    since: Annotated[
        str,
        typer.Option(
            "--from",
            help="自北京日期，缺省 30 天前 / first Beijing date; 30 days ago if none.",
            metavar="DATE",
        ),
    ] = "",
    until: Annotated[
        str,
        typer.Option(
            "--to",
            help="至北京日期（含），缺省今天 / last Beijing date, included; today if none.",
            metavar="DATE",
        ),
    ] = "",
    region: Annotated[
        str,
        typer.Option(help="只看一地：代码、代码前几位或名称 / one region: code, its first digits, or name."),
    ] = "",
    limit: Annotated[int, typer.Option(min=0, help="最多列出多少次 / list at most so many.")] = 20,
    csv: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="全部差异写入此文件 / write every difference to a file."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="一份 JSON，供脚本使用 / one JSON document, for scripts.")
    ] = False,
) -> None:
    """改动对过去的申请意味着什么 / past requests, with the facts as they were, under a changed policy. Emits and writes nothing.

    gongji policy replay --with policies/ours --from 2026-11-01 --to 2026-11-23
    gongji policy replay --with 330000-zhejiang.yaml --region 浙江 --csv differences.csv

    The present policy is that of the project with `GONGJI_REGIONS_DIR` laid over it. A folder that holds a whole tree is read alone.
    """  # fmt: skip
    stack = running.find()
    own = os.environ.get("GONGJI_REGIONS_DIR")
    below = [Path(own)] if own else []
    present, other = tree(None, below), tree(changed, below)
    last = day(until)
    first = day(since) if since else last - MONTH
    if first > last:
        raise StackError(f"--from {first} is after --to {last}", "Name the earlier date first.")
    code = region if region.isdigit() and len(region) <= 6 else places.find(present, region) if region else ""
    prefix = code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code
    started = time.perf_counter()
    with _progress(as_json) as progress:
        task = progress.add_task("重放 replaying", total=None)
        tally = asyncio.run(
            past.replayed(stack, first, last, "" if code == places.NATIONAL else prefix, Replay(present, other),
                          lambda n: progress.update(task, total=n), lambda: progress.advance(task))
        )  # fmt: skip
    seconds = time.perf_counter() - started
    if csv is not None:
        past.write_csv(csv, tally.differing)
    if as_json:
        typer.echo(
            json.dumps(
                {"from": str(first), "to": str(last), "seconds": round(seconds, 3)} | tally.json(),
                ensure_ascii=False,
                indent=1,
            )
        )
        return
    Console().print(report.replayed(tally, past.first_to_read(tally.differing, limit), seconds), highlight=False)


def _progress(quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(
        *columns, console=Console(stderr=True), transient=True, disable=quiet or not sys.stderr.isatty()
    )
