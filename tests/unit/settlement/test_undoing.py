"""What taking back does to recoveries, closed accounts, deceased holders and the year's turn; and what is declined, in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.settlement.deciding import facts
from services.settlement.domain.book import late_case
from shared.clock import BEIJING
from tests.unit.settlement import kit
from tests.unit.settlement.kit import HOSPITAL, NOW, PHARMACY, World, binding_id, decision, family, person
from tests.unit.settlement.ruling import Ruled, by, paid

BOTH = frozenset({"current", "historic"})
TURN = datetime(2027, 1, 1, 0, 30, tzinfo=BEIJING)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """The family of the kit; sponsors' money of both years counts."""
    ruled = Ruled(sponsor_segments=BOTH)
    monkeypatch.setattr(kit, "regions", lambda: ruled)
    return family()


def settle(world: World, total: str, at: datetime = NOW, **changes: Any) -> str:
    """The id of a new settlement."""
    answer = world.bill(total, at=at, **changes)
    assert answer["infcode"] == "0", answer
    return str(answer["setl_id"])


def held(world: World) -> dict[str, int]:
    """Fen that wait for the staff."""
    lines: dict[str, int] = {}
    for entry in world.book.new_entries:
        if entry.segment == "held":
            lines[entry.account] = lines.get(entry.account, 0) + entry.amount
    assert sum(entry.amount for entry in world.book.new_entries) == 0
    return lines


def turn(world: World, name: str, at: datetime = TURN) -> None:
    body = {"psn_no": name, "entry_id": f"T-{name}", "at": at, "year": 2026}
    world.send("account.credits.year-turned", body, at=at)


def test_a_cancel_has_the_transaction_of_its_settlement(world: World) -> None:
    setl_id = settle(world, "5.00")
    for infno in ("2103", "2305"):
        answer = world.back("cancel", setl_id=setl_id, infno=infno)
        assert (answer["code"], answer["field"]) == ("transaction-mismatch", "infno")
        assert "2208" in answer["remedy"]
    inpatient = settle(world, "3.00", infno="2304", med_type="21")
    assert world.back("cancel", setl_id=inpatient, infno="2208")["code"] == "transaction-mismatch"
    assert world.back("cancel", setl_id=inpatient, infno="2305")["infcode"] == "0"
    drugs = settle(
        world, "2.00", infno="2102", fixmedins_code=PHARMACY, med_type="41", source="pharmacy-chain"
    )
    body = {"msgid": f"{PHARMACY}202611231100000001", "fixmedins_code": PHARMACY, "psn_no": "child", "setl_id": drugs, "infno": "2103"}  # fmt: skip
    said = world.send("settlement.requests.cancel", body, source="pharmacy-chain")
    assert said[-1].body["infcode"] == "0"
    assert world.back("cancel", setl_id=setl_id)["infcode"] == "0"


def test_a_reversed_cancel_shows_what_was_booked_again_and_not_what_had_been_refunded_before(
    world: World,
) -> None:
    setl_id = settle(world, "70.00")
    world.back("refund", setl_id=setl_id, amount="12.00")  # 10.00 cash, 2.00 of the father's
    cancel = world.back("cancel", setl_id=setl_id)
    body = {
        "msgid": f"{HOSPITAL}202611231200000001", "fixmedins_code": HOSPITAL, "psn_no": "child", "infno": "2601",
        "omsgid": cancel["msgid"], "oinfno": "2208",
    }  # fmt: skip
    result = world.send("settlement.requests.reverse", body, source="his-first")[0].body
    assert by(result) == {"child": "10.00", "mother": "20.00", "father": "28.00"}
    assert paid(result) == ("10.00", "48.00", "0.00")
    assert result["medfee_sumamt"] == "58.00"
    assert world.balance("father") == 200


def test_money_of_a_deceased_holder_waits_for_the_staff_and_pays_no_bill_again(world: World) -> None:
    setl_id = settle(world, "15.00")
    dead = person("mother", version=2) | {"surv_stas": "2", "death_date": "2026-11-20"}
    world.send("registry.persons.recorded", dead)
    cancel = world.back("cancel", setl_id=setl_id)
    assert cancel["infcode"] == "0"
    assert held(world) == {"held/mother": 500}
    assert (world.balance("child"), world.balance("mother"), world.balance("father")) == (1000, 1500, 3000)
    again = world.back("reverse", omsgid=cancel["msgid"], oinfno="2208")
    assert again["code"] == "money-gone"
    assert "5.00" in again["err_msg"]


