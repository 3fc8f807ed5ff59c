"""`gongji policy show|diff|adopt|try|replay|test|document`: the desk of those who answer for a region's rules."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.commands import policy_cases, policy_replay, policy_try
from deploy.commands.policy_files import broken, day, print_json, tree
from deploy.local.errors import StackError
from deploy.policy import adopt as adopting
from deploy.policy import places, tables
from deploy.policy import show as showing
from deploy.policy.diff import Point, concerned, differences
from shared.policies import Policies, PolicyError

app = typer.Typer(
    help="政策台 / the policy desk: what holds where and when, on whose word, and what a change would do.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

app.command("try")(policy_try.try_)
app.command("replay")(policy_replay.replay)
app.command("test")(policy_cases.run_cases)

AsJson = Annotated[
    bool, typer.Option("--json", help="一份 JSON，供脚本使用 / one JSON document, for scripts.")
]
On = Annotated[
    str, typer.Option("--on", help="北京日期，缺省今天 / a Beijing date; today if none.", metavar="DATE")
]
Regions = Annotated[
    Path | None,
    typer.Option(
        "--regions",
        envvar="GONGJI_REGIONS_DIR",
        exists=True,
        file_okay=False,
        help="地区文件目录：叠加在项目文件之上，含全国文件全文则单独使用 / region files, laid over the project's; alone if whole.",
    ),
]


@app.command()
def show(
    region: Annotated[str, typer.Argument(help="代码或名称 / code or name: 330000, 浙江, Zhejiang.")],
    on: On = "",
    path: Annotated[
        str, typer.Option(help="只看这些项 / only keys that start so, such as binding.max_.")
    ] = "",
    regions: Regions = None,
    everything: Annotated[
        bool, typer.Option("--all", help="含默认值 / with defaults of the format.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """某地某日的政策 / what holds in a region on a day: each value, its source, what lost, what is unadopted.

    gongji policy show 泰安
    gongji policy show 330000 --on 2024-07-31 --path binding.relations
    gongji policy show Xinjiang --json | jq '.values[] | select(.unadopted != [])'
    """
    policies, when = tree(regions), day(on)
    code = places.find(policies, region)
    found = list(showing.shown(policies, code, when, path))
    if not found:
        raise showing.no_key(path)
    policy, chain = policies.on(code, when), places.inherited(policies, code)
    if as_json:
        head = {"region": code, "name": {"zh": policy.name_zh, "en": policy.name_en}, "on": str(when)}
        values = [one.json() for one in found]
        notes = list(policies.files[chain[0]].notes)
        print_json(head | {"inherits": chain, "version": policy.version, "notes": notes, "values": values})
        return
    own = "" if code in policies.files else f"{code} （无本地文件 no file of its own） ← "
    title = own + " ← ".join(places.title(policies, c) for c in chain)
    console = Console()
    console.print(f"[bold]{title}[/bold]\n{when}  政策版本 version {policy.version}\n", highlight=False)
    whole = everything or bool(path)
    console.print(tables.policy(found, places.levels(policies, code), whole=whole), highlight=False)
    if code in policies.files and not path:
        console.print(tables.notes(policies.files[code].notes), highlight=False, end="")


A = Annotated[str, typer.Argument(help="地区；只给目录时可省略 / a region; may be left out with --regions.")]
B = Annotated[str, typer.Argument(help="另一地区，缺省同一地区 / another region; the same if none.")]
OnB = Annotated[
    str, typer.Option(help="B 的日期，缺省同日 / the date of B; the same if none.", metavar="DATE")
]
Folders = Annotated[
    list[Path] | None,
    typer.Option(
        "--regions",
        exists=True,
        file_okay=False,
        help="一个目录：与项目文件比较；两个：互相比较 / one: against the project's files; two: against each other.",
    ),
]


@app.command()
def diff(
    a: A = "", b: B = "", on: On = "", on_b: OnB = "", regions: Folders = None, as_json: AsJson = False
) -> None:
    """两地、两日或两套文件的差别 / where two regions, two days or two sets of files differ; status 1 if they do.

    gongji policy diff 330000 泰安
    gongji policy diff 上海 --on 2024-12-08 --on-b 2024-12-09
    gongji policy diff --regions deploy/demo/policies
    """
    folders = regions or []
    if not (folders or (a and (b or on_b))):
        raise StackError(
            "nothing to compare", "Name two regions, two days (--on, --on-b), or files (--regions)."
        )
    first, second = _two_trees(folders)
    days = day(on), day(on_b or on)
    codes = (
        [(places.find(first, a), places.find(second, b or a))]
        if a
        else [(c, c) for c in concerned(first, second, days[0])]
    )
    found = {(x, y): list(differences(Point(first, x, days[0]), Point(second, y, days[1]))) for x, y in codes}
    if as_json:
        print_json(
            [{"a": x, "b": y, "differences": [one.json() for one in some]} for (x, y), some in found.items()]
        )
    elif not any(found.values()):
        Console().print("[green]相同 no difference[/green]")
    elif a:
        heads = _heads((first, second), codes[0], days, folders)
        Console().print(tables.differing(found[codes[0]], *heads), highlight=False)
    else:
        by_region = {y: some for (_, y), some in found.items()}
        Console().print(tables.everywhere(by_region, places.short_names(second)), highlight=False)
    raise typer.Exit(1 if any(found.values()) else 0)


def _heads(
    trees: tuple[Policies, Policies], codes: tuple[str, str], days: tuple[date, date], folders: list[Path]
) -> list[str]:
    """What distinguishes the two columns."""
    folder = [str(one) for one in folders] if len(folders) == 2 else ["", *(str(one) for one in folders), ""]
    return [f"{places.title(t, c)} {d} {f}" for t, c, d, f in zip(trees, codes, days, folder, strict=False)]


def _two_trees(folders: list[Path]) -> tuple[Policies, Policies]:
    if len(folders) > 2:
        raise StackError(
            "more than two --regions", "One is compared with the project's files, two with each other."
        )
    if len(folders) == 2:
        return tree(folders[0]), tree(folders[1])
    return tree(None), tree(folders[0] if folders else None)


@app.command()
def adopt(
    region: Annotated[str, typer.Argument(help="代码或名称 / code or name.")],
    path: Annotated[str, typer.Argument(help="项，例如 binding.max_sponsors / the key.")],
    from_: Annotated[str, typer.Option("--from", help="条目的日期 / the entry's date.", metavar="DATE")],
    by: Annotated[str, typer.Option(help="采用人姓名 / name of the officer.")],
    into: Annotated[
        Path, typer.Option(file_okay=False, help="叠加目录，没有则新建 / overlay directory; made if missing.")
    ],
    on: On = "",
    as_json: AsJson = False,
) -> None:
    """采用一条 C 级来源 / put a value of grade C in force, by name and date; shows what changes for whom.

    gongji policy adopt 浙江 binding.max_sponsors --from 2022-01-01 --by 张三 --on 2026-12-01 --into policies/ours
    """
    wanted = adopting.Adoption(
        places.find(tree(None), region), showing.known(path), day(from_), by.strip(), day(on)
    )
    try:
        done = adopting.adopt(wanted, into)
    except PolicyError as error:
        broken(error)
    if as_json:
        print_json(done.json())
    else:
        Console().print(tables.adopted(done), highlight=False)


@app.command()
def document(
    check: Annotated[
        bool, typer.Option("--check", help="只检查是否过期 / only say what is stale; status 1 if anything.")
    ] = False,
) -> None:
    """更新格式文档和 JSON Schema / bring docs/policy-format.md and the JSON Schema up to date with the format.

    gongji policy document
    """
    from deploy.policy import document as documents

    changed = documents.stale() if check else documents.write()
    for path in changed:
        typer.echo(f"{path.relative_to(documents.ROOT)}: {'stale' if check else 'written'}")
    if not changed:
        typer.echo("everything is up to date")
    raise typer.Exit(1 if check and changed else 0)
