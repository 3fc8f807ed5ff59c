"""What a right value of a field looks like: so that whoever sent a wrong one need not search the documents."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

Schema = Mapping[str, Any]

_BY_FORMAT = {
    "uuid": "0192f0c1-5a00-7000-8000-000000000001",
    "date-time": "2026-11-23T10:00:00+08:00",
    "date": "2026-11-23",
}
_BY_PATTERN = {
    r"^[0-9A-Z]{8}$": "7KQ2M9XA",
    r"^[0-9]{2,6}$": "11",
    r"^[0-9]{3,6}$": "310",
    r"^[a-z]+/[a-z0-9.+-]{1,60}$": "image/jpeg",
    r"^20[0-9]{2}-(0[1-9]|1[0-2])$": "2026-11",
    r"^0[123]$": "01",
    r"^[1-9]$": "1",
    r"^[0-9]{6}$": "330100",
    r"^[0-9A-Za-z]{1,30}$": "33010000000000001",
    r"^[HP][0-9]{11}$": "H33010000001",
    r"^[HP][0-9]{29}$": "H33010000001202611231000000001",
    r"^[A-Za-z0-9._-]{1,64}$": "A-2026.1",
    r"^[0-9a-f]{64}$": "0" * 63 + "1",
    r"^[a-z0-9-]{2,40}$": "zheliban",
}
_PERSONAL = {
    "certificate": "110101199003070070",
    "name": "张三",
    "phone": "13800000000",
    "address": "某市某路1号",
}
"""Made up; what `x-personal-data` marks."""
_BY_TYPE = {"boolean": "true", "integer": "1", "number": "1", "string": "text", "array": "[]", "object": "{}"}
_CHOICE = re.compile(r"\^(?:\[(?P<one>[^\]-])[^\]-]*\]|\(?(?P<first>[-0-9A-Za-z]+)(?:\|[-0-9A-Za-z]+)*\)?)\$")
"""Patterns that list values: `^(2206|2207)$`, `^[01]$`."""


@lru_cache(maxsize=4096)
def example_of(model: type[BaseModel], path: tuple[int | str, ...]) -> str:
    """An example for the field at `path` of a model; empty where there is no such field.

    The field's own example first, then the first of its values, then one for its format, its pattern or its type.
    """
    schema = _schema(model)
    found = _at(schema, path)
    return "" if found is None else _example(schema, found)


@lru_cache(maxsize=256)
def _schema(model: type[BaseModel]) -> Schema:
    return model.model_json_schema()


def _at(schema: Schema, path: tuple[int | str, ...]) -> Schema | None:
    """The schema of the field. Steps that are no field (the validator's own marks) are passed over."""
    here, moved = _plain(schema, schema), False
    for step in path:
        below = here.get("items") if isinstance(step, int) else here.get("properties", {}).get(step)
        if isinstance(below, Mapping):
            here, moved = _plain(schema, below), True
    return here if moved else None


def _plain(schema: Schema, here: Schema) -> Schema:
    """Without references and without the choice of null; what stands beside a reference is kept."""
    while True:
        if ref := here.get("$ref"):
            here = {
                **schema["$defs"][ref.rpartition("/")[2]],
                **{k: v for k, v in here.items() if k != "$ref"},
            }
        elif choices := [c for c in here.get("anyOf", ()) if c.get("type") != "null"]:
            here = {**choices[0], **{k: v for k, v in here.items() if k != "anyOf"}}
        else:
            return here


def _example(schema: Schema, here: Schema) -> str:
    if examples := here.get("examples"):
        return str(examples[0])
    if "const" in here or "enum" in here:
        return str(here.get("const", (*here.get("enum", ()), "")[0]))
    if (items := here.get("items")) and here.get("type") == "array":
        return f"[{_example(schema, _plain(schema, items))}]"
    if (least := here.get("minimum")) is not None:
        return str(least)
    if isinstance(default := here.get("default"), str) and default:
        return default
    pattern = here.get("pattern", "")
    known = _BY_FORMAT.get(here.get("format", "")) or _PERSONAL.get(here.get("x-personal-data", ""))
    if known is None and (listed := _CHOICE.fullmatch(pattern)):
        known = listed["one"] or listed["first"]
    known = known or _BY_PATTERN.get(pattern) or _BY_TYPE.get(here.get("type", ""), "")
    return known[: here.get("maxLength")]
