"""The format documents itself: words, examples, readers, the page and the JSON Schema are those of the keys that there are."""

from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from deploy.policy import document
from deploy.policy.readers import readers
from deploy.policy.schema import region_schema
from shared.contracts.reason_texts import REASONS
from shared.policies.entries import keys
from shared.policies.faults import said
from shared.policies.types import Hours, Letter, MaterialRule
from shared.policies.yamltext import Yaml
from tests.unit.policies.files import HEAD, entry, key, problems

ROOT = Path(__file__).parents[3]
FILES = [
    *(ROOT / "shared" / "policies" / "regions").glob("*.yaml"),
    *(ROOT / "deploy" / "demo" / "policies").glob("*.yaml"),
]
SCHEMA = Draft202012Validator(region_schema())


def as_json(value: Any) -> Any:
    """What YAML holds as a validator of JSON reads it."""
    if isinstance(value, dict):
        return {str(name): as_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def parsed(text: str) -> Any:
    return as_json(yaml.load(text, Yaml))


@pytest.mark.parametrize("path", keys())
def test_every_key_has_words_in_both_languages_an_example_and_reasons_with_text(path: str) -> None:
    words = said(path)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in words.zh)
    assert words.en.isascii() or "/" not in words.en
    assert words.en.strip()
    assert set(words.reasons) <= REASONS.keys()
    keys()[path].validate_python(yaml.load(document.example(path), Yaml))


@pytest.mark.parametrize("path", keys())
def test_every_key_is_read_by_some_service(path: str) -> None:
    assert readers()[path] != (), "a key that nobody reads promises what does not happen"


def test_the_page_and_the_schema_are_up_to_date() -> None:
    assert document.stale() == [], "run `gongji policy document`"


def test_the_page_names_every_part_of_a_value() -> None:
    page = document.DOC.read_text("utf-8").partition(document.MARK)[0]
    for kind in (MaterialRule, Letter, Hours):
        assert [f.name for f in fields(kind) if f"`{f.name}`" not in page] == []


def test_there_are_region_files_to_check() -> None:
    Draft202012Validator.check_schema(region_schema())
    assert len(FILES) > 12


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_committed_region_file_is_as_the_schema_says(file: Path) -> None:
    assert [f"{e.json_path}: {e.message}" for e in SCHEMA.iter_errors(parsed(file.read_text("utf-8")))] == []


@pytest.mark.parametrize(
    "text",
    [
        "bindings: {}\n",
        "binding: {max_sponsor: []}\n",
        "binding: {max_sponsors: 3}\n",
        "binding: {max_sponsors: []}\n",
        "binding:\n" + key("max_sponsors", entry("-1")),
        "binding:\n" + key("max_sponsors", entry('"3"')),
        "binding:\n" + key("max_sponsors", entry("3", "yesterday", more=", until: x")),
        "binding:\n" + key("max_sponsors", entry("3", grade="D")),
        "binding:\n" + key("max_sponsors", entry("3", more=", not_narrower: true")),
        "binding: {max_sponsors: [{from: 2021-01-01, value: 1, grade: A}]}\n",
        "binding: {max_sponsors: [{from: 2021-01-01, value: 1, grade: A, reference: ' '}]}\n",
        "binding:\n" + key("offered", entry("yes")),
        "binding:\n" + key("min_balance", entry("100")),
        "binding:\n" + key("relations", entry("[friend]")),
        "binding:\n" + key("sponsor_insurance", entry("[310]")),
        "binding:\n" + key("max_per_relation", entry("{spose: 1}")),
        "binding:\n" + key("channel_proofs", entry("{telephone: [opertor]}")),
        "binding:\n" + key("materials", entry("[{any_of: [[id-card]], relation: [spouse]}]")),
        "binding:\n" + key("materials", entry("[{any_of: [[id-card@child]]}]")),
        "spending:\n" + key("order", entry("richest-first")),
        "notice:\n" + key("quiet_hours", entry('{start: "25:00", end: "08:00"}')),
        "adopt: [{path: binding.max_sponsor, from: 2021-01-01, by: 李, on: 2025-01-01}]\n",
        "notes: just one\n",
    ],
)
def test_what_the_loader_refuses_an_editor_marks(text: str, tmp_path: Path) -> None:
    assert problems(tmp_path, text)
    assert not SCHEMA.is_valid(parsed(HEAD + text))


def test_an_editor_shows_what_a_key_means() -> None:
    section = region_schema()["properties"]["binding"]["properties"]
    assert (
        "使用人的授权人" in section["max_sponsors"]["description"]
        or "授权人上限" in section["max_sponsors"]["description"]
    )
    assert "sponsors of one beneficiary at once" in section["max_sponsors"]["description"]
    assert "already-bound-elsewhere" in section["max_sponsors"]["items"]["properties"]["value"]["description"]
