"""`kill -9` of anything at any moment, under load: 0 lost, 0 doubled, and everything is back soon."""

import asyncio

import pytest

from deploy.local.databases import SERVICES
from tests.faults import checker, outages
from tests.faults.plan import Plan
from tests.faults.siege import Siege, siege
from tests.pipeline.running import Line

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]


async def test_kill_nine(running: Line) -> None:
    """The targets of `plans/kill-nine.yaml` one after the other; then every request is looked for, once and only once."""
    plan = Plan("kill-nine")
    targets = plan.targets()
    print(f"  targets: {', '.join(targets)}")
    async with siege(running, plan, first=0, people=2400 if plan.long else 700) as under:
        for number, target in enumerate(targets, 1):
            await asyncio.sleep(plan.pause())
            await _kill(under, target, f"{number} {target}", plan)
        violations = await under.violations(plan["patience"])
    print(under.told())
    slow = [f"{what}: {seconds:.1f} s" for what, seconds in under.back if seconds > _limit(plan, what)]
    print(f"  slower than design §7 says (services 10 s, servers 30 s): {', '.join(slow) or 'none'}")
    assert not violations, checker.report(violations)
    assert checker.republished(under.history) > 0, (
        "no crash fell between two commits: this run proves nothing"
    )


async def _kill(under: Siege, target: str, what: str, plan: Plan) -> None:
    name = target.removesuffix("-between-commits")
    before = under.line.service(name).get("pid")
    await outages.kill(under.line, target, plan.random)
    replaced = (name, int(before)) if before else None
    await under.whole_again(what, plan["patience"], replaced)


def _limit(plan: Plan, what: str) -> float:
    kind = "services" if any(name in what for name in SERVICES) else "servers"
    return float(plan["within"][kind])
