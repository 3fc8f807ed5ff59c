"""How the policy desk prints: narrow tables that a terminal of 100 columns holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from deploy.policy import notation
from deploy.policy.adopt import Adopted
from deploy.policy.diff import Difference
from deploy.policy.show import Shown
from shared.policies.contest import Fate, Lost
from shared.policies.entries import Entry

_GRADES = {"A": "green", "B": "cyan", "C": "yellow", "P": "dim"}
_FATES = {
    Fate.OLDER: "旧 older",
    Fate.OVERRIDDEN: "被取代 overridden",
    Fate.WIDENED: "被放宽 widened",
    Fate.COMING: "未到 coming",
    Fate.UNADOPTED: "未采用 unadopted",
}


def policy(found: Sequence[Shown], names: Mapping[str, str], *, whole: bool) -> RenderableType:
    """A region's values in one table; `names`: what to call a file's level. Not `whole`: one line a value, without what says nothing new."""
    table = Table(
        "项 key",
        "值 value",
        "自 from",
        "出自",
        "级",
        "依据 reference",
        box=None,
        header_style="bold",
        pad_edge=False,
        expand=True,
    )
    table.columns[1].ratio = table.columns[5].ratio = 1
    for column in table.columns:
        column.no_wrap, column.overflow = not whole, "fold" if whole else "ellipsis"
    said = found if whole else [one for one in found if one.source or one.lost]
    for section in dict.fromkeys(one.path.partition(".")[0] for one in said):
        table.add_row(f"[bold]{section}[/bold]")
        for one in said:
            if one.path.startswith(f"{section}."):
                _add(table, one, names, whole=whole)
    return Group(table, *_silent(found, whole=whole))


def notes(texts: Sequence[str]) -> Text:
    """What the region's file says of conflicting sources and of what was not found."""
    lines = "".join(f"\n  · {' '.join(text.split())}" for text in texts)
    return Text(f"\n注 notes{lines}\n" if lines else "")


def _silent(found: Sequence[Shown], *, whole: bool) -> Iterator[RenderableType]:
    """What the short form leaves out, in one line."""
    silent = sum(not one.source and not one.lost for one in found)
    hidden = sum(not _news(one, lost) for one in found for lost in one.lost)
    if not whole and (silent or hidden):
        yield Text(f"另有 {silent} 项为格式默认值，{hidden} 条旧值未列 / not shown: {silent} defaults, {hidden} older entries (--all, --path)", style="dim")  # fmt: skip


def _news(one: Shown, lost: Lost) -> bool:
    """Whether an entry that does not count is worth a line of the short form."""
    same = notation.text(one.path, lost.entry.value) == notation.text(one.path, one.value)
    return lost.fate in (Fate.UNADOPTED, Fate.COMING, Fate.WIDENED) or (
        lost.fate is Fate.OVERRIDDEN and not same
    )


def _add(table: Table, one: Shown, names: Mapping[str, str], *, whole: bool) -> None:
    value = escape(notation.text(one.path, one.value))
    name = "  " + one.path.partition(".")[2]
    if (entry := one.source) is None:
        table.add_row(name, value, "", "[dim]默认[/dim]", "", "[dim]default[/dim]")
    else:
        level = names.get(entry.file, entry.file)
        table.add_row(
            name, f"[bold]{value}[/bold]", str(entry.from_), level, grade(entry), escape(says(entry))
        )
    for lost in one.lost:
        if whole or _news(one, lost):
            style = "yellow" if lost.fate is Fate.UNADOPTED else "dim"
            entry = lost.entry
            cells = (f"    {_FATES[lost.fate]}", escape(notation.text(one.path, entry.value)), str(entry.from_),
                     names.get(entry.file, entry.file), entry.grade, escape(says(entry)))  # fmt: skip
            table.add_row(*(f"[{style}]{cell}[/]" for cell in cells))


def says(entry: Entry) -> str:
    """The reference, who adopted it, and whether lower levels may not narrow it."""
    by = f"；{entry.adopted[0]} {entry.adopted[1]} 采用 adopted" if entry.adopted else ""
    return f"{entry.reference}{'；下级不得缩小 floor' if entry.not_narrower else ''}{by}"


def grade(entry: Entry) -> str:
    """The grade of a source in its colour."""
    return f"[{_GRADES[entry.grade]}]{entry.grade}[/]"


def differing(found: Sequence[Difference], a: str, b: str) -> Table:
    """Two policies side by side, with sources."""
    table = Table("项 key", a, b, box=None, header_style="bold", pad_edge=False, expand=True)
    table.columns[1].ratio = table.columns[2].ratio = 1
    for one in found:
        cells = [
            f"[bold]{escape(notation.text(one.path, s.value))}[/bold]\n{_cite(s.source)}"
            for s in (one.a, one.b)
        ]
        table.add_row(one.path, *cells)
    return table


def everywhere(found: Mapping[str, Sequence[Difference]], names: Mapping[str, str]) -> Table:
    """What two trees say differently, each difference once with all the regions (`names`) that have it."""
    table = Table(
        "地区 region",
        "项 key",
        "A",
        "B",
        "B 的依据 reference of B",
        box=None,
        header_style="bold",
        pad_edge=False,
        expand=True,
    )
    table.columns[0].ratio, table.columns[4].ratio = 2, 3
    table.columns[0].overflow = table.columns[4].overflow = "fold"
    where: dict[tuple[str, str, str, str], list[str]] = {}
    for code, some in found.items():
        for one in some:
            a, b = (escape(notation.text(one.path, side.value)) for side in (one.a, one.b))
            where.setdefault((one.path, a, b, _cite(one.b.source)), []).append(names[code])
    for (path, a, b, cite), regions in where.items():
        named = "全部地区 all regions" if len(regions) == len(names) else "、".join(regions)
        table.add_row(named, path, a, f"[bold]{b}[/bold]", cite)
    return table


def _cite(entry: Entry | None) -> str:
    if entry is None:
        return "[dim]格式默认值 default[/dim]"
    return f"{grade(entry)} {entry.from_} {escape(says(entry))} [dim]{entry.file}[/dim]"


def adopted(done: Adopted) -> RenderableType:
    """What was put in force, what changes for whom, and how to take it back."""
    entry = done.entry
    head = f"[green]已采用 adopted[/green] {entry.path} = {escape(notation.text(entry.path, entry.value))}  {grade(entry)} {escape(entry.reference)}"
    table = Table(
        "地区 region", "自 from", "之前 before", "之后 after", box=None, header_style="bold", pad_edge=False
    )
    for one in done.changes:
        values = (escape(notation.text(entry.path, shown.value)) for shown in (one.before, one.after))
        table.add_row(one.name, str(one.since), *values)
    nobody = "其生效日各地取值不变 / no region's value changes on its first day"
    undo = (
        f"撤销：删除 {done.file} 第 {done.number} 行 / to undo, delete line {done.number}:\n  - {done.line}"
    )
    return Group(
        head, table if done.changes else nobody, Text(undo, style="dim", no_wrap=True, overflow="ignore")
    )
