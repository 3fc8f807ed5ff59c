"""A daughter's premium, one fen short: refused with both amounts, then 0.01 is credited and it is paid."""

from uuid import UUID

from deploy.demo import money
from deploy.demo.rows import Row
from deploy.demo.scenes_binding import SMS
from deploy.demo.world import World, channel_name
from shared.contracts.account_credits import Credited, Segment
from shared.contracts.base import fen, yuan
from shared.contracts.binding_requests import Terms
from shared.contracts.premium_requests import Pay

SOURCE, PAYER, CHILD = "zheliban", "song-lei", "song-yu"
PREMIUM, SHORT, FEN = "400.00", "399.99", "0.01"
YEAR = 2027


async def bound(world: World) -> UUID:
    """The father lets his account pay her bills and her premium."""
    terms = Terms(scope=("outpatient", "resident-premium"))
    request = world.application(PAYER, CHILD, "child", terms=terms)
    _, binding_id = await world.apply(SOURCE, "女儿：门诊和居民医保缴费", request, "approved", SMS)
    return binding_id


async def one_fen_short(world: World, binding_id: UUID, database_url: str) -> None:
    """A premium is never paid in part: a fen decides."""
    payer = world.cast[PAYER]
    await money.until(database_url, {payer.psn_no: fen(SHORT)})
    why = await _pay(world, f"代缴居民医保{PREMIUM}元：差一分", binding_id, "declined premium-not-covered")
    credit = Credited(
        psn_no=payer.psn_no, entry_id=f"demo-{world.ids.new()}", at=world.now(), admdvs=payer.admdvs, amount=fen(FEN),
        segment=Segment.HISTORIC,
    )  # fmt: skip
    await world.channels.say("authority", "account.credits.credited", credit)
    await money.until(database_url, {payer.psn_no: fen(PREMIUM)})
    await _pay(world, f"划入{FEN}元后再缴：办结", binding_id, "paid")
    await _pay(world, "同一人同一年度再缴：拒绝", binding_id, "declined premium-already-paid")
    left = await money.on(database_url, payer.psn_no)
    total = money.premiums(world)
    world.ledger.check(
        "保费差一分不缴，两个金额都说明；补足后缴清一次 / a premium one fen short: both amounts told; then paid, once",
        all(amount in why for amount in (SHORT, PREMIUM, FEN)) and left == 0 and total == fen(PREMIUM),
        f"{yuan(total)} paid, {yuan(left)} left",
    )


async def _pay(world: World, title: str, binding_id: UUID, expected: str) -> str:
    """One request through to its answer, as a row; what the payer reads."""
    body = Pay(
        premium_id=world.ids.new(), payer_psn_no=world.cast[PAYER].psn_no, psn_no=world.cast[CHILD].psn_no, insutype="390",
        year=YEAR, amount=fen(PREMIUM), binding_id=binding_id,
    )  # fmt: skip
    row = Row(channel_name(SOURCE), title, expected, about=str(body.premium_id))
    world.ledger.bills.append(row)
    began = world.now()
    await world.channels.say(SOURCE, "premium.requests.pay", body)
    told = await world.answer(SOURCE, str(body.premium_id))
    row.seconds = (world.now() - began).total_seconds()
    row.got = " ".join((told["state"], *(reason["code"] for reason in told.get("reasons", ()))))
    row.why = "；".join(reason["zh"] for reason in told.get("reasons", ()))
    return row.why
