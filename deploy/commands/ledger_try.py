"""`gongji ledger try`: cases of the ledger from any files and folders, through settlement's own code, without a database."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.commands.policy_files import broken
from deploy.ledger.case import Case, find, read_cases
from deploy.policy.fields import CaseError
from deploy.policy.regions import load_regions
from shared.policies import PolicyError

if TYPE_CHECKING:
    from deploy.ledger.runner import Result

Places = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", exists=True, help="案例文件或目录 / case files or folders of them."),
]
Regions = Annotated[
    Path | None,
    typer.Option(
        exists=True, help="地区文件目录，叠加在项目文件之上 / region files, laid over the project's."
    ),
]
Name = Annotated[
    str, typer.Option(metavar="PATTERN", help="只运行名称含此内容的案例 / only cases whose name matches.")
]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going", help="有不符也运行其余案例 / run the others, too, after a difference.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="一份 JSON，供脚本使用 / one JSON document, for scripts.")
]


def try_(
    places: Places,
    regions: Regions = None,
    name: Name = "",
    keep_going: KeepGoing = False,
    as_json: AsJson = False,
) -> None:
    """试算案例 / run cases of the ledger: bills, refunds, premiums, step by step; status 1 on the first difference.

    gongji ledger try tests/ledger/cases
    gongji ledger try our-cases.yaml --name '*退费*'
    gongji ledger try our/cases --regions our/regions --keep-going

    How to write a case: docs/ledger-cases.md.
    """
    from deploy.ledger.runner import run_all

    cases = _read(places, name)
    try:
        policies = load_regions(regions)
    except PolicyError as error:
        broken(error)
    results: list[Result] = []
    for result in run_all(cases, policies):
        results.append(result)
        if not (result.passed or keep_going):
            break
    if as_json:
        typer.echo(json.dumps([_row(one) for one in results], ensure_ascii=False, indent=1))
    else:
        _print(results)
    raise typer.Exit(0 if all(one.passed for one in results) else 1)


def _read(places: Sequence[Path], name: str) -> list[Case]:
    """The chosen cases; what cannot be read is one line on stderr each, and status 1."""
    found: list[Case] = []
    faults: list[str] = []
    for file in find(places):
        try:
            found += read_cases(file)
        except CaseError as error:
            faults += error.lines
    pattern = name if any(mark in name for mark in "*?[") else f"*{name}*"
    chosen = [one for one in found if fnmatchcase(one.name, pattern)]
    if not chosen and not faults:
        faults.append(f"no case{f' whose name matches {name}' if name else ''} in {', '.join(map(str, places))}")  # fmt: skip
    for fault in faults:
        typer.echo(f"ledger: {fault}", err=True)
    if faults:
        raise typer.Exit(1)
    return chosen


def _row(result: Result) -> dict[str, object]:
    row: dict[str, object] = {"file": result.case.file, "name": result.case.name, "passed": result.passed}
    if result.different is not None:
        row |= {"step": result.step} | result.different._asdict()
    return row


def _print(results: Sequence[Result]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    table = Table("文件 file", "案例 cases", "步 steps")
    steps: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    for one in results:
        cases[one.case.file] += 1
        steps[one.case.file] += len(one.case.steps)
    for file, count in cases.items():
        table.add_row(file, str(count), str(steps[file]))
    console.print(table)
    for one in results:
        if not one.passed:
            console.print(f"✗ {one.line}", markup=False, style="red")
    failed = sum(not one.passed for one in results)
    verdict = f"[red]{failed} 例不符 differ[/red]" if failed else "[green]全部相符 all as expected[/green]"
    console.print(f"{len(results)} 例 cases: {verdict}")
