"""Across provinces: an amount set apart for a sister, out of the sponsor's reach, spent in part, the rest given back once."""

from uuid import UUID

from deploy.demo import money
from deploy.demo.scenes_bills import paid, settle
from deploy.demo.scenes_binding import SMS
from deploy.demo.world import World
from shared.contracts.base import fen, yuan
from shared.contracts.binding_requests import Terms
from shared.testing.messages import consented, unbind_requested

SPONSOR, SISTER = "tang-wen", "tang-yue"
APART, FREE, SPENT = "500.00", "100.00", "119.99"
REST = "380.01"


async def agreed(world: World) -> UUID:
    """The sister agrees, as across provinces both sides do; the binding then counts."""
    request = world.application(SPONSOR, SISTER, "sibling", terms=Terms(earmark=fen(APART)))
    title = f"跨省共济：设定额度{APART}元，妹妹同意"
    row, binding_id = await world.apply("nhsa-app", title, request, "awaiting-consent", SMS)
    yes = consented(world.cast[SISTER], binding_id, at=world.now())
    await world.channels.say("zheliban", "beneficiary.requests.consented", yes)
    row.expected = "approved"
    await world.see_state(row, binding_id, "approved")
    return binding_id


async def spent_and_given_back(world: World, binding_id: UUID, database_url: str) -> None:
    """Bills of both, then the unbinding."""
    own, apart = world.cast[SPONSOR].psn_no, f"earmark/{binding_id}"
    seen = [await money.until(database_url, {own: fen(FREE), apart: fen(APART)})]
    await settle(world, "本人用不到已设定的额度：其余自费", SPONSOR, "150.00", paid(FREE, "0.00", "50.00"))
    await settle(world, "妹妹跨省门诊：由额度支付", SISTER, SPENT, paid("0.00", SPENT, "0.00"))
    seen.append(await money.until(database_url, {own: 0, apart: fen(REST)}))
    end = unbind_requested(world.cast[SPONSOR], binding_id, at=world.now())
    await world.channels.say("nhsa-app", "binding.requests.unbind-requested", end)
    await world.settled_state(binding_id, "the end of the cross-province binding", "ended")
    seen.append(await money.until(database_url, {own: fen(REST), apart: 0}))
    back = await money.booked(database_url, apart, "earmark-back")
    await settle(world, "解绑后：退回的钱本人可用", SPONSOR, "80.01", paid("80.01", "0.00", "0.00"))
    steps = [tuple(one.values()) for one in seen]
    expected = [(fen(FREE), fen(APART)), (0, fen(REST)), (fen(REST), 0)]
    world.ledger.check(
        "跨省额度：授权人不能动用，解绑后余额恰好退回一次 / set apart: not the sponsor's to spend, the rest given back once",
        steps == expected and back == [-fen(REST)],
        f"{' → '.join(f'{yuan(mine)}+{yuan(hers)}' for mine, hers in steps)}; back {', '.join(yuan(-one) for one in back)}",
    )
