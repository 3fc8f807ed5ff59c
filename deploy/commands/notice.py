"""`gongji notice`: here is `preview`, how notices read before anybody gets them; what became of them is in `notice_*`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from deploy.commands import notice_desk, notice_providers, notice_tell
from deploy.commands.policy_files import day, print_json, tree
from deploy.notices import preview as reading
from deploy.notices.preview import CHANNELS_ZH, STATES_ZH, Listed, Shown
from deploy.policy import places
from services.notify import template_files
from services.notify.domain.templates import CHINESE, NATIONAL, Template, Templates
from services.notify.domain.texts import Reader
from services.notify.domain.variables import KINDS
from shared.contracts.binding_requests import Side
from shared.contracts.notices import Medium

app = typer.Typer(
    help="通知 / notices: what people are told.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def notices() -> None:
    """通知 / notices: what people are told."""


OfKind = Annotated[str, typer.Option(help="通知类别 / kind of notice, such as approved; all if none.")]
Of = Annotated[str, typer.Option(help="地区代码或名称 / region: its templates and its hotline.")]
By = Annotated[Medium | None, typer.Option(help="渠道 / channel; all if none.")]
To = Annotated[Side | None, typer.Option(help="授权人或使用人 / whom it is told; both if none.")]
Surname = Annotated[str, typer.Option(help="电话里称呼的姓 / the surname that a call asks for.")]
Language = Annotated[str, typer.Option(help="语言 / language; Chinese where a text has none.")]
Drafts = Annotated[bool, typer.Option("--drafts", help="草稿和已报备的也算 / as if drafts were approved.")]
Sign = Annotated[
    str, typer.Option(envvar="GONGJI_NOTIFY_SIGN", help="短信签名 / signature of text messages.")
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--templates",
        envvar="GONGJI_NOTIFY_TEMPLATES_DIR",
        exists=True,
        file_okay=False,
        help="叠加在项目文件之上的目录 / folder laid over the project's files.",
    ),
]
Regions = Annotated[
    Path | None,
    typer.Option(
        envvar="GONGJI_REGIONS_DIR", exists=True, file_okay=False, help="地区文件目录 / region files."
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="一份 JSON，供脚本使用 / one JSON document, for scripts.")
]


@app.command()
def preview(
    kind: OfKind = "",
    region: Of = NATIONAL,
    channel: By = None,
    side: To = None,
    surname: Surname = "王",
    language: Language = CHINESE,
    drafts: Drafts = False,
    sign: Sign = template_files.SIGN,
    templates_dir: Folder = None,
    regions: Regions = None,
    as_json: AsJson = False,
) -> None:
    """通知文案预览：条数、审批状态、出自哪个文件 / examples of every outcome, with text message parts, approval and file.

    gongji notice preview
    gongji notice preview --kind refused --side sponsor --channel sms
    gongji notice preview --region 杭州 --kind approved --json | jq '.[].text'
    """
    if kind and kind not in KINDS:
        raise typer.BadParameter(f"{kind!r}: expected one of {', '.join(KINDS)}", param_hint="--kind")
    found, reader = _load(templates_dir, sign), _reader(regions, region, language, surname)
    templates = reading.with_drafts(found) if drafts else found
    kinds, sides = [kind] if kind else list(KINDS), [side] if side else list(Side)
    channels = [channel] if channel else list(Medium)
    shown = list(reading.previews(templates, reader, kinds, sides, channels))
    if as_json:
        print_json([one.json() for one in shown])
    elif kind:
        _texts(shown, found)
        if Medium.CALL in channels:
            _before(reader, templates, found)
    else:
        _overview(reading.overview(shown), found)
    if any(one.fault for one in shown):
        raise typer.Exit(1)


def _reader(regions: Path | None, region: str, language: str, surname: str) -> Reader:
    """Somebody of the region, on today's policy."""
    policies = tree(regions)
    code = places.find(policies, region)
    return Reader(code, policies.on(code, day("")).notice.hotline, language, surname or None)


def _load(place: Path | None, sign: str) -> Templates:
    """The templates; every fault is one line on stderr, and status 1."""
    try:
        return template_files.load(place, sign=sign)
    except template_files.TemplateError as error:
        for problem in error.problems:
            typer.echo(f"template: {problem}", err=True)
        raise typer.Exit(1) from None


def _state(template: Template, as_written: Templates) -> str:
    """The state in the files, in both languages; what `--drafts` made of it is not told."""
    one = as_written.named(template.name) or template
    return f"{STATES_ZH[one.state]} {one.state}"


def _texts(shown: Sequence[Shown], as_written: Templates) -> None:
    console = Console()
    for one in shown:
        if one.template is None or one.fault:
            console.print(
                f"[red]{one.kind}.{one.side}.{one.channel} {escape(one.outcome)}: {one.fault}[/red]"
            )
            continue
        parts = f" {one.segments} 条 parts" if one.segments else ""
        about = f"{one.template.name}  {_state(one.template, as_written)}  {one.template.file}"
        console.print(
            f"[bold]{CHANNELS_ZH[one.channel]} · {escape(one.outcome)}[/bold]{parts}  {about}",
            highlight=False,
            soft_wrap=True,
        )
        console.print(escape(one.text) + "\n", highlight=False, soft_wrap=True)


def _before(reader: Reader, templates: Templates, as_written: Templates) -> None:
    """What a call says to whoever answers, the same for all kinds: first, or alone if it has no menu."""
    said = {"opening": ("接听前 before a key", reading.opening), "hint": ("无菜单 no menu", reading.hint)}
    console = Console()
    for kind, (title, words) in said.items():
        if not (template := templates.find(reader.region, kind, None, Medium.CALL, reader.language)):
            return
        about = f"{template.name}  {_state(template, as_written)}  {template.file}"
        console.print(f"[bold]{title}[/bold]  {about}", highlight=False)
        console.print(escape(words(templates, reader)), highlight=False, soft_wrap=True)


def _overview(listed: Sequence[Listed], as_written: Templates) -> None:
    """One line each: a table would cut the names."""
    width = max((len(one.template.name) for one in listed), default=0)
    for one in listed:
        template = one.template
        parts = f"≤ {one.segments} 条 parts" if one.segments else "            "
        codes = "  ".join(f"{name} {code.code} {code.state}" for name, code in template.codes.items())
        outcomes = f"{one.outcomes:2} 例 outcomes"
        line = f"{template.name:{width}}  {_state(template, as_written)}  {outcomes}  {parts}  {template.file}  {codes}"
        typer.echo(line.rstrip())


for _part in (notice_desk, notice_tell):
    app.registered_commands += _part.app.registered_commands
app.add_typer(notice_providers.app, name="providers")
