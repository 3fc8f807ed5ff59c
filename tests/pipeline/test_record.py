"""The record of the running line: the demo's scene, and the commands that read it."""

import json
from datetime import timedelta

import asyncpg
import pytest

from deploy.demo import scene_record
from deploy.demo.world import World
from services.audit.record import sealing
from tests.pipeline.running import Line
from tests.pipeline.test_operators import gongji

pytestmark = [pytest.mark.pipeline, pytest.mark.asyncio(loop_scope="session")]


async def test_the_demos_scene_holds_on_a_running_line(world: World, running: Line) -> None:
    request = world.application("xu-jie", "xu-laoda", "parent")
    await world.channels.say("nhsa-app", "binding.requests.submitted", request)
    await world.settled_state(request.binding_id, "the binding", "approved")
    await running.quiet()
    conn = await asyncpg.connect(running.told["services"]["audit"]["database_url"])
    try:
        tomorrow = running.clock.now() + timedelta(days=1)
        made = await sealing.seal(conn, tomorrow)
    finally:
        await conn.close()
    assert [str(one.day) for one in made] == ["2026-11-23"]
    before = len(world.ledger.checks)
    await scene_record.sealed_and_found(world, running.home, running.database_url)
    checks = world.ledger.checks[before:]
    assert [check.holds for check in checks] == [True, True, True], checks
    assert "entry-changed" in checks[2].seen
    told = json.loads(await gongji(running, "record", "verify", "--topic", "--json"))
    assert (told["whole"], told["last_seal"]["root"]) == (True, made[0].root.hex())
