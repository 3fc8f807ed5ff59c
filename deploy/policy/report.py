"""How a replay is printed: figures first, then what became of what, then the single requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from deploy.policy.past import NOT_LOOKED_AT
from deploy.policy.replay import Replayed, Stale, Tally

_OUTCOMES = {
    "passed": "通过 passed",
    "consent-needed": "待同意 consent-needed",
    "supplement": "待补材料 supplement",
    "refused": "不予受理 refused",
}
_GAPS = {
    "erased": "已按要求删除 erased",
    "history-missing": "早于保存期 history-missing",
    NOT_LOOKED_AT: "当日未能确认的人过多，未审查 not-looked-at",
}


def replayed(tally: Tally, shown: Sequence[Replayed], seconds: float) -> RenderableType:
    """The whole report; `shown` are the differing screenings to list."""
    return Group(
        *_figures(tally, seconds), *_warnings(tally), *_idle(tally), *_groups(tally), *_requests(tally, shown)
    )


def _figures(tally: Tally, seconds: float) -> Iterator[RenderableType]:
    rate = f"{tally.screenings / seconds:,.0f}/s" if seconds > 0 else ""
    yield f"[bold]{tally.screenings}[/bold] 次审查 screenings，{len(tally.requests)} 个申请 requests  [dim]{rate}[/dim]"
    style = "yellow" if tally.differing else "green"
    share = f" ({len(tally.differing) / tally.screenings:.1%})" if tally.differing else ""
    moved = sum(number for (a, b), number in tally.outcomes.items() if a != b)
    what = (
        f"：{moved} 次结论不同 by outcome，{len(tally.differing) - moved} 次仅理由不同 by reasons only"
        if tally.differing
        else ""
    )
    yield f"[green]{tally.same}[/green] 不变 same，[{style}]{len(tally.differing)}[/] 不同 differ{share}{what}"


def _warnings(tally: Tally) -> Iterator[RenderableType]:
    """What the reader must know before believing the figures."""
    older, odd = tally.stale[Stale.OLDER], tally.stale[Stale.UNEXPLAINED]
    if older:
        yield f"[yellow]注意[/yellow] {older} 次的原结论出自旧版政策，现行政策下已不同；以下与现行政策比较 / recorded under an older policy: compared with the present one"
    if odd:
        yield f"[red]注意[/red] {odd} 次用同一版政策不能重现原结论，规则已改 / not reproduced by the same policy version: the rules have changed since"
    for gap, number in tally.gaps.items():
        yield f"[yellow]注意[/yellow] {number} 次不能重放：{_GAPS.get(gap, gap)} / cannot be replayed"


def _idle(tally: Tally) -> Iterator[RenderableType]:
    """Keys that were changed and decide nothing here."""
    idle = [key for key in tally.changed if key not in tally.keys]
    if idle:
        yield f"[dim]已改动、未影响任何一次审查 changed, but decided no screening: {', '.join(idle)}[/dim]"
    elif tally.screenings and not tally.changed:
        yield "[yellow]注意[/yellow] 两套政策对这些申请没有差别 / the two policies do not differ for these requests"


def _groups(tally: Tally) -> Iterator[RenderableType]:
    if not tally.differing:
        return
    moves = _table("之前 before", "之后 after", "次 count")
    for (a, b), number in tally.outcomes.most_common():
        moves.add_row(_OUTCOMES.get(a, a), _OUTCOMES.get(b, b), str(number))
    yield ""
    yield moves
    yield from _counted("理由 reason", Counter({escape(k): n for k, n in tally.reasons.items()}))
    yield from _counted("由哪一项 decided by", tally.keys)
    if len(tally.regions) > 1:
        yield from _counted("地区 region", tally.regions)


def _counted(head: str, counter: Counter[str]) -> Iterator[RenderableType]:
    if counter:
        table = _table(head, "次 count")
        for name, number in counter.most_common():
            table.add_row(name, str(number))
        yield ""
        yield table


def _requests(tally: Tally, shown: Sequence[Replayed]) -> Iterator[RenderableType]:
    if not shown:
        return
    table = _table(
        "申请 binding", "轮", "日期 date", "地区", "之前→之后 before→after", "理由 reasons", "由 decided by"
    )
    for one in shown:
        reasons = [f"[red]+{c}[/red]" for c in one.added] + [f"[green]-{c}[/green]" for c in one.gone]
        move = (
            f"{one.now.outcome}→{one.changed.outcome}"
            if one.now.outcome != one.changed.outcome
            else one.now.outcome
        )
        stale = " *" if one.stale else ""
        keys = "\n".join(key.partition(".")[2] for key in one.keys)
        table.add_row(
            str(one.binding_id),
            str(one.round),
            f"{one.day}{stale}",
            one.region,
            move,
            "\n".join(reasons),
            keys,
        )
    yield ""
    yield table
    if any(one.stale for one in shown):
        yield "[dim]* 原记录与现行政策的结论不同 the record says otherwise than the present policy[/dim]"
    if len(shown) < len(tally.differing):
        yield f"[dim]另有 {len(tally.differing) - len(shown)} 次未列 more: --limit, --csv FILE[/dim]"


def _table(*heads: str) -> Table:
    return Table(*heads, box=None, header_style="bold", pad_edge=False)
