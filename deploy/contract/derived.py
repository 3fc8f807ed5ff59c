"""All files that are made of the models, and how far the committed ones are from them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from deploy.contract import asyncapi, reasons_doc
from deploy.contract.paths import DOCS, RELEASED, ROOT, SAMPLES, SCHEMAS
from deploy.contract.schemas import all_schemas, text
from shared.contracts.topics import TYPES
from shared.testing.samples import all_samples
from shared.testing.samples.refused import refused_samples

Event = dict[str, Any]


@cache
def outputs() -> dict[Path, str]:
    """Every derived file with the text that it should have."""
    samples = _samples()
    found = {SCHEMAS / f"{name}.json": text(schema) for name, schema in all_schemas().items()}
    for name, events in samples.items():
        found |= {SAMPLES / name / f"{file}.json": text(event) for file, event in events.items()}
    full = {spec.short: samples[spec.full]["full"] for spec in TYPES.values()}
    for refused in refused_samples(full):
        path = SAMPLES / TYPES[refused.short].full / f"refused-{refused.reason}.json"
        found[path] = text(refused.event)
    found[DOCS / "asyncapi.yaml"] = asyncapi.text(samples)
    found[DOCS / "reasons.md"] = reasons_doc.text()
    return found


def _samples() -> dict[str, dict[str, Event]]:
    """Good samples by full type and name."""
    found: dict[str, dict[str, Event]] = defaultdict(dict)
    for sample in all_samples():
        found[TYPES[sample.short].full][sample.name] = sample.event()
    return found


def stale(wanted: Mapping[Path, str]) -> Iterator[str]:
    """What is wrong with the committed files: missing, different, or made by nobody."""
    for path, content in wanted.items():
        if not path.exists():
            yield f"{path.relative_to(ROOT)}: missing"
        elif path.read_text(encoding="utf-8") != content:
            yield f"{path.relative_to(ROOT)}: differs from the models"
    for path in _committed() - wanted.keys():
        yield f"{path.relative_to(ROOT)}: no model makes this file"


def write(wanted: Mapping[Path, str]) -> list[Path]:
    """Brings the files up to date; returns those that changed."""
    changed = []
    for path, content in wanted.items():
        if path.exists() and path.read_text(encoding="utf-8") == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        changed.append(path)
    for path in _committed() - wanted.keys():
        path.unlink()
        changed.append(path)
    return changed


def _committed() -> set[Path]:
    return {*SCHEMAS.glob("*.json"), *SAMPLES.glob("*/*.json")}


def release() -> list[Path]:
    """Makes the present schemas the released ones."""
    RELEASED.mkdir(parents=True, exist_ok=True)
    changed = []
    for name, schema in all_schemas().items():
        path = RELEASED / f"{name}.json"
        if not path.exists() or path.read_text(encoding="utf-8") != text(schema):
            path.write_text(text(schema), encoding="utf-8")
            changed.append(path)
    return changed
