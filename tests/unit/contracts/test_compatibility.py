"""Each kind of break is found, with its direction; what is allowed is let through."""

import copy
from typing import Any

import pytest

from deploy.contract.compatibility import breaks

BASE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 9},
        "kind": {"$ref": "#/$defs/Kind"},
        "note": {"anyOf": [{"type": "string", "maxLength": 50}, {"type": "null"}], "default": None},
        "name": {"type": "string", "x-personal-data": "name"},
        "count": {"type": "integer", "minimum": 1, "maximum": 9, "default": 1},
        "at": {"type": "string", "format": "date-time"},
        "rows": {"type": "array", "items": {"$ref": "#/$defs/Row"}, "minItems": 1, "maxItems": 5},
    },
    "required": ["id", "kind"],
    "anyOf": [{"required": ["note"]}, {"required": ["at"]}],
    "$defs": {
        "Kind": {"type": "string", "enum": ["app", "website"]},
        "Row": {"type": "object", "properties": {"amount": {"type": "string"}}, "required": ["amount"]},
    },
}

# what is done to the schema: path of keys, new value (None removes), rule, direction
CASES = [
    (("required",), ["id", "kind", "at"], "at: required added", "backward"),
    (("required",), ["id"], "kind: required dropped", "forward"),
    (("properties", "note"), None, "note: property removed", "forward"),
    (("properties", "id", "type"), "integer", "id: type narrowed", "backward"),
    (
        ("properties", "note", "anyOf"),
        [{"type": "string", "maxLength": 50}],
        "note: type narrowed",
        "backward",
    ),
    (("properties", "count", "type"), "number", "count: type widened", "forward"),
    (("$defs", "Kind", "enum"), ["app"], "kind: enum narrowed", "backward"),
    (("$defs", "Kind", "enum"), ["app", "website", "counter"], "kind: enum widened", "forward"),
    (("$defs", "Kind", "enum"), None, "kind: enum widened", "forward"),
    (("properties", "name", "enum"), ["one"], "name: enum narrowed", "backward"),
    (("properties", "id", "pattern"), "^[a-f]+$", "id: pattern changed", "both"),
    (("properties", "id", "pattern"), None, "id: pattern loosened", "forward"),
    (("properties", "name", "pattern"), "^.$", "name: pattern tightened", "backward"),
    (("properties", "id", "maxLength"), 5, "id: maxLength tightened", "backward"),
    (("properties", "id", "maxLength"), 50, "id: maxLength loosened", "forward"),
    (("properties", "id", "minLength"), 3, "id: minLength tightened", "backward"),
    (("properties", "id", "minLength"), None, "id: minLength loosened", "forward"),
    (("properties", "note", "anyOf", 0, "maxLength"), 40, "note: maxLength tightened", "backward"),
    (("properties", "count", "minimum"), 2, "count: minimum tightened", "backward"),
    (("properties", "count", "maximum"), 99, "count: maximum loosened", "forward"),
    (("properties", "count", "default"), 2, "count: default changed", "both"),
    (("properties", "at", "format"), "date", "at: format changed", "both"),
    (("properties", "rows", "minItems"), 2, "rows: minItems tightened", "backward"),
    (("properties", "rows", "items"), None, "rows: items changed", "both"),
    (("$defs", "Row", "required"), [], "rows[].amount: required dropped", "forward"),
    (("$defs", "Row", "properties", "amount", "type"), "number", "rows[].amount: type narrowed", "backward"),
    (("properties", "name", "x-personal-data"), None, "name: personal data unmarked", "forward"),
    (("additionalProperties",), False, "(whole body): additionalProperties changed", "both"),
    (("anyOf",), [{"required": ["note"]}], "(whole body): condition changed", "both"),
]


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    schema = copy.deepcopy(BASE)
    node: Any = schema
    for step in path[:-1]:
        node = node[step]
    if value is None:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return schema


@pytest.mark.parametrize(("path", "value", "rule", "direction"), CASES)
def test_each_break_is_found(path: tuple[Any, ...], value: Any, rule: str, direction: str) -> None:
    found = breaks({"t": BASE}, {"t": changed(path, value)})
    assert f"t {rule} ({direction})" in [
        str(one).rsplit(":", 1)[0] if one.detail else str(one) for one in found
    ]


def test_a_type_must_not_vanish_and_may_appear() -> None:
    assert [str(one) for one in breaks({"t": BASE}, {})] == ["t (whole body): type removed (both)"]
    assert breaks({}, {"t": BASE}) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("properties", "more"), {"type": "string", "default": ""}),
        (("properties", "id", "description"), "another text"),
        (("properties", "id", "examples"), ["ab"]),
        (("$defs", "Row", "properties", "more"), {"type": "integer"}),
        (("title",), "t"),
    ],
)
def test_optional_properties_and_texts_may_be_added(path: tuple[Any, ...], value: Any) -> None:
    assert breaks({"t": BASE}, {"t": changed(path, value)}) == []


def test_a_definition_may_be_inlined() -> None:
    inlined = changed(("properties", "kind"), {"type": "string", "enum": ["website", "app"]})
    assert breaks({"t": BASE}, {"t": inlined}) == []


def test_a_recursive_model_ends() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}
    schema = node | {"$defs": {"Node": node}}
    assert breaks({"t": schema}, {"t": schema}) == []
