"""The same request in two regions, and once more after a rule has changed at midnight; each answer cites its rule."""

import asyncio
from datetime import UTC, datetime

from deploy.demo.world import World, beijing
from shared.clock import BEIJING
from shared.testing.messages import unbind_requested

RULE_FROM = datetime(2026, 12, 1, tzinfo=BEIJING)
"""From this midnight the demo's overlay asks sponsors in Tai'an for a balance of 2,000 yuan."""


async def two_regions(world: World) -> None:
    """An adult mother: Xinjiang asks for her consent, Tai'an does not."""
    request = world.application("sun-hai", "sun-mu", "parent")
    row, binding_id = await world.apply(
        "taian-app", "同一申请（泰安，新规前）：母亲无需同意", request, "approved", ""
    )
    unbind = unbind_requested(world.cast["sun-hai"], binding_id, at=world.now())
    await world.channels.say("taian-app", "binding.requests.unbind-requested", unbind)
    row.expected = "ended"
    await world.see_state(row, binding_id, "ended")


async def across_midnight(world: World) -> None:
    """What was approved by day is refused after midnight, and the answer cites the new rule."""
    await asyncio.sleep(world.clock.real_seconds_until(RULE_FROM.astimezone(UTC)) + 0.2)
    after = world.application("sun-hai", "sun-mu", "parent")
    title = f"同一申请，新规后 {beijing(world.now())}：余额低于2000元"
    await world.apply("taian-app", title, after, "refused", reasons=["balance-too-low"])
    latest = world.latest(after.binding_id)
    reasons = latest.raw["reasons"] if latest else []
    cited = (reasons[0].get("citation") or {}) if reasons else {}
    world.ledger.check(
        "零点新规生效，答复引用新规 / the rule changed at midnight and the answer cites it",
        cited.get("valid_from") == "2026-12-01",
        " ".join(str(cited.get(name, "-")) for name in ("file", "path", "valid_from", "reference")),
    )
