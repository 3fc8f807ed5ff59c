"""Every field that can be wrong has an example, and the example is right."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.contracts.binding_requests import Submitted
from shared.contracts.registry import PersonRecorded
from shared.contracts.settlement_requests import Settle
from shared.contracts.topics import TYPES
from shared.messaging.examples import example_of


@pytest.mark.parametrize(
    ("model", "path", "expected"),
    [
        (Submitted, ("terms", "quota"), "128.50"),
        (Submitted, ("relation",), "spouse"),
        (Submitted, ("binding_id",), "0192f0c1-5a00-7000-8000-000000000001"),
        (Submitted, ("terms", "begndate"), "2026-11-23"),
        (Submitted, ("terms", "scope", 0), "outpatient"),
        (Submitted, ("terms", "scope"), "[outpatient]"),
        (Submitted, ("counter", "originals_seen"), "true"),
        (Submitted, ("commitment", "signed_at"), "2026-11-23T10:00:00+08:00"),
        (Submitted, ("admdvs",), "330100"),
        (Submitted, ("materials", 3, "size"), "1"),
        (Submitted, ("beneficiary", "function-wrap", "psn_name"), "张三"),
        (Settle, ("infno",), "2206"),
        (PersonRecorded, ("gend",), "0"),
        (Submitted, ("no-such-field",), ""),
        (Submitted, (), ""),
    ],
)
def test_an_example_for_each_kind_of_field(model: Any, path: tuple[Any, ...], expected: str) -> None:
    assert example_of(model, path) == expected


@pytest.mark.parametrize("short", sorted(TYPES))
def test_every_top_field_has_an_example_that_the_model_takes(short: str) -> None:
    model = TYPES[short].model
    given = {name: example_of(model, (name,)) for name in model.model_fields}
    assert all(given.values())
    texts = {name: value for name, value in given.items() if value[0] not in "[{"}
    try:
        model.model_validate_strings(texts)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        assert (
            not {fault["loc"][0] for fault in faults if fault["type"] != "missing" and fault["loc"]}
            & texts.keys()
        )
