"""`gongji policy try`: one request against facts in a file, with the trace of rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.commands.policy_files import print_json, tree
from deploy.local.errors import StackError
from deploy.policy.fields import CaseError

File = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, help="事实与申请，写法同案例 / facts and request, written as a case."
    ),
]
CaseName = Annotated[
    str,
    typer.Option(
        "--case", help="文件有多个案例时，名称中的文字 / part of a case's name, where the file has several."
    ),
]
Regions = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="地区文件目录，叠加在项目文件之上 / region files, laid over the project's.",
    ),
]
Everything = Annotated[bool, typer.Option("--all", help="含不适用的规则 / with rules that do not apply.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="一份 JSON，供脚本使用 / one JSON document, for scripts.")
]


def try_(
    file: File,
    case: CaseName = "",
    regions: Regions = None,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """试一个申请 / one request against facts: outcome, every reason, and which rule used which policy value.

    gongji policy try request.yaml
    gongji policy try shared/policies/cases/relations.yaml --case 湖北2024年10月1日起兄弟姐妹可以绑定 --all

    A request is a case without `expect`; how to write one: shared/policies/cases/README.md. An example:

    \b
        region: "330100"
        date: 2026-11-23
        people: {姐姐: {born: 1970-02-03}}
        steps: [{submit: 姐姐}]
    """
    from deploy.policy import told
    from deploy.policy.attempt import attempt, read_case

    policies = tree(regions)
    try:
        done = attempt(read_case(file, case), policies)
    except CaseError as error:
        raise StackError(str(error), "How to write one: shared/policies/cases/README.md.") from None
    if as_json:
        print_json(done.json())
    else:
        Console().print(told.attempt(done, everything=everything), highlight=False)
