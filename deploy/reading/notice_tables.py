"""Notices and providers as a person reads them, in 80 columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import asyncpg
from rich.markup import escape
from rich.table import Table

from deploy.reading import notice_words as words
from deploy.reading.details import beijing
from deploy.reading.masking import HIDDEN, numbers
from deploy.reading.words import MEDIA
from services.notify.desk import Shown
from services.notify.domain.texts import Content
from services.notify.providers.figures import PROMPT, Prompt
from shared.clock import BEIJING

Row = Mapping[str, Any]
LEGEND = (
    "min, bad: 近一分钟次数与失败 / attempts and failures of the last minute\n"
    "arrived, to it, to phone: 近一小时送达率、交服务商与送达的中位耗时 / of the last hour:\n"
    "share that arrived, median time until the provider and until the phone had it"
)


def lines(row: Row) -> Iterator[str]:
    """One notice in a few lines: what staff need, and no number of the person."""
    kind, why = words.kind(row["kind"]), words.why(row["reason"])
    state = f"{words.STATES[row['state']]} {row['state']}"
    yield f"[bold]{row['id']}[/bold]  {state}"
    who = f"{words.side(row['side'])} {row['person']}"
    yield f"  {kind.zh} {kind.en} · {who}"
    yield f"  地区 region {row['region']} · 决定 decided {beijing(row['decided_at'])}"
    if row["reason"]:
        yield f"  原因 why: {why.zh} {why.en}" if why.zh != why.en else f"  原因 why: {why.zh}"
    yield f"  已试 tried: {words.tried(row['tried'])}"
    yield f"  事项 about: {row['about']}"
    if row["again_of"]:
        yield f"  重发自 sent again, of {row['again_of']}"
    if row["told_at"]:
        yield f"  已由 {row['told_by']} 于 {beijing(row['told_at'])} 告知 / told by staff"
    if row["sent_again_as"]:
        yield f"  已重发为 sent again as {row['sent_again_as']}"


def counts(rows: Sequence[asyncpg.Record]) -> Table:
    """How many by region, state and kind; `to tell`: those that staff have not seen to."""
    table = Table("地区", "状态 state", "类别 kind")
    for heading in ("条数", "待告知", "最早 oldest"):
        table.add_column(heading, justify="right")
    for row in rows:
        told = (row["region"], words.STATES[row["state"]], words.kind(row["kind"]).zh)
        table.add_row(*told, str(row["notices"]), str(row["to_tell"]), beijing(row["oldest"]))
    return table


def prompt(figure: Prompt) -> str:
    """The published figure in a line."""
    share = "—" if figure.share is None else f"{figure.share:.1%}"
    return (
        f"近 24 小时 {PROMPT:g} 秒内交服务商 {share} / with a provider within {PROMPT:g} s"
        f" ({figure.within}/{figure.due})"
    )


def shown(one: Shown, content: Content | None, *, sealed: bool, text: bool) -> dict[str, Any]:
    """One notice in full, without what names the person. `sealed`: there is no key to open its words with."""
    row = one.row
    told = {name: row[name] for name in (
        "id", "about", "version", "kind", "side", "person", "region", "state", "reason", "decided_at", "created_at", "ended_at",
        "next_at", "again_of", "again_by", "again_why", "again_at", "told_at", "told_by", "told_note", "sent_again_as",
        "sent_again_state",
    ) if row[name] is not None}  # fmt: skip
    told["course"] = list(row["media"])
    told["attempts"] = [
        dict(a) | {"code": numbers(a["code"]), "receipts": [_receipt(r) for r in one.receipts if r["number"] == a["number"]]}
        for a in one.attempts
    ]  # fmt: skip
    told["views"] = [dict(view) for view in one.views]
    if content is None:
        told["words"] = "密钥未提供 / no key to read them with" if sealed else "已清除 / taken out"
    else:
        told["templates"] = [
            t
            for t in (
                content.template,
                content.opening_template,
                content.call_template,
                content.hint_template,
            )
            if t
        ]
        if text:
            told["words"] = texts(content)
    return told


def _receipt(row: asyncpg.Record) -> dict[str, Any]:
    return {name: row[name] for name in ("provider_id", "fate", "code", "seen_at")}


def texts(content: Content) -> dict[str, str]:
    """What is said, the surname masked: only a call's opening has one."""
    opening = content.opening
    named = [one for name, one in content.opening_variables.items() if name != "hotline" and one]
    for one in sorted(named, key=len, reverse=True):
        opening = opening.replace(one, "*")
    opening = re.sub(r"请[^，。\s]{1,3}姓", "请*姓", opening)
    forms = asdict(content)
    found = {name: forms[name] for name in ("title", "text", "sms", "speech") if forms[name]}
    return found | ({"opening": opening if opening != content.opening or not named else HIDDEN} if opening else {})  # fmt: skip


