"""What each consumer reads of each type, as data: `shared/contracts/consumers/<service>.yaml`.

```yaml
consumer: audit
reads:
  binding.screenings.passed:
    why: 建立案件 / opens the case
    fields: {binding_id: required, case.sponsor.psn_no: required, proven_by: optional}
```
A *required* field has to be in every message, an *optional* one may be absent; both must exist in the schema.
A name that ends in `.*` stands for everything below it; a list's members are written `reasons[].code`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deploy.contract.paths import CONSUMERS
from deploy.contract.schemas import Schema, schema_of
from shared.contracts.topics import TOPICS, TYPES, consumed_by


@dataclass(frozen=True, slots=True)
class Reads:
    """What one consumer reads of one type, and why."""

    consumer: str
    short: str
    why: str
    required: tuple[str, ...]
    optional: tuple[str, ...]


def load(path: Path) -> list[Reads]:
    """The statements of one consumer. Raises `ValueError` naming what is wrong in the file."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    if document["consumer"] != path.stem:
        raise ValueError(f"{path.name}: consumer is {document['consumer']!r}")
    return [_reads(path.stem, short, row) for short, row in document["reads"].items()]


def _reads(consumer: str, short: str, row: Mapping[str, Any]) -> Reads:
    fields: dict[str, str] = row["fields"]
    wrong = [name for name, how in fields.items() if how not in ("required", "optional")]
    if wrong or not row.get("why"):
        raise ValueError(
            f"{consumer}.yaml: {short}: {wrong or 'why'} is missing or neither required nor optional"
        )
    required = tuple(name for name, how in fields.items() if how == "required")
    return Reads(consumer, short, row["why"], required, tuple(fields.keys() - set(required)))


def all_reads() -> list[Reads]:
    """The statements of all consumers."""
    return [reads for path in sorted(CONSUMERS.glob("*.yaml")) for reads in load(path)]


def complaints() -> Iterator[str]:
    """Fields that do not exist or may be absent, and types that a consumer must handle and does not name."""
    for path in sorted(CONSUMERS.glob("*.yaml")):
        reads = load(path)
        named = {one.short for one in reads}
        for one in reads:
            yield from _of(one)
        topics = set(consumed_by(path.stem))
        for short, spec in TYPES.items():
            if spec.topic in topics and short not in named:
                yield f"consumers/{path.name}: {short} arrives on {spec.topic} and is not named"


def _of(reads: Reads) -> Iterator[str]:
    where = f"consumers/{reads.consumer}.yaml: {reads.short}"
    if reads.short not in TYPES:
        yield f"{where}: no such type"
        return
    if reads.consumer not in TOPICS[TYPES[reads.short].topic].consumers:
        yield f"{where}: {reads.consumer} is no consumer of {TYPES[reads.short].topic}"
    known = paths_of(reads.short)
    for name in (*reads.required, *reads.optional):
        plain = name.removesuffix(".*")
        if plain not in known:
            yield f"{where}: {name} is not in the schema"
        elif name in reads.required and not known[plain]:
            yield f"{where}: {name} is required by the consumer and optional in the schema"


@cache
def paths_of(short: str) -> dict[str, bool]:
    """Every dotted path of a type's body; true where a valid message always has it (as far as its parents are there)."""
    schema = schema_of(TYPES[short])
    return dict(_paths(schema, schema.get("$defs", {}), "", True))


def _paths(node: Schema, defs: Mapping[str, Schema], prefix: str, always: bool) -> Iterator[tuple[str, bool]]:
    for branch in _branches(node, defs):
        required = set(branch.get("required", ()))
        for name, child in branch.get("properties", {}).items():
            path, there = f"{prefix}{name}", always and name in required
            yield path, there
            yield from _paths(child, defs, f"{path}.", there)
        if isinstance(branch.get("items"), dict):
            yield from _paths(branch["items"], defs, f"{prefix.removesuffix('.')}[].", always)


def _branches(node: Schema, defs: Mapping[str, Schema]) -> Iterator[Schema]:
    if "$ref" in node:
        yield from _branches(defs[node["$ref"].rsplit("/", 1)[1]], defs)
    elif "properties" not in node and "anyOf" in node:
        for one in node["anyOf"]:
            yield from _branches(one, defs)
    else:
        yield node


def missing(reads: Reads, body: Mapping[str, Any]) -> list[str]:
    """Required fields that a real message lacks. `a.b` where `a` is absent counts as missing only if `a` is required too."""
    return [name for name in reads.required if not _has(body, name.split("."))]


def _has(node: Any, steps: list[str]) -> bool:
    if not steps:
        return True
    step, rest = steps[0], steps[1:]
    if step == "*":
        return isinstance(node, Mapping)
    name = step.removesuffix("[]")
    if not isinstance(node, Mapping) or name not in node or node[name] is None:
        return False
    if step.endswith("[]"):
        return isinstance(node[name], list) and all(_has(member, rest) for member in node[name])
    return _has(node[name], rest)