def test_what_is_credited_to_a_closed_account_waits_for_the_staff(world: World) -> None:
    world.send("account.credits.closed", {"psn_no": "mother", "entry_id": "C", "at": NOW})
    world.credit("mother", "7.00")
    world.credit("mother", "2.00", kind="corrected")
    assert held(world) == {"held/mother": 900}
    assert world.balance("mother") == 2000
    world.credit("mother", "-5.00", kind="corrected")
    assert world.balance("mother") == 1500


def test_a_late_turn_of_the_year_leaves_what_was_credited_of_the_new_one(world: World) -> None:
    account = world.book.account("mother")
    world.book.new_money = {"mother": []}
    world.credit("mother", "10.00", segment="current")
    world.now = TURN + timedelta(days=3)
    world.send("account.credits.credited", {"psn_no": "mother", "entry_id": "N", "at": world.now, "admdvs": "330100", "amount": "6.00", "segment": "current"}, at=world.now)  # fmt: skip
    turn(world, "mother", TURN + timedelta(days=5))
    assert (account.current, account.historic) == (600, 3000)


def test_a_refund_after_the_turn_goes_to_the_historic_money_and_can_be_booked_again_from_there(
    world: World,
) -> None:
    world.credit("mother", "4.00", segment="current")
    setl_id = settle(world, "15.00")
    mother = world.book.account("mother")
    assert (mother.current, mother.historic) == (0, 1900)
    turn(world, "mother")
    cancel = world.back("cancel", setl_id=setl_id)
    assert (mother.current, mother.historic) == (0, 2400)
    assert world.back("reverse", omsgid=cancel["msgid"], oinfno="2208")["infcode"] == "0"
    assert (mother.current, mother.historic) == (0, 1900)


def late_end(world: World) -> list[Any]:
    end = NOW - timedelta(days=1)
    body = decision(binding_id(1), "mother", version=2, state="ended", end=end)
    world.send("binding.decisions.ended", body, source="gongji-audit")
    return world.book.new_recoveries


def owed(world: World, setl_id: str) -> int:
    """Fen still to be recovered of what the mother's binding paid."""
    found = world.book.recoveries[late_case(bytes.fromhex(setl_id), binding_id(1))]
    return found.amount - found.settled


def test_a_refund_and_a_cancel_take_off_what_was_to_be_recovered(world: World) -> None:
    setl_id = settle(world, "25.00")  # 10.00 own, 15.00 of the mother's
    late_end(world)
    assert owed(world, setl_id) == 1500
    world.back("refund", setl_id=setl_id, amount="4.00")
    assert owed(world, setl_id) == 1100
    cancel = world.back("cancel", setl_id=setl_id)
    assert (owed(world, setl_id), world.balance("mother")) == (0, 2000)
    assert held(world) == {}
    world.back("reverse", omsgid=cancel["msgid"], oinfno="2208")
    assert owed(world, setl_id) == 1100


def test_what_was_recovered_already_is_not_given_to_the_sponsor_twice(world: World) -> None:
    setl_id = settle(world, "25.00")
    late_end(world)
    world.book.recoveries[late_case(bytes.fromhex(setl_id), binding_id(1))].settled = 600
    world.back("cancel", setl_id=setl_id)
    assert world.balance("mother") == 500 + 900
    assert held(world) == {"held/mother": 600}


DECLINES = [
    ("reverse", {"omsgid": HOSPITAL + "1", "oinfno": "2207"}, "field-invalid", "omsgid"),
    ("reverse", {"oinfno": "2601"}, "field-invalid", "oinfno"),
    ("reverse", {"oinfno": "2206"}, "field-invalid", "oinfno"),
    ("reverse", {"omsgid": "QUOTE", "oinfno": "2207"}, "not-reversible", "omsgid"),
    ("reverse", {"omsgid": "REVERSAL", "oinfno": "2207"}, "not-reversible", "omsgid"),
    ("reverse", {"omsgid": "REFUND", "oinfno": "2208"}, "not-reversible", "omsgid"),
    ("reverse", {"omsgid": "SETTLE", "oinfno": "2207", "psn_no": "mother"}, "not-reversible", "omsgid"),
    ("cancel", {"setl_id": "SETTLED", "psn_no": "mother"}, "settlement-unknown", "setl_id"),
    ("cancel", {"setl_id": "CANCELLED"}, "already-cancelled", "setl_id"),
    ("refund", {"setl_id": "CANCELLED", "amount": "1.00"}, "already-cancelled", "setl_id"),
    ("refund", {"setl_id": "SETTLED", "amount": "0.00"}, "field-invalid", "amount"),
    ("refund", {"setl_id": "SETTLED", "amount": "99.00"}, "refund-too-high", "amount"),
]


