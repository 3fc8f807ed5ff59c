"""Money across provinces, through every service: set apart, spent, paid as a premium, given back once in spite of a crash."""

import os
import signal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from deploy.demo.world import World
from shared.contracts.account_credits import Credited, Segment
from shared.contracts.base import fen, yuan
from shared.contracts.binding_requests import QuotaChanged, Terms
from shared.contracts.premium_requests import Cancel, Pay, Remitted
from shared.contracts.settlement_requests import Settle
from shared.testing.identities import MadeUp, adult
from shared.testing.messages import consented, unbind_requested
from tests.pipeline.running import Line
from tests.pipeline.test_bindings import answer
from tests.pipeline.test_eligibility import HUNAN, application, register, submit

pytestmark = [pytest.mark.pipeline, pytest.mark.asyncio(loop_scope="session")]
HANGZHOU = "330100"


async def test_money_set_apart_across_provinces_is_spent_and_given_back_once(
    world: World, running: Line
) -> None:
    giver, sister = adult(6301, admdvs=HUNAN), adult(6302, admdvs=HANGZHOU)
    await register(world, [giver, sister], [(giver, sister, "sibling")])
    await credit(world, giver, "600.00")
    await running.quiet(notices=False)
    binding_id = await agreed(world, giver, sister, "500.00")
    await running.quiet(notices=False)
    assert await rows(running, giver, f"earmark/{binding_id}") == (10_000, 50_000)

    await changed(world, running, giver, binding_id, "450.00")
    assert await rows(running, giver, f"earmark/{binding_id}") == (15_000, 45_000)
    await changed(world, running, giver, binding_id, "500.00")
    assert await rows(running, giver, f"earmark/{binding_id}") == (10_000, 50_000)

    mine = await settled(world, giver, "150.00")  # what is set apart is not the giver's to spend
    assert (mine["acct_pay"], mine["psn_cash_pay"]) == ("100.00", "50.00")
    hers = await settled(world, sister, "119.99")
    assert (hers["acct_mulaid_pay"], hers["psn_cash_pay"]) == ("119.99", "0.00")

    short = await premium(world, giver, sister, binding_id, "380.02", "declined")
    (why,) = short["reasons"]
    assert why["code"] == "premium-not-covered"
    assert "差0.01元" in why["zh"]
    await credit(world, giver, "0.01")
    await running.quiet(notices=False)
    paid = await premium(world, giver, sister, binding_id, "380.02", "paid")
    assert await rows(running, giver, f"earmark/{binding_id}") == (0, 0)
    cancel = Cancel(premium_id=paid["premium_id"], payer_psn_no=giver.psn_no)
    await world.channels.say("nhsa-app", "premium.requests.cancel", cancel)
    await answer(world, "nhsa-app", paid["premium_id"], "premium", state="cancelled")
    assert await rows(running, giver, f"earmark/{binding_id}") == (0, 38_002)

    end = unbind_requested(giver, binding_id, at=world.now())
    await world.channels.say("nhsa-app", "binding.requests.unbind-requested", end)
    await world.settled_state(binding_id, "the end", "ended")
    os.kill(running.service("settlement")["pid"], signal.SIGKILL)
    await running.quiet(notices=False)
    assert await rows(running, giver, f"earmark/{binding_id}") == (38_002, 0)
    assert await broken(running) == []


async def test_only_the_tax_office_ends_the_time_in_which_a_premium_may_be_cancelled(
    world: World, running: Line
) -> None:
    owner = adult(6303, admdvs=HUNAN)
    await register(world, [owner])
    await credit(world, owner, "50.00")
    await running.quiet(notices=False)
    paid = await premium(world, owner, owner, None, "50.00", "paid")
    remitted = Remitted(premium_id=paid["premium_id"], payer_psn_no=owner.psn_no, at=world.now())
    await world.channels.say("nhsa-app", "premium.requests.remitted", remitted)  # a dead letter
    await world.channels.say("tax-office", "premium.requests.remitted", remitted)
    await answer(world, "tax-office", paid["premium_id"], "premium", state="remitted")
    cancel = Cancel(premium_id=paid["premium_id"], payer_psn_no=owner.psn_no)
    await world.channels.say("nhsa-app", "premium.requests.cancel", cancel)
    no = await answer(world, "nhsa-app", paid["premium_id"], "premium", state="declined")
    assert [why["code"] for why in no.raw["reasons"]] == ["wrong-state"]
    assert await broken(running) == []


async def credit(world: World, holder: MadeUp, amount: str) -> None:
    body = Credited(
        psn_no=holder.psn_no, entry_id=f"modes-{world.ids.new()}", at=world.now(), admdvs=holder.admdvs,
        amount=fen(amount), segment=Segment.HISTORIC,
    )  # fmt: skip
    await world.channels.say("authority", "account.credits.credited", body)


async def agreed(world: World, giver: MadeUp, sister: MadeUp, amount: str) -> UUID:
    """An approved binding in the mode earmark."""
    terms = Terms(scope=("outpatient", "resident-premium"), earmark=amount)
    request = application(world, giver, sister, "sibling", terms=terms)
    await submit(world, [request])
    await answer(world, "nhsa-app", str(request.binding_id), "screened", outcome="consent-needed")
    yes = consented(sister, request.binding_id, at=world.now())
    await world.channels.say("zheliban", "beneficiary.requests.consented", yes)
    await world.settled_state(request.binding_id, "the approval", "approved")
    return request.binding_id


async def changed(world: World, running: Line, giver: MadeUp, binding_id: UUID, amount: str) -> None:
    """Another amount is to be set apart."""
    body = QuotaChanged(binding_id=binding_id, sponsor_psn_no=giver.psn_no, earmark=fen(amount))
    await world.channels.say("nhsa-app", "binding.requests.quota-changed", body)
    await running.quiet(notices=False)


async def settled(world: World, patient: MadeUp, total: str) -> dict[str, Any]:
    body = Settle(**world.bill_of(patient, fen(total)))
    await world.channels.say("his-first", "settlement.requests.settle", body)
    return await world.answer("his-first", body.msgid)


async def premium(
    world: World, payer: MadeUp, person: MadeUp, binding_id: UUID | None, amount: str, state: str
) -> dict[str, Any]:
    body = Pay(
        premium_id=world.ids.new(), payer_psn_no=payer.psn_no, psn_no=person.psn_no, insutype="390", year=2027,
        amount=fen(amount), binding_id=binding_id,
    )  # fmt: skip
    await world.channels.say("nhsa-app", "premium.requests.pay", body)
    seen = await answer(world, "nhsa-app", str(body.premium_id), "premium", state=state)
    assert seen.raw["amount"] == yuan(body.amount)
    return dict(seen.raw)


async def rows(running: Line, giver: MadeUp, other: str) -> tuple[int, int]:
    """Fen on the giver's own row, and on another one."""
    connection = await asyncpg.connect(running.database_url)
    try:
        found = await connection.fetch("select psn_no, current + historic from settlement.account")
        money = {row[0]: row[1] for row in found}
        return money[giver.psn_no], money[other]
    finally:
        await connection.close()


async def broken(running: Line) -> list[str]:
    """Broken invariants of the ledger."""
    connection = await asyncpg.connect(running.database_url)
    try:
        await connection.execute("set search_path to settlement")
        return [str(dict(row)) for row in await connection.fetch("select * from verify()")]
    finally:
        await connection.close()
