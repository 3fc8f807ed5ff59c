"""A hospital never got its answer: it reverses by its own message's number (2601) and settles the visit again."""

from deploy.demo import money
from deploy.demo.peers import Peers
from deploy.demo.scenes_bills import HOSPITAL, SOURCE, ask, paid
from deploy.demo.world import World
from shared.contracts.base import fen, yuan
from shared.contracts.settlement_requests import Reverse, Settle

PATIENT, SPONSOR, BILL = "li-na", "zhang-wei", "88.00"


async def reversed_and_settled_again(world: World, database_url: str) -> None:
    """Three messages, one payment: what the sponsor's account is short of is one bill."""
    sponsor = world.cast[SPONSOR].psn_no
    before = await money.on(database_url, sponsor)
    fields = world.bill_of(world.cast[PATIENT], fen(BILL), fixmedins_code=HOSPITAL)
    lost = Settle(**fields)
    await world.channels.say(SOURCE[HOSPITAL], "settlement.requests.settle", lost)
    again = Settle(**fields | {"msgid": _msgid(world)})
    undo = Reverse(
        msgid=_msgid(world), fixmedins_code=HOSPITAL, psn_no=lost.psn_no, omsgid=lost.msgid, oinfno="2207"
    )
    whole = paid("0.00", BILL, "0.00")
    await ask(world, "应答丢失：按原报文冲正 2601", HOSPITAL, "settlement.requests.reverse", undo, whole)
    await ask(world, "冲正后重新结算同一就诊", HOSPITAL, "settlement.requests.settle", again, whole)
    spent = before - await money.on(database_url, sponsor)
    heard = [len(world.follower.named(one.msgid, "answers.his-first")) for one in (lost, undo, again)]
    booked = [
        len(money.results(world, kind, omsgid)) for kind, omsgid in (("settled", lost.msgid), ("reversed", undo.msgid), ("settled", again.msgid))
    ]  # fmt: skip
    world.ledger.check(
        "应答丢失、冲正、重新结算：账上只付一次 / answer lost, reversed, settled again: paid once",
        spent == fen(BILL) and booked == [1, 1, 1] and heard[1:] == [1, 1],
        f"{yuan(spent)} of {BILL} yuan; answers {heard}",
    )


def told_once(world: World, peers: Peers) -> None:
    """The sponsor reads what happened on the account: two payments, one of them given back, none of the three twice."""
    tel = world.cast[SPONSOR].tel
    texts = [text["text"] for text in peers.texts() if text["number"].endswith(tel)]
    out = sum(f"支付{BILL}元" in text for text in texts)
    back = sum("未成功" in text and f"个人账户{BILL}元" in text for text in texts)
    world.ledger.check(
        "授权人：付两次、退一次，各告知一次 / the sponsor is told of two payments and one return, each once",
        (out, back) == (2, 1),
        f"{out} payments, {back} return",
    )


def _msgid(world: World) -> str:
    return str(world.bill_of(world.cast[PATIENT], 0, fixmedins_code=HOSPITAL)["msgid"])
