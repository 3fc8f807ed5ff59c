"""A settle whose shares differ from the visit's last quote says so."""

from __future__ import annotations

from typing import Any

from tests.unit.settlement.kit import World, binding_id, decision, family, institution
from tests.unit.settlement.ruling import settled


def quote(world: World, total: str, **changes: Any) -> dict[str, Any]:
    """The answer to a quote."""
    return world.bill(total, kind="quote", infno="2206", **changes)


def test_a_settle_as_it_was_quoted_says_nothing() -> None:
    world = family()
    quote(world, "15.00")
    result, answer = settled(world, "15.00")
    assert "quoted" not in result
    assert "quoted" not in answer


def test_a_settle_with_other_shares_tells_what_the_quote_had_said() -> None:
    world = family()
    asked = quote(world, "70.00")
    world.send("account.credits.frozen", {"psn_no": "mother", "entry_id": "F", "at": world.now})
    result, answer = settled(world, "70.00")
    said = {"msgid": asked["msgid"], "acct_pay": "10.00", "acct_mulaid_pay": "50.00", "psn_cash_pay": "10.00"}
    assert result["quoted"] == answer["quoted"] == said
    assert any("预结算为个人账户10.00元、共济50.00元、现金10.00元" in why for why in answer["explained"])


def test_other_payers_of_equal_sums_are_told_in_figures_only() -> None:
    world = family()
    quote(world, "15.00")
    for n, name in ((1, "mother"), (2, "father")):
        body = decision(binding_id(n), name, version=2, order=3 - n)
        if name == "mother":
            body["suspended"] = [{"begin": body["effective"][0]["begin"], "end": None}]
        world.send("binding.decisions.changed", body, source="gongji-audit")
    result, answer = settled(world, "15.00")
    assert result["shares"][1]["psn_no"] == "father"
    assert answer["quoted"]["acct_mulaid_pay"] == "5.00"
    assert not answer["explained"]
    assert "mother" not in str(answer)


def test_the_visits_last_quote_counts_and_only_that_of_the_same_patient_visit_and_institution() -> None:
    world = family()
    quote(world, "70.00")
    quote(world, "15.00")
    assert "quoted" not in settled(world, "15.00")[0]
    other = "H33010000003"
    world.send("registry.institutions.recorded", institution(other))
    for changes in ({"mdtrt_id": "V2"}, {"fixmedins_code": other}):
        assert "quoted" not in settled(world, "1.00", **changes)[0]


def test_a_settle_without_a_quote_says_nothing_and_a_quote_never_does() -> None:
    world = family()
    assert "quoted" not in settled(world, "15.00")[0]
    assert "quoted" not in quote(world, "15.00")
    assert "quoted" not in quote(world, "16.00")


def test_a_settle_takes_the_visits_quote_with_it() -> None:
    world = family()
    quote(world, "15.00")
    settled(world, "15.00")
    result, answer = settled(world, "15.00")
    assert result["acct_pay"] == "0.00", "the second bill of the visit finds the own account empty"
    assert "quoted" not in result | answer, "no quote was given for it"
    quote(world, "5.00")
    for name in ("mother", "father"):
        world.send("account.credits.frozen", {"psn_no": name, "entry_id": name, "at": world.now})
    assert "quoted" in settled(world, "5.00")[0], "the visit was quoted again"


def test_a_declined_settle_leaves_the_quote_where_it_is() -> None:
    world = family()
    quote(world, "15.00")
    assert world.bill("15.00", mdtrt_cert_no="110101199003078110")["infcode"] != "0"
    assert "quoted" in settled(world, "16.00")[0]
