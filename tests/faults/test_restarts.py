"""Kafka and PostgreSQL restarted in good order, and a database that takes no writes: nothing is lost."""

import asyncio

import pytest

from tests.faults import checker, outages
from tests.faults.plan import Plan
from tests.faults.siege import Siege, siege
from tests.pipeline.running import Line

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


async def test_restarts_and_read_only(running: Line) -> None:
    """All under load, one after the other; readiness tells of the database that takes no writes."""
    plan = Plan("restarts")
    async with siege(running, plan, first=3000, people=700) as under:
        for step in plan["steps"]:
            await asyncio.sleep(plan.pause())
            if step == "read-only":
                await _read_only(under, plan)
            else:
                await outages.restart(running, step)
                await under.whole_again(f"restart of {step}", plan["patience"])
        violations = await under.violations(plan["patience"])
    print(under.told())
    assert not violations, checker.report(violations)


async def _read_only(under: Siege, plan: Plan) -> None:
    """Every service says that its database is read-only, as long as it is, and none of them ends."""
    line = under.line
    pids = {name: line.service(name)["pid"] for name in line.told["services"]}
    loop = asyncio.get_running_loop()
    began = loop.time()
    await outages.read_only(line, True)
    try:
        red = await outages.seconds_until(lambda: _all_say_read_only(under), plan["patience"])
        print(f"  all services red {red:.1f} s after the database took no more writes")
        await asyncio.sleep(plan["read_only"] - (loop.time() - began))
        # One that turned green would not turn red again; one that is only slow to answer is asked again.
        await outages.seconds_until(lambda: _all_say_read_only(under), plan["patience"])
    finally:
        await outages.read_only(line, False)
    await under.whole_again(f"{plan['read_only']} s read-only", plan["patience"])
    assert pids == {name: line.service(name)["pid"] for name in pids}


async def _all_say_read_only(under: Siege) -> bool:
    wrong = await under.line.wrong()
    return len(wrong) == 4 and all(told.get("database") == "read-only" for told in wrong.values())
