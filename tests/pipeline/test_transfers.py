"""Money moved to a relative's wallet where the region has that mode, through every service: offered, accepted, spent, given back once."""

import os
import signal
from uuid import UUID

import pytest

from deploy.demo.world import World
from shared.contracts.account_transfers import Accepted, Offered, Withdrawn
from shared.contracts.base import fen
from shared.testing.identities import MadeUp, adult, child
from shared.testing.messages import unbind_requested
from tests.pipeline.running import Line
from tests.pipeline.test_bindings import answer
from tests.pipeline.test_eligibility import application, register, submit
from tests.pipeline.test_modes import broken, credit, rows, settled

pytestmark = [pytest.mark.pipeline, pytest.mark.asyncio(loop_scope="session")]
LANZHOU = "620100"


async def test_money_moved_in_gansu_is_spent_and_given_back_once(world: World, running: Line) -> None:
    giver, kid = adult(6401, admdvs=LANZHOU), child(6402, admdvs=LANZHOU)
    await register(world, [giver, kid], [(giver, kid, "child")])
    await credit(world, giver, "600.00")
    request = application(world, giver, kid, "child")
    await submit(world, [request])
    await world.settled_state(request.binding_id, "the approval", "approved")
    await running.quiet(notices=False)
    binding_id = request.binding_id

    first = offered(world, giver, kid, binding_id, "200.00")
    await world.channels.say("nhsa-app", "account.transfers.offered", first)
    await answer(world, "nhsa-app", str(first.transfer_id), "transfer", state="offered", amount="200.00")
    taken = Accepted(transfer_id=first.transfer_id, to_psn_no=kid.psn_no)
    await world.channels.say("nhsa-app", "account.transfers.accepted", taken)
    await answer(world, "nhsa-app", str(first.transfer_id), "transfer", state="accepted")
    assert await rows(running, giver, f"wallet/{binding_id}") == (40_000, 20_000)

    bill = await settled(world, kid, "70.00")
    assert (bill["acct_mulaid_pay"], bill["psn_cash_pay"]) == ("70.00", "0.00")
    assert await rows(running, giver, f"wallet/{binding_id}") == (40_000, 13_000)

    second = offered(world, giver, kid, binding_id, "2000.01")
    await world.channels.say("nhsa-app", "account.transfers.offered", second)
    no = await answer(world, "nhsa-app", str(second.transfer_id), "transfer", state="refused")
    assert [why["code"] for why in no.raw["reasons"]] == ["transfer-too-large"]

    third = offered(world, giver, kid, binding_id, "50.00")
    await world.channels.say("nhsa-app", "account.transfers.offered", third)
    await answer(world, "nhsa-app", str(third.transfer_id), "transfer", state="offered")
    back = Withdrawn(transfer_id=third.transfer_id, from_psn_no=giver.psn_no)
    await world.channels.say("nhsa-app", "account.transfers.withdrawn", back)
    await answer(world, "nhsa-app", str(third.transfer_id), "transfer", state="withdrawn")
    assert await rows(running, giver, f"wallet/{binding_id}") == (40_000, 13_000)

    last = offered(world, giver, kid, binding_id, "60.00")
    await world.channels.say("nhsa-app", "account.transfers.offered", last)
    await answer(world, "nhsa-app", str(last.transfer_id), "transfer", state="offered")
    end = unbind_requested(giver, binding_id, at=world.now())
    await world.channels.say("nhsa-app", "binding.requests.unbind-requested", end)
    await world.settled_state(binding_id, "the end", "ended")
    os.kill(running.service("settlement")["pid"], signal.SIGKILL)
    await answer(world, "nhsa-app", str(last.transfer_id), "transfer", state="returned")
    await running.quiet(notices=False)
    assert await rows(running, giver, f"wallet/{binding_id}") == (53_000, 0)
    assert await broken(running) == []


def offered(world: World, giver: MadeUp, kid: MadeUp, binding_id: UUID, amount: str) -> Offered:
    return Offered(
        transfer_id=world.ids.new(), from_psn_no=giver.psn_no, to_psn_no=kid.psn_no, binding_id=binding_id, amount=fen(amount),
    )  # fmt: skip
