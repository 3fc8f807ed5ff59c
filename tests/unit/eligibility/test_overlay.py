"""Rules of an overlay reach the screening: the same request before and after a rule's first day."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from shared import policies
from shared.clock import BEIJING
from shared.contracts.binding_requests import Submitted
from shared.policies import Policies
from shared.testing.identities import adult, elder
from shared.testing.messages import related, submitted
from tests.unit.eligibility.line import Line

MIDNIGHT = datetime(2026, 11, 24, tzinfo=BEIJING)


def overlaid(
    folder: Path, region: str, section: str, values: dict[str, Any], since: date = date(2026, 1, 1)
) -> Policies:
    """The committed regions with some values of one section from a day on."""
    entries = {
        key: [{"from": since, "value": value, "reference": "测试规定", "grade": "A"}]
        for key, value in values.items()
    }
    (folder / f"{region}.yaml").write_text(yaml.safe_dump({"region": region, section: entries}), "utf-8")
    return policies.load(overlay=folder)


def test_the_same_request_before_and_after_midnight(tmp_path: Path) -> None:
    line = Line(overlaid(tmp_path, "370900", "binding", {"min_balance": "2000.00"}, MIDNIGHT.date()))
    sponsor = adult(1, admdvs="370900", balc=150_000)
    mother = elder(4, admdvs="370900")
    line.know(sponsor, mother)
    line.send("registry.relations.recorded", related(sponsor, mother, "parent"))

    def ask(number: int, at: datetime) -> Submitted:
        return submitted(sponsor, mother, number=number, at=at)

    late = line.send("binding.requests.submitted", ask(1, MIDNIGHT), at=MIDNIGHT)
    assert late.codes == ["balance-too-low"]
    cited = late.only.reasons[0].citation
    assert (cited.valid_from, cited.reference, cited.file) == (MIDNIGHT.date(), "测试规定", "370900.yaml")
    before = MIDNIGHT - timedelta(seconds=1)
    early = line.send("binding.requests.submitted", ask(2, before), at=before)
    assert early.types == ["passed"]
    assert early.only.policy_version != late.only.policy_version
