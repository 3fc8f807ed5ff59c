"""A review with second eyes: two persons approve, none of them twice, and none in a case of his or her own family."""

import asyncio
from pathlib import Path
from uuid import UUID

from deploy.demo.peers import Peers
from deploy.demo.program import Said, gongji
from deploy.demo.rows import Row
from deploy.demo.scenes_binding import SMS
from deploy.demo.world import World
from shared.contracts.reason_texts import REASONS
from shared.testing.proofs import material

SOURCE, SPONSOR = "jiangsu-cloud", "gu-ming"
PATIENCE = 180.0
"""Seconds for one command, and for the documents of the case to be verified."""


async def two_persons(world: World, home: Path) -> UUID:
    """A brother whom the registry does not know. Each line of the desk is one run of `gongji review approve`."""
    request = world.application(
        SPONSOR, "gu-liang", "sibling", materials=(material("household-register", number=35),)
    )
    title = "兄弟关系未登记，须两人审核：两人都通过"
    row, binding_id = await world.apply(SOURCE, title, request, "under-review", SMS)
    row.expected = "approved"
    for line, operator, accepted, state, reason in (
        ("第一人通过：仍须第二人", "reviewer-01", True, "under-review", ""),
        ("同一人再次通过：不予采用", "reviewer-01", False, "under-review", "second-eyes-needed"),
        ("授权人的配偶任审核员：须回避", "reviewer-32", False, "under-review", "operator-related"),
        ("第二人通过：办结", "reviewer-02", True, "approved", ""),
    ):
        shown = Row(f"审核台 {operator}", line, _outcome(accepted, state))
        world.ledger.verdicts.append(shown)
        began = world.now()
        said = await _approve(home, binding_id, operator)
        if accepted and state == "approved":
            await world.see_state(row, binding_id, state)
        shown.seconds = (world.now() - began).total_seconds()
        shown.got = _outcome(said.status == 0, world.state_of(binding_id))
        shown.why = ", ".join(code for code in REASONS if said.names(code))
        if shown.why != reason:
            shown.got += f" ({said.text.strip()[:200]})"
    return binding_id


def told_once(world: World, peers: Peers, binding_id: UUID) -> None:
    """However many looked at the case: the applicant got one message, when it was decided."""
    notices = world.follower.named(str(binding_id), "binding.notices")
    own = [seen.raw for seen in notices if seen.raw["recipient"] == "sponsor"]
    told = {
        one["notice_id"] for one in own if one["template"] == "approved"
    }  # the channel's message centre hears of more
    tel = world.cast[SPONSOR].tel or "?"
    arrived = [one for one in (*peers.texts(), *peers.rung()) if one["number"].endswith(tel)]
    world.ledger.check(
        "两人审核：申请人只被告知一次 / reviewed by two persons, the applicant is told once",
        len(told) == 1 and len(arrived) == 1,
        f"{len(told)} notice, {len(arrived)} message",
    )


def _outcome(accepted: bool, state: str) -> str:
    return f"{'采用' if accepted else '不采用'} {state}"


async def _approve(home: Path, binding_id: UUID, operator: str) -> Said:
    """The command, again while the documents of the case are still being verified. Raises `TimeoutError`."""
    words = ("review", "approve", str(binding_id), "--operator", operator)
    try:
        async with asyncio.timeout(PATIENCE):
            while (said := await gongji(home, *words)).names("documents-pending"):
                await asyncio.sleep(0.2)
            return said
    except TimeoutError:
        raise TimeoutError(f"waited {PATIENCE:.0f} s in vain for `gongji {' '.join(words)}`") from None
