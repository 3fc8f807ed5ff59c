"""Cancel, refund, reverse, query."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.settlement.kit import HOSPITAL, NOW, World, binding_id, decision, family, money


def settled(world: World, total: str = "35.00") -> tuple[str, str]:
    """setl_id and msgid of a new settlement."""
    answer = world.bill(total)
    return answer["setl_id"], answer["msgid"]


def balances(world: World) -> tuple[int, int, int]:
    return world.balance("child"), world.balance("mother"), world.balance("father")


def test_cancel_gives_everything_back_to_the_same_holders() -> None:
    world = family(quota="25.00")
    setl_id, _ = settled(world)
    assert balances(world) == (0, 0, 2500)
    answer = world.back("cancel", setl_id=setl_id)
    assert (answer["infcode"], answer["acct_pay"], answer["acct_mulaid_pay"], answer["refd_setl_flag"]) == (
        "0",
        "10.00",
        "25.00",
        "1",
    )
    assert balances(world) == (1000, 2000, 3000)
    assert world.book.bindings[binding_id(1)].usage == {"2026": 0}
    assert world.back("cancel", setl_id=setl_id)["code"] == "already-cancelled"
    assert sum(e.amount for e in world.book.new_entries) == 0


def test_partial_refunds_last_deducted_first() -> None:
    world = family()
    setl_id, _ = settled(world, "70.00")
    answer = world.back("refund", setl_id=setl_id, amount="12.00")
    assert [money(answer[k]) for k in ("psn_cash_pay", "acct_mulaid_pay", "acct_pay")] == [1000, 200, 0]
    assert balances(world) == (0, 0, 200)
    assert world.back("refund", setl_id=setl_id, amount="58.01")["code"] == "refund-too-high"
    assert world.back("refund", setl_id=setl_id, amount="0.00")["code"] == "field-invalid"
    assert world.back("refund", setl_id=setl_id, amount="58.00")["infcode"] == "0"
    assert balances(world) == (1000, 2000, 3000)
    assert world.back("cancel", setl_id=setl_id)["code"] == "already-cancelled"


def test_a_refund_after_the_binding_ended_goes_to_the_sponsor() -> None:
    world = family()
    setl_id, _ = settled(world, "15.00")
    world.send(
        "binding.decisions.ended",
        decision(binding_id(1), "mother", version=2, state="ended", end=NOW),
        source="gongji-audit",
    )
    world.back("cancel", setl_id=setl_id)
    assert balances(world) == (1000, 2000, 3000)


def test_money_of_a_closed_account_is_held() -> None:
    world = family()
    setl_id, _ = settled(world, "15.00")
    world.send("account.credits.closed", {"psn_no": "mother", "entry_id": "C", "at": NOW})
    world.back("cancel", setl_id=setl_id)
    assert balances(world) == (1000, 1500, 3000)
    assert [(e.account, e.amount) for e in world.book.new_entries if e.segment == "held"] == [
        ("held/mother", 500)
    ]
    assert sum(e.amount for e in world.book.new_entries) == 0


def test_reverse_by_the_original_message_is_idempotent() -> None:
    world = family()
    _, msgid = settled(world)
    first = world.back("reverse", omsgid=msgid, oinfno="2207")
    assert (first["infcode"], first["acct_mulaid_pay"]) == ("0", "25.00")
    assert balances(world) == (1000, 2000, 3000)
    second = world.back("reverse", omsgid=msgid, oinfno="2207")
    assert second["acct_mulaid_pay"] == "25.00"
    assert balances(world) == (1000, 2000, 3000)


def test_a_reversal_that_comes_first_leaves_a_tombstone() -> None:
    world = family()
    request = world.request("15.00")
    answer = world.back("reverse", omsgid=request["msgid"], oinfno="2207")
    assert answer["infcode"] == "0"
    late = world.send("settlement.requests.settle", request, source="his-first")
    assert late[1].body["code"] == "reversed-before"
    assert balances(world) == (1000, 2000, 3000)


def test_a_tombstone_matches_exactly() -> None:
    world = family()
    request = world.request("15.00")
    world.back("reverse", omsgid=request["msgid"], oinfno="2102")
    assert world.send("settlement.requests.settle", request, source="his-first")[1].body["infcode"] == "0"


def test_reversing_a_cancel_books_the_bill_again_if_the_money_is_there() -> None:
    world = family()
    setl_id, _ = settled(world)
    cancelled = world.back("cancel", setl_id=setl_id)
    again = world.back("reverse", omsgid=cancelled["msgid"], oinfno="2208")
    assert (again["infcode"], again["acct_mulaid_pay"]) == ("0", "25.00")
    assert balances(world) == (0, 0, 2500)
    assert world.back("query", setl_id=setl_id)["refd_setl_flag"] == "0"
    second = world.back("cancel", setl_id=setl_id)
    world.bill("12.00")
    late = world.back("reverse", omsgid=second["msgid"], oinfno="2208")
    assert (late["code"], late["field"]) == ("money-gone", "omsgid")
    assert "12.00" in late["err_msg"]


def test_what_cannot_be_reversed() -> None:
    world = family()
    setl_id, msgid = settled(world, "5.00")
    quote = world.bill("1.00", kind="quote", infno="2206")
    assert world.back("reverse", omsgid=quote["msgid"], oinfno="2207")["code"] == "not-reversible"
    assert world.back("reverse", omsgid=msgid, oinfno="2102")["code"] == "not-reversible"
    assert (
        world.back("reverse", omsgid="H65010000002202611231000000001", oinfno="2207")["code"]
        == "msgid-not-yours"
    )
    world.back("cancel", setl_id=setl_id)
    assert world.back("reverse", omsgid=msgid, oinfno="2207")["code"] == "already-cancelled"


def test_a_declined_bill_has_nothing_to_undo() -> None:
    world = family()
    declined = world.bill("5.00", mdtrt_cert_no="X")
    assert world.back("reverse", omsgid=declined["msgid"], oinfno="2207")["infcode"] == "0"
    assert balances(world) == (1000, 2000, 3000)


def test_only_the_own_institution_and_patient() -> None:
    world = family()
    setl_id, _ = settled(world, "5.00")
    assert world.back("cancel", setl_id=setl_id, psn_no="mother")["code"] == "settlement-unknown"
    assert world.back("cancel", setl_id="ff" * 15)["code"] == "settlement-unknown"
    assert world.back("cancel", setl_id="no hex")["code"] == "settlement-unknown"
    assert world.balance("child") == 500


def test_query_tells_the_whole_settlement() -> None:
    world = family()
    setl_id, msgid = settled(world)
    by_id, by_msgid = world.back("query", setl_id=setl_id), world.back("query", omsgid=msgid)
    assert by_id["setl_id"] == by_msgid["setl_id"] == setl_id
    assert by_id["acct_mulaid_pay"] == "25.00"
    assert world.back("query")["code"] == "settlement-unknown"
    assert world.back("query", omsgid=f"{HOSPITAL}209912312359590001")["code"] == "settlement-unknown"


def test_the_quota_is_restored_in_the_year_in_which_it_was_used() -> None:
    world = family(quota="25.00")
    setl_id, _ = settled(world, "15.00")
    world.now = NOW + timedelta(days=60)
    world.back("cancel", setl_id=setl_id)
    assert world.book.bindings[binding_id(1)].usage == {"2026": 0}