_TITLES = {
    "id": "通知", "about": "事项", "version": "版本", "kind": "类别", "side": "对象", "person": "代号", "region": "地区", "state": "状态",
    "reason": "原因", "decided_at": "决定", "created_at": "产生", "ended_at": "结束", "next_at": "下次处理", "course": "依次方式",
    "templates": "文案版本", "again_of": "重发自", "again_by": "重发人", "again_why": "重发事由", "again_at": "重发时间",
    "told_at": "告知时间", "told_by": "告知人", "told_note": "告知备注", "sent_again_as": "已重发为", "sent_again_state": "重发状态",
    "views": "查看记录", "words": "内容",
}  # fmt: skip


def sheet(told: Mapping[str, Any]) -> Iterator[str]:
    """What `shown` gave, but for the attempts: a line each, times in Beijing."""
    for name, value in told.items():
        if value in (None, [], {}) or name == "attempts":
            continue
        label = f"[bold]{_TITLES[name]} {name}[/bold]  "
        if isinstance(value, dict):
            yield label
            yield from (f"  [bold]{form}[/bold]  {escape(text)}" for form, text in value.items())
        elif name == "views":
            for view in value:
                yield f"{label}{beijing(view['at'])} {view['operator']} {view['what']}: {escape(view['why'])}"
        else:
            yield label + escape(_value(name, value))


def _value(name: str, value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, list):
        return ", ".join(value)
    if name == "kind":
        return f"{words.kind(value).zh} {value}"
    if name in ("state", "sent_again_state"):
        return f"{words.STATES[value]} {value}"
    return f"{words.why(value).zh} {value}" if name == "reason" else str(value)


def attempts(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Every attempt, a row each."""
    table = Table("次", "方式", "服务商", "状态 state", "代码 code", "开始", "结束", box=None)
    for row in rows:
        told = (str(row["number"]), MEDIA.get(row["medium"], row["medium"]), row["provider"])
        times = (beijing(row["started_at"]), beijing(row["ended_at"]))
        table.add_row(*told, f"{words.attempt_state(row['state'])} {row['state']}", row["code"], *times)
    return table


def providers(rows: Sequence[asyncpg.Record], links: Mapping[str, bool]) -> Table:
    """A row each: share now, whether it is up, the last minute, the last hour."""
    table = Table("provider", "medium", "link", box=None, pad_edge=False)
    for heading in ("share", "min", "bad", "arrived", "to it", "to phone"):
        table.add_column(heading, justify="right")
    for row in rows:
        link = {True: "up", False: "[red]down[/red]", None: "?"}[links.get(row["name"])]
        weight = (
            str(row["weight"]) if row["weight"] == row["resting"] else f"{row['weight']}→{row['resting']}"
        )
        if row["held"]:
            weight = f"{row['weight']} held"
        known, minute = row["known"], (str(row["attempts"]), str(row["failures"]))
        arrived = f"{row['delivered'] / known:.1%}" if known else "—"
        times = (_seconds(row["to_provider_s"]), _seconds(row["to_person_s"]))
        table.add_row(row["name"], row["medium"], link, weight, *minute, arrived, *times)
    return table


def _seconds(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f} s"


def history(rows: Sequence[asyncpg.Record]) -> Iterator[str]:
    """Changes of shares, newest first."""
    for row in rows:
        before = "—" if row["before"] is None else row["before"]
        who = f" ({row['operator']})" if row["operator"] else ""
        yield f"{beijing(row['at'])}  {row['name']}  {before} → {row['after']}  {row['why']}{who}"
