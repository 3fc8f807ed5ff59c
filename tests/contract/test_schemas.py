"""Schemas, released schemas and documents are in step with the models."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from deploy.contract import derived
from deploy.contract.checking import released_breaks
from deploy.contract.paths import DOCS, RELEASED, SCHEMAS
from deploy.contract.schemas import all_schemas
from shared.contracts.pii import personal_paths
from shared.contracts.topics import TOPICS, TYPES

COMMITTED = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")}


def test_nothing_is_stale() -> None:
    assert list(derived.stale(derived.outputs())) == []


def test_a_changed_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived, "ROOT", tmp_path)
    monkeypatch.setattr(derived, "SCHEMAS", tmp_path)
    monkeypatch.setattr(derived, "SAMPLES", tmp_path)
    wanted = {tmp_path / "a.json": "1", tmp_path / "b.json": "2"}
    (tmp_path / "a.json").write_text("0")
    (tmp_path / "c.json").write_text("3")
    complaints = set(derived.stale(wanted))
    assert complaints == {
        "a.json: differs from the models",
        "b.json: missing",
        "c.json: no model makes this file",
    }
    assert len(derived.write(wanted)) == 3
    assert list(derived.stale(wanted)) == []


def test_released_schemas_stand() -> None:
    assert [str(one) for one in released_breaks()] == []
    assert {path.stem for path in RELEASED.glob("*.json")} <= COMMITTED.keys()


@pytest.mark.parametrize("name", sorted(COMMITTED))
def test_schema_is_sound(name: str) -> None:
    schema = COMMITTED[name]
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == name
    for path, described in _descriptions(schema):
        assert re.search(r"[\u4e00-\u9fff]", described), f"{path} has no Chinese description"
        assert re.search(r"[A-Za-z]{2}", described), f"{path} has no English description"


def _descriptions(schema: dict[str, Any]) -> list[tuple[str, str]]:
    owners = [schema, *schema.get("$defs", {}).values()]
    return [
        (name, prop.get("description", ""))
        for owner in owners
        for name, prop in owner.get("properties", {}).items()
    ]


@pytest.mark.parametrize("spec", TYPES.values(), ids=lambda spec: spec.short)
def test_personal_data_are_marked_in_the_schema(spec: Any) -> None:
    marked = json.dumps(all_schemas()[spec.full]).count('"x-personal-data"')
    kinds = {kind for _, kind in personal_paths(spec.model)}
    assert bool(marked) == bool(kinds)


def test_no_answer_and_no_decision_holds_personal_data() -> None:
    for spec in TYPES.values():
        if spec.topic in ("answers", "binding.decisions", "binding.notices", "binding.screenings"):
            assert list(personal_paths(spec.model)) == [], spec.short


def test_asyncapi_names_every_topic_and_type_and_its_references_lead_somewhere() -> None:
    text = (DOCS / "asyncapi.yaml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    assert document["asyncapi"] == "3.0.0"
    assert document["channels"].keys() == TOPICS.keys()
    assert document["components"]["messages"].keys() == TYPES.keys()
    for reference in _references(document):
        if reference.startswith("#/"):
            node = document
            for step in reference[2:].split("/"):
                node = node[step]
        else:
            assert (DOCS / reference).resolve().exists(), reference


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for child in node.values() for found in _references(child)]
    return [found for child in node for found in _references(child)] if isinstance(node, list) else []
