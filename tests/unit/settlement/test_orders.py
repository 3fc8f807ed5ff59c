"""Account orders of the authority, late ends, and what is not offered."""

from __future__ import annotations

from datetime import timedelta

from services.settlement.domain.book import PaidLate
from tests.unit.settlement.kit import NOW, binding_id, decision, family


def test_an_entry_number_counts_once() -> None:
    world = family()
    body = {
        "psn_no": "child",
        "entry_id": "E-1",
        "at": NOW,
        "admdvs": "330100",
        "amount": "5.00",
        "segment": "current",
    }
    assert world.send("account.credits.credited", body) == []
    assert world.send("account.credits.credited", body) == []
    assert world.balance("child") == 1500
    said = world.send("account.credits.credited", body | {"amount": "6.00"})
    assert [r["code"] for r in said[0].body["reasons"]] == ["entry-reused"]
    assert world.balance("child") == 1500


def test_a_correction_below_zero_takes_what_is_there() -> None:
    world = family()
    world.credit("child", "-12.50", kind="corrected")
    assert world.balance("child") == 0
    assert [(r.kind, r.psn_no, r.amount) for r in world.book.new_recoveries] == [
        ("corrected-below-zero", "child", 250)
    ]


def test_the_years_turn() -> None:
    world = family()
    world.credit("mother", "7.00", segment="current")
    body = {"psn_no": "mother", "entry_id": "T", "at": NOW, "year": 2026}
    world.send("account.credits.year-turned", body)
    account = world.book.account("mother")
    assert (account.current, account.historic) == (0, 2700)
    assert sum(e.amount for e in world.book.new_entries) == 0


def test_closed_is_for_good() -> None:
    world = family()
    world.send("account.credits.closed", {"psn_no": "child", "entry_id": "C1", "at": NOW})
    world.send("account.credits.unfrozen", {"psn_no": "child", "entry_id": "C2", "at": NOW})
    assert world.bill("1.00")["acct_pay"] == "0.00"


def test_what_was_paid_before_a_late_end_is_listed_for_recovery() -> None:
    world = family()
    at = NOW - timedelta(hours=1)
    world.book.paid[binding_id(1)] = [
        PaidLate(b"\x01" * 15, 500, at),
        PaidLate(b"\x02" * 15, 100, NOW - timedelta(days=2)),
    ]
    ended = decision(binding_id(1), "mother", version=2, state="ended", end=NOW - timedelta(hours=2))
    world.send("binding.decisions.ended", ended, source="gongji-audit")
    assert [(r.kind, r.amount) for r in world.book.new_recoveries] == [("paid-after-end", 500)]
    assert world.balance("mother") == 2000


def test_all_that_was_paid_after_a_late_end_is_listed_in_whole() -> None:
    """Both segments of one share; two bindings of one minute in one bill; a bill of the same batch, less what was refunded."""
    world, end = family(), NOW - timedelta(hours=2)
    posting = b"\x01" * 15
    for n, amounts in ((1, (500, 70)), (2, (30,))):
        world.book.paid[binding_id(n)] = [PaidLate(posting, amount, NOW) for amount in amounts]
    setl_id = world.bill("35.00")["setl_id"]
    world.back("refund", setl_id=setl_id, amount="2.00")
    for n, sponsor in ((1, "mother"), (2, "father")):
        ended = decision(binding_id(n), sponsor, version=2, state="ended", end=end)
        world.send("binding.decisions.ended", ended, source="gongji-audit")
    found = world.book.new_recoveries
    assert [(r.reference == setl_id, r.amount) for r in found] == [
        (False, 570),
        (True, 2000),
        (False, 30),
        (True, 300),
    ]
    assert len({r.case_id for r in found}) == len(found)


def test_usage_outlives_a_new_version() -> None:
    world = family(quota="3.00")
    world.bill("12.00")
    world.send(
        "binding.decisions.changed",
        decision(binding_id(1), "mother", version=2, quota="2.50"),
        source="gongji-audit",
    )
    assert world.bill("9.00")["acct_mulaid_pay"] == "3.50"


def test_a_transfer_over_a_binding_of_another_mode_is_refused() -> None:
    world = family()
    offer = {
        "transfer_id": str(binding_id(6)),
        "from_psn_no": "mother",
        "to_psn_no": "child",
        "binding_id": str(binding_id(1)),
        "amount": "1.00",
    }
    (told,) = world.send("account.transfers.offered", offer, source="zheliban")
    assert [why["code"] for why in told.body["reasons"]] == ["transfer-mode"]
    assert world.balance("mother") == 2000


def test_wrong_fields_of_an_order_are_told() -> None:
    world = family()
    body = {
        "psn_no": "child",
        "entry_id": "E-9",
        "at": NOW,
        "admdvs": "330100",
        "amount": "five",
        "segment": "current",
    }
    said = world.send("account.credits.credited", body)
    assert [(r["code"], r["field"]) for r in said[0].body["reasons"]] == [("field-invalid", "amount")]