@pytest.mark.parametrize(("kind", "fields", "code", "field"), DECLINES)
def test_each_wrong_request_is_declined_in_both_languages_kept_as_the_answer_and_books_nothing(
    world: World, kind: str, fields: dict[str, str], code: str, field: str
) -> None:
    quote = world.bill("1.00", kind="quote", infno="2206")["msgid"]
    one = world.bill("5.00")
    two = settle(world, "3.00")
    names = {"QUOTE": quote, "SETTLE": one["msgid"], "SETTLED": one["setl_id"], "CANCELLED": two}
    world.back("cancel", setl_id=two)
    names["REFUND"] = world.back("refund", setl_id=one["setl_id"], amount="1.00")["msgid"]
    names["REVERSAL"] = world.back("reverse", omsgid=f"{HOSPITAL}202611231000009999", oinfno="2207")["msgid"]
    before = len(world.book.new_entries), len(world.book.new_tombstones)
    infno = {"cancel": {"infno": "2208"}, "reverse": {"infno": "2601", "omsgid": one["msgid"]}, "refund": {}}[
        kind
    ]
    body = {"msgid": f"{HOSPITAL}202611231300000001", "fixmedins_code": HOSPITAL, "psn_no": "child"} | infno
    body |= {name: names.get(value, value) for name, value in fields.items()}
    result, answer = world.send(f"settlement.requests.{kind}", body, source="his-first")
    assert (answer.body["code"], answer.body["field"]) == (code, field)
    assert all(result.body[name] for name in ("zh", "en", "remedy_zh", "remedy_en"))
    assert answer.body["remedy"] == result.body["remedy_zh"]
    assert (len(world.book.new_entries), len(world.book.new_tombstones)) == before
    again = world.send(f"settlement.requests.{kind}", body, source="his-first")
    assert [said.body for said in again] == [answer.body], "the stored answer"


def test_another_body_under_a_used_msgid_learns_nothing_of_the_first_patient(world: World) -> None:
    first = world.request("15.00")
    world.send("settlement.requests.settle", first, source="his-first")
    other = first | {"psn_no": "mother", "mdtrt_cert_no": kit.CERTS["mother"]}
    result, answer = world.send("settlement.requests.settle", other, source="his-first")
    assert answer.body["code"] == "msgid-reused"
    assert "child" not in str(result.body)
    assert answer.body.get("setl_id") is None
    again = world.send("settlement.requests.settle", first, source="his-first")
    assert again[-1].body["setl_id"]


def test_an_erased_person_is_unknown_until_the_registry_records_him_or_her_again(world: World) -> None:
    facts.erase_person(world.book, "child")
    assert world.bill("1.00")["code"] == "patient-unknown"
    assert kit.CERTS["child"] not in str(world.book.holders)
    world.send("registry.persons.recorded", person("child", version=2))
    assert world.bill("1.00")["infcode"] == "0"


def test_another_institution_of_the_same_system_neither_cancels_nor_reverses_nor_reads_it(
    world: World,
) -> None:
    other = "H33010000003"
    world.send("registry.institutions.recorded", kit.institution(other))
    one = world.bill("5.00")
    asked = (("cancel", {"setl_id": one["setl_id"], "infno": "2208"}), ("query", {"setl_id": one["setl_id"]}))
    for n, (kind, fields) in enumerate(asked):
        body = {"msgid": f"{other}20261123110000000{n}", "fixmedins_code": other, "psn_no": "child"} | fields
        said = world.send(f"settlement.requests.{kind}", body, source="his-first")
        assert said[-1].body["code"] == "settlement-unknown"
    reverse = {
        "msgid": f"{other}202611231100000009",
        "fixmedins_code": other,
        "psn_no": "child",
        "infno": "2601",
    }
    undone = reverse | {"omsgid": one["msgid"], "oinfno": "2207"}
    said = world.send("settlement.requests.reverse", undone, source="his-first")
    assert (said[-1].body["code"], said[-1].body["field"]) == ("msgid-not-yours", "omsgid")
    assert world.balance("child") == 500
