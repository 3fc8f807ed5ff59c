"""Normal insurance when a binding is made and normal insurance when a bill is paid are two rules."""

from pathlib import Path

import pytest

from services.settlement.app import may_bill
from services.settlement.domain.book import Regions
from shared import policies
from tests.unit.settlement import kit
from tests.unit.settlement.kit import family, person

ENTRY = "    - {{from: 2026-01-01, value: {value}, reference: 测试, grade: P}}\n"


@pytest.mark.parametrize(
    ("section", "value", "asleep"),
    [
        ("spending", '["1"]', True),
        ("spending", '["1", "2"]', False),
        ("spending", "[]", True),
        ("binding", '["1", "2"]', True),
        ("binding", "[]", True),
    ],
)
def test_a_bill_asks_for_the_status_of_the_spending_side(
    section: str, value: str, asleep: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f'region: "330000"\n{section}:\n  insurance_status:\n' + ENTRY.format(value=value)
    (tmp_path / "zhejiang.yaml").write_text(text, "utf-8")
    changed = Regions(policies.load(overlay=tmp_path), may_bill)
    monkeypatch.setattr(kit, "regions", lambda: changed)
    world = family()
    world.send("registry.persons.recorded", person("mother", status="2", version=2))
    said = world.send("settlement.requests.settle", world.request("15.00"), source="his-first")
    assert any(out["code"].endswith("asleep") for out in said[0].body["left_out"]) is asleep
