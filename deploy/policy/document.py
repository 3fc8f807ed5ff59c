"""What is made of the format itself: the tables of `docs/policy-format.md` and the JSON Schema of region files."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.policy import notation
from deploy.policy.readers import readers
from deploy.policy.schema import default, region_schema
from shared.policies import types as t
from shared.policies.entries import SECTIONS, keys
from shared.policies.faults import said

ROOT = Path(__file__).parents[2]
DOC = ROOT / "docs" / "policy-format.md"
SCHEMA = ROOT / "shared" / "policies" / "region.schema.json"
MARK = "<!-- Below: made by `gongji policy document` from shared/policies/values.py. Do not edit. -->"
_NAMES = {
    id(t.Flag): "`true` `false`",
    id(t.Fen): "元 yuan，加引号 quoted",
    id(t.Days): "天 days",
    id(t.Minutes): "分钟 minutes",
    id(t.Seconds): "秒 seconds",
    id(t.Age): "周岁 years",
    id(t.Count): "整数 number",
    id(t.Months): "月数 months",
    id(t.Code): "代码 code",
    id(t.Hotline): "电话 telephone",
    id(t.UseCode): "用途 use",
    id(t.Letter): "{code, version, sha256}",
    id(t.Hours): "时段 {start, end}",
    id(t.Clock): "时刻 time of day，加引号 quoted",
    id(t.Often): "{bindings, days}",
    id(t.MaterialRule): "材料规则 rule",
    id(t.SecondEyes): "两人规则 rule of two",
    id(t.Collected): "缴费期 {first, until}",
    id(t.Payable): "支付范围行 line",
    id(t.Cap): "上限 cap",
    id(t.MonthDay): "月-日 month-day，加引号 quoted",
    id(t.PerMille): "千分比 per mille",
    id(t.Choices): "材料组合 lists of documents",
}


def outputs() -> dict[Path, str]:
    """Every derived file with the text that it should have. The hand-written part of the page stays."""
    page = DOC.read_text("utf-8").partition(MARK)[0] if DOC.exists() else ""
    schema = json.dumps(region_schema(), ensure_ascii=False, indent=1)
    return {DOC: page + "\n".join([MARK, "", *_page()]).rstrip() + "\n", SCHEMA: schema + "\n"}


def stale() -> list[Path]:
    """The committed files that differ from what they are made of."""
    return [path for path, text in outputs().items() if not path.exists() or path.read_text("utf-8") != text]


def write() -> list[Path]:
    """Brings the files up to date; returns those that changed."""
    changed = {path: text for path, text in outputs().items() if path in stale()}
    for path, text in changed.items():
        path.write_text(text, encoding="utf-8")
    return list(changed)


def _page() -> Iterator[str]:
    for name, section in SECTIONS.items():
        yield f"## `{name}`：{' '.join((section.__doc__ or '').split()).rstrip('.')}\n"
        yield "| 键 key | 含义 meaning | 类型 type | 缺省 default | 例 example | 何处读取 read by | 理由 reasons |"
        yield "|---" * 7 + "|"
        for path in keys():
            if path.startswith(f"{name}."):
                yield "| " + " | ".join(cell.replace("|", "\\\\|") for cell in _cells(path)) + " |"
        yield ""
    yield from _nested()


def _cells(path: str) -> Iterator[str]:
    words = said(path)
    yield f"`{path.partition('.')[2]}`"
    yield f"{words.zh}<br>{words.en}"
    yield type_of(notation.hints()[path])
    yield f"`{notation.text(path, default(path))}`"
    yield f"`{example(path)}`"
    yield "<br>".join(f"{s} `{where}`" for s, _, where in (one.rpartition(" ") for one in readers()[path]))
    yield " ".join(f"`{code}`" for code in words.reasons)


def example(path: str) -> str:
    """A value as a file writes it; of a flag the one that says something."""
    return said(path).example or notation.flow(not default(path))


def type_of(hint: Any) -> str:
    """A type in words."""
    if (known := _NAMES.get(id(hint))) is not None:
        return known
    parts = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return " ".join(f"`{part}`" for part in parts)
    if origin is frozenset:
        return f"集合 set：{type_of(parts[0])}"
    if origin is tuple:
        return f"列表 list：{type_of(parts[0])}"
    if len(parts) == 2 and type(None) not in parts:
        return f"{type_of(parts[0])} → {type_of(parts[1])}"
    if parts:
        return f"{type_of(next(part for part in parts if part is not type(None)))}，或 or `null`"
    return _WORDS[hint.__name__]


_WORDS = {"Relation": "关系 relation", "ChannelKind": "渠道 channel", "Side": "`sponsor` `beneficiary`",
          "ItemCategory": "项目类别 category"}  # fmt: skip


def _nested() -> Iterator[str]:
    """The words that values are made of."""
    from shared.contracts.binding_requests import CHANNELS_ZH, MATERIALS_ZH
    from shared.contracts.relations import RELATIONS_ZH

    yield "## 值用的词 / Words of values\n"
    for title, words in (
        ("关系 relations", RELATIONS_ZH),
        ("渠道 channels", CHANNELS_ZH),
        ("材料 documents", MATERIALS_ZH),
    ):
        yield f"- {title}：" + "、".join(f"`{word}` {zh}" for word, zh in words.items())
    yield (
        "- 用途 uses："
        + "、".join(f"`{use}`" for use in t.Use)
        + "，以及地区自己命名的 and others that a region names"
    )
    yield ""
