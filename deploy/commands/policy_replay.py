"""`gongji policy replay`: what a changed policy would have said of past requests."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.commands.policy_files import day, print_json, tree
from deploy.local.errors import StackError
from deploy.policy import past, places, report
from deploy.policy.replay import Replay
from deploy.reading import running
from shared.policies import Policies

MONTH = timedelta(days=30)


Changed = Annotated[
    Path,
    typer.Option(
        "--with",
        exists=True,
        help="改动后的地区文件或目录，叠加在现行政策之上 / the changed policy: a region file or a folder, laid over the present one.",
    ),
]
Since = Annotated[
    str,
    typer.Option(
        "--from", help="自北京日期，缺省 30 天前 / first Beijing date; 30 days ago if none.", metavar="DATE"
    ),
]
Until = Annotated[
    str,
    typer.Option(
        "--to",
        help="至北京日期（含），缺省今天 / last Beijing date, included; today if none.",
        metavar="DATE",
    ),
]
Region = Annotated[
    str, typer.Option(help="只看一地：代码、代码前几位或名称 / one region: code, its first digits, or name.")
]
Limit = Annotated[int, typer.Option(min=0, help="最多列出多少次 / list at most so many.")]
Csv = Annotated[
    Path | None, typer.Option(dir_okay=False, help="全部差异写入此文件 / write every difference to a file.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="一份 JSON，供脚本使用 / one JSON document, for scripts.")
]


def replay(
    changed: Changed,
    since: Since = "",
    until: Until = "",
    region: Region = "",
    limit: Limit = 20,
    csv: Csv = None,
    as_json: AsJson = False,
) -> None:
    """改动对过去的申请意味着什么 / past requests, with the facts as they were, under a changed policy. Emits and writes nothing.

    gongji policy replay --with policies/ours --from 2026-11-01 --to 2026-11-23
    gongji policy replay --with 330000-zhejiang.yaml --region 浙江 --csv differences.csv

    The present policy is that of the project with `GONGJI_REGIONS_DIR` laid over it. A folder that holds a whole tree is read alone.
    """
    stack = running.find()
    present, other = _present(), _present(changed)
    first, last = _days(since, until)
    started = time.perf_counter()
    with _progress(as_json) as progress:
        task = progress.add_task("重放 replaying", total=None)
        wanted = past.Wanted(first, last, _prefix(present, region))
        work = past.replayed(
            stack,
            wanted,
            Replay(present, other),
            lambda n: progress.update(task, total=n),
            lambda: progress.advance(task),
        )
        tally = asyncio.run(work)
    seconds = time.perf_counter() - started
    if csv is not None:
        past.write_csv(csv, tally.differing)
    if as_json:
        print_json({"from": str(first), "to": str(last), "seconds": round(seconds, 3)} | tally.json())
    else:
        Console().print(
            report.replayed(tally, past.first_to_read(tally.differing, limit), seconds), highlight=False
        )


def _present(changed: Path | None = None) -> Policies:
    """The policy that holds, with `changed` laid over it."""
    own = os.environ.get("GONGJI_REGIONS_DIR")
    return tree(changed, [Path(own)] if own else [])


def _days(since: str, until: str) -> tuple[date, date]:
    """First and last Beijing date, both included."""
    last = day(until)
    first = day(since) if since else last - MONTH
    if first > last:
        raise StackError(f"--from {first} is after --to {last}", "Name the earlier date first.")
    return first, last


def _prefix(policies: Policies, region: str) -> str:
    """First digits of the codes that a region holds: its cities and counties too."""
    code = (
        region if region.isdigit() and len(region) <= 6 else places.find(policies, region) if region else ""
    )
    if code == places.NATIONAL:
        return ""
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code


def _progress(quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(
        *columns, console=Console(stderr=True), transient=True, disable=quiet or not sys.stderr.isatty()
    )
