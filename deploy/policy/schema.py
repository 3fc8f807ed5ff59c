"""The JSON Schema of region files, made of the types and words of `shared/policies/values.py`: editors complete and check by it."""

from __future__ import annotations

import typing
from typing import Any

from pydantic import TypeAdapter

from deploy.policy import notation
from shared.policies.entries import GRADES, SECTIONS, keys
from shared.policies.faults import said

Schema = dict[str, Any]
_REF = "#/$defs/{model}"
_CODE: Schema = {"type": "string", "pattern": "^[0-9]{6}$", "examples": ["330100"]}
_DAY: Schema = {"type": "string", "format": "date", "examples": ["2024-08-01"]}
_TEXT: Schema = {"type": "string", "pattern": r"\S"}


_ENTRY: Schema = {
    "from": _DAY | {"description": "自此日（北京日期）/ from this Beijing date on"},
    "reference": _TEXT | {"description": "文件依据 / the document or page that says so"},
    "grade": {
        "enum": list(GRADES),
        "description": "A 官方 official, B 报道或种子文件 press or seeds, C 传闻，采用后才适用 hearsay, applied once adopted, P 项目默认 default of the project",
    },
    "note": {"type": "string"},
    "not_narrower": {"type": "boolean", "description": "下级不得缩小 / lower levels may not narrow it"},
    "adopted": {
        "type": "object",
        "additionalProperties": False,
        "required": ["by", "on"],
        "properties": {"by": _TEXT, "on": _DAY},
        "description": "谁、何时采用（仅 C 级）/ who put it in force, and when (grade C only)",
    },
}
"""What an entry has besides its value."""


def region_schema() -> Schema:
    """The schema of one region file. Dates are YAML dates: to a validator they are text such as 2024-08-01."""
    adapters: list[Any] = [(path, "validation", adapter) for path, adapter in keys().items()]
    values, shared = TypeAdapter.json_schemas(adapters, ref_template=_REF)
    sections = {
        name: _section(name, {path: values[path, "validation"] for path in keys()}) for name in SECTIONS
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "region.schema.json",
        "title": "地区政策文件 / region file of gongji",
        "description": "由 `gongji policy document` 生成 / made by `gongji policy document`. 说明 explained in docs/policy-format.md.",
        "type": "object",
        "additionalProperties": False,
        "required": ["region"],
        "properties": _head() | sections,
        "$defs": _ENTRY | shared.get("$defs", {}),
    }


def _head() -> Schema:
    names = {
        "type": "object",
        "additionalProperties": False,
        "required": ["zh", "en"],
        "properties": {"zh": _TEXT, "en": _TEXT},
    }
    adoption = {
        "type": "object",
        "additionalProperties": False,
        "required": ["path", "from", "by", "on"],
        "properties": {"path": {"enum": list(keys())}, "from": _DAY, "by": _TEXT, "on": _DAY},
    }
    return {
        "region": _CODE | {"description": "医保区划代码，六位，加引号 / code of the region, quoted"},
        "name": names | {"description": "名称；叠加文件可省略 / names; an overlay may leave them out"},
        "parent": _CODE | {"description": "上级：省或全国 / the level above: province or nation"},
        "notes": {"type": "array", "items": _TEXT, "description": "来源冲突、查而未得 / what conflicts, what was looked for and not found"},
        "adopt": {"type": "array", "items": adoption, "description": "采用 C 级来源，署名和日期 / puts hearsay in force, by name and date"},
    }  # fmt: skip


def _section(name: str, values: Schema) -> Schema:
    about = " ".join((SECTIONS[name].__doc__ or "").split())
    mine = {
        path.partition(".")[2]: _key(path, value)
        for path, value in values.items()
        if path.startswith(f"{name}.")
    }
    return {"type": "object", "additionalProperties": False, "description": about, "properties": mine}


def _key(path: str, value: Schema) -> Schema:
    words = said(path)
    usual = notation.text(path, default(path))
    reasons = f"\n理由 reasons: {', '.join(words.reasons)}" if words.reasons else ""
    about = f"{words.zh} / {words.en}{reasons}"
    entry: Schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["from", "value", "reference", "grade"],
        "properties": {
            name: {"$ref": f"#/$defs/{name}"} for name in _ENTRY if name != "not_narrower" or is_set(path)
        }
        | {"value": value | {"description": f"{about}\n缺省 default: {usual}"}},
    }
    return {"type": "array", "minItems": 1, "description": about, "items": entry}


def default(path: str) -> Any:
    """The value of a key where no file says anything."""
    section, key = path.split(".")
    return getattr(SECTIONS[section](), key)


def is_set(path: str) -> bool:
    """Whether the values are sets: only those may be floors."""
    hint = notation.hints()[path]
    return any(typing.get_origin(kind) is frozenset for kind in (hint, *typing.get_args(hint)))
