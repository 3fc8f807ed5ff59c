"""`gongji policy test`: cases from any folder against region files from any folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track

from deploy.policy import case as cases
from deploy.policy.fields import CaseError
from deploy.policy.regions import load_regions
from shared.policies import PolicyError

if TYPE_CHECKING:
    from deploy.policy.runner import Result


def run_cases(
    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]", exists=True, help="案例目录或文件，缺省项目案例 / cases; the project's if none."
        ),
    ] = None,
    regions: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="地区文件目录：叠加在项目文件之上，含全国文件全文则单独使用 / region files, laid over the project's; alone if whole.",
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(metavar="PATTERN", help="只运行名称含此内容的案例 / only cases whose name matches.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="一份 JSON，供脚本使用 / one JSON document, for scripts.")
    ] = False,
) -> None:
    """运行案例 / run cases through the services' own rules; status 1 if one comes out otherwise than it says.

    gongji policy test
    gongji policy test --name '*兄弟*'
    gongji policy test our/cases --regions our/regions
    """
    results = _run(directory, regions, name, quiet=as_json)
    if as_json:
        typer.echo(json.dumps([_row(one) for one in results], ensure_ascii=False, indent=1))
    else:
        _print(results)
    raise typer.Exit(0 if all(one.passed for one in results) else 1)


def _run(directory: Path | None, regions: Path | None, name: str, *, quiet: bool) -> list[Result]:
    """The results of the chosen cases; what cannot be read is one line on stderr each, and status 1."""
    from deploy.policy import runner

    found, faults = _read(directory, name)
    try:
        policies = load_regions(regions)
    except PolicyError as error:
        faults += error.problems
    if faults:
        for fault in faults:
            typer.echo(f"policy: {fault}", err=True)
        raise typer.Exit(1)
    console = Console(stderr=True)
    shown = track(
        found, "案例 cases", console=console, transient=True, disable=quiet or not console.is_terminal
    )
    return list(runner.run_all(shown, policies))


def _read(directory: Path | None, name: str) -> tuple[list[cases.Case], list[str]]:
    """The cases of a folder or file, and one line for each file that cannot be used."""
    found: list[cases.Case] = []
    faults: list[str] = []
    for file in _files(directory):
        try:
            found += cases.read_cases(file)
        except CaseError as error:
            faults += error.lines
    pattern = name if any(mark in name for mark in "*?[") else f"*{name}*"
    chosen = [one for one in found if fnmatchcase(one.name, pattern)]
    if not chosen and not faults:
        faults.append(
            f"no case{f' whose name matches {name}' if name else ''} in {directory or 'the project'}"
        )
    return chosen, faults


def _files(directory: Path | None) -> Iterator[Path]:
    if directory is not None and directory.is_file():
        yield directory
    else:
        yield from cases.find(directory)


def _row(result: Result) -> dict[str, object]:
    case = result.case
    different = [{"step": number, "difference": line} for number, line in result.different]
    return {"file": case.file, "name": case.name, "passed": result.passed, "differences": different}


def _print(results: Sequence[Result]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for one in results:
        if one.passed:
            continue
        console.print(f"[red]✗[/red] {one.case.file}: [bold]{one.case.name}[/bold]")
        for number, line in one.different:
            step = one.case.steps[number - 1] if number else None
            what = f"第{number}步 step {number} ({step.verb} {step.subject})" if step else "政策 policy"
            console.print(f"    {what}: {line}", markup=False)
    failed = sum(not one.passed for one in results)
    regions = len({one.case.facts.region for one in results})
    verdict = f"[red]{failed} 例不符 differ[/red]" if failed else "[green]全部相符 all as expected[/green]"
    console.print(f"{len(results)} 例，{regions} 个地区 cases of {regions} regions: {verdict}")
