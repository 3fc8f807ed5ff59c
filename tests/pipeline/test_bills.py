"""Bills against bindings: who pays, and once the binding has ended, why nobody does."""

from typing import Any

import pytest

from deploy.demo.world import World
from shared.contracts.base import fen
from shared.contracts.settlement_requests import Settle
from shared.testing.messages import unbind_requested
from tests.pipeline.running import Line

pytestmark = [pytest.mark.pipeline, pytest.mark.asyncio(loop_scope="session")]


async def test_a_binding_pays_until_it_ends(world: World, running: Line) -> None:
    """A sponsor's share while the binding is effective; afterwards cash, and the answer says why."""
    request = world.application("gao-feng", "gao-ling", "sibling", channel="mini-program")
    await world.channels.say("jingtong", "binding.requests.submitted", request)
    await world.settled_state(request.binding_id, "the binding", "approved")
    await running.quiet(notices=False)  # decisions and bills are different topics
    first = await _settle(world, "150.00")
    assert (first["infcode"], first["acct_pay"], first["acct_mulaid_pay"], first["psn_cash_pay"]) == (
        "0", "100.00", "50.00", "0.00"
    )  # fmt: skip
    end = unbind_requested(world.cast["gao-feng"], request.binding_id, at=world.now())
    await world.channels.say("jingtong", "binding.requests.unbind-requested", end)
    await world.settled_state(request.binding_id, "the end", "ended")
    await running.quiet(notices=False)  # decisions and bills are different topics
    second = await _settle(world, "20.00")
    assert (second["acct_mulaid_pay"], second["psn_cash_pay"]) == ("0.00", "20.00")
    assert any("解除" in why or "结束" in why for why in second["explained"]), second["explained"]


async def _settle(world: World, total: str) -> dict[str, Any]:
    body = Settle(**world.bill_of(world.cast["gao-ling"], fen(total)))
    await world.channels.say("his-first", "settlement.requests.settle", body)
    return await world.answer("his-first", body.msgid)
