"""What each consumer says that it reads exists, and every sample of the type has what is required."""

import json
from pathlib import Path

import pytest

from deploy.contract import consumers
from deploy.contract.consumers import Reads
from deploy.contract.paths import CONSUMERS, SAMPLES
from shared.contracts.sources import SERVICES
from shared.contracts.topics import TYPES


def test_every_consumer_states_what_it_reads_and_it_exists() -> None:
    assert {path.stem for path in CONSUMERS.glob("*.yaml")} == set(SERVICES)
    assert list(consumers.complaints()) == []


@pytest.mark.parametrize("reads", consumers.all_reads(), ids=lambda one: f"{one.consumer}-{one.short}")
def test_every_good_sample_has_what_its_consumers_require(reads: Reads) -> None:
    bodies = [
        json.loads(path.read_text(encoding="utf-8"))["data"]
        for path in (SAMPLES / TYPES[reads.short].full).glob("*.json")
        if not path.stem.startswith("refused-")
    ]
    assert [name for body in bodies for name in consumers.missing(reads, body)] == []


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ("{binding_id: required, colour: optional}", "colour is not in the schema"),
        ("{note: required}", "note is required by the consumer and optional in the schema"),
    ],
)
def test_a_field_that_is_not_there_is_told(
    fields: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"consumer: audit\nreads:\n  review.verdicts.claimed: {{why: x, fields: {fields}}}\n"
    (tmp_path / "audit.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(consumers, "CONSUMERS", tmp_path)
    found = list(consumers.complaints())
    assert f"consumers/audit.yaml: review.verdicts.claimed: {complaint}" in found
    assert (
        "consumers/audit.yaml: review.verdicts.released arrives on review.verdicts and is not named" in found
    )


def test_a_statement_without_a_reason_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.yaml"
    path.write_text(
        "consumer: audit\nreads:\n  review.verdicts.claimed: {fields: {binding_id: required}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ValueError, match="why"):
        consumers.load(path)


def test_what_is_missing_in_a_message_is_found() -> None:
    reads = Reads("audit", "x", "why", ("a", "b.c", "rows[].d", "case.*"), ())
    whole = {"a": 1, "b": {"c": 2}, "rows": [{"d": 1}, {"d": 2}], "case": {}}
    assert consumers.missing(reads, whole) == []
    assert consumers.missing(reads, whole | {"rows": []}) == []
    assert consumers.missing(reads, {"b": {}, "rows": [{"d": 1}, {}]}) == ["a", "b.c", "rows[].d", "case.*"]
