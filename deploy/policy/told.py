"""How an attempt is printed: the outcome, every reason, then the rules."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from deploy.policy import notation
from deploy.policy.attempt import Attempt
from deploy.policy.trace import Traced, Used, Verdict
from shared.clock import BEIJING
from shared.contracts.reasons import Reason

_OUTCOMES = {
    "approved": "[green]通过 approved[/green]",
    "consent-requested": "[yellow]待使用人同意 consent-requested[/yellow]",
    "under-review": "[yellow]待人工审核 under-review[/yellow]",
    "supplement-requested": "[yellow]待补材料 supplement-requested[/yellow]",
    "waiting-for-registry": "[yellow]等待参保登记 waiting-for-registry[/yellow]",
    "refused": "[red]不予受理 refused[/red]",
    "not-accepted": "[red]消息未采用 not-accepted[/red]",
}
_VERDICTS = {
    Verdict.PASS: "[green]✓ 通过 pass[/green]",
    Verdict.FAIL: "[red]✗ 不符 fail[/red]",
    Verdict.NOT_APPLICABLE: "[dim]– 不适用 n/a[/dim]",
    Verdict.MARK: "[yellow]! 待核 look[/yellow]",
}


def attempt(done: Attempt, *, everything: bool) -> RenderableType:
    """The whole report; without `everything`, rules that do not apply are only counted."""
    at = done.case.facts.at.astimezone(BEIJING)
    outcome = _OUTCOMES.get(done.seen.outcome, done.seen.outcome)
    head = f"[bold]{escape(done.case.name)}[/bold]\n{at:%Y-%m-%d %H:%M}  {done.region}  政策版本 version {done.version}\n\n{outcome}"
    return Group(
        head, *_reasons(done), "", _rules(done, everything=everything), *_left(done, everything=everything)
    )


def _reasons(done: Attempt) -> Iterator[RenderableType]:
    for one in done.reasons:
        yield f"\n[red]{one.code}[/red]  {escape(one.zh)}\n  {escape(one.en)}\n  [bold]{escape(one.remedy_zh)}[/bold]\n  {escape(one.remedy_en)}{_cite(one)}"
    if done.seen.marks:
        yield f"\n[yellow]转人工核实 a person looks[/yellow]: {', '.join(done.seen.marks)}"


def _cite(one: Reason) -> str:
    if (c := one.citation) is None:
        return ""
    return f"\n  [dim]{c.path}，{c.valid_from} 起：{escape(c.reference)}（{c.file}）[/dim]"


def _rules(done: Attempt, *, everything: bool) -> Table:
    table = Table(
        "规则 rule",
        "结论",
        "所用政策 policy used",
        box=None,
        header_style="bold",
        pad_edge=False,
        expand=True,
    )
    table.columns[2].ratio, table.columns[2].overflow, table.columns[2].no_wrap = 1, "ellipsis", True
    for one in done.trace:
        if everything or one.verdict is not Verdict.NOT_APPLICABLE:
            table.add_row(one.rule, _VERDICTS[one.verdict], "\n".join([*map(_used, one.used), *_codes(one)]))
    return table


def _used(used: Used) -> str:
    source = used.source
    since = (
        f"[dim] {source.from_} {source.grade} {source.file}[/dim]"
        if source.from_
        else "[dim] 默认 default[/dim]"
    )
    return f"{used.path.partition('.')[2]} = {escape(notation.flow(used.value))}{since}"


def _codes(one: Traced) -> Iterator[str]:
    ids = dict.fromkeys(f"{r.rule}: {r.code}" for r in one.reasons) or dict.fromkeys(one.codes)
    return (f"[red]{line}[/red]" if one.reasons else f"[yellow]{line}[/yellow]" for line in ids)


def _left(done: Attempt, *, everything: bool) -> Iterator[RenderableType]:
    left = sum(one.verdict is Verdict.NOT_APPLICABLE for one in done.trace)
    if left and not everything:
        yield f"[dim]另有 {left} 条规则不适用 rules do not apply: --all[/dim]"
