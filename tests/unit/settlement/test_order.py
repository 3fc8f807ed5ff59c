"""In which order sponsors pay: the region's, and what decides between equals."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.settlement.kit import NOW, World, binding_id, decision, family
from tests.unit.settlement.ruling import Ruling, settled


def first(world: World) -> str:
    """Who pays first after the own account."""
    return str(settled(world, "11.00")[0]["shares"][1]["psn_no"])


def same(world: World, order: tuple[int | None, int | None], days: tuple[int, int]) -> None:
    """Both bindings again, with the child's own order and ages in days; both sponsors have 30 yuan."""
    world.credit("mother", "10.00")
    for n, name in enumerate(("mother", "father")):
        since = NOW - timedelta(days=days[n])
        body = decision(binding_id(n + 1), name, version=2, since=since, order=order[n])
        world.send("binding.decisions.changed", body, source="gongji-audit")


@pytest.mark.parametrize(
    ("order", "ranks", "days", "expected"),
    [
        ("oldest-binding", (2, 1), (9, 8), "mother"),
        ("newest-binding", (1, 2), (9, 8), "father"),
        ("beneficiary-order", (2, 1), (9, 8), "father"),
        ("beneficiary-order", (None, 9), (9, 8), "father"),
        ("highest-balance", (2, 1), (9, 8), "father"),
        ("highest-balance", (None, None), (8, 9), "father"),
        ("oldest-binding", (2, 1), (9, 9), "father"),
        ("oldest-binding", (None, None), (9, 9), "mother"),
    ],
)
def test_the_regions_order_and_its_usual_tie_breakers(
    order: str, ranks: tuple[int | None, int | None], days: tuple[int, int], expected: str, rule: Ruling
) -> None:
    rule(order=order)
    world = family()
    same(world, ranks, days)
    assert first(world) == expected


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        (["newest-binding", "beneficiary-order"], "father"),
        (["oldest-binding"], "mother"),
        (["beneficiary-order", "newest-binding"], "mother"),
        ([], "mother"),
    ],
)
def test_tie_breakers_are_tried_one_after_the_other_and_the_bindings_id_is_the_last(ties: list[str], expected: str, rule: Ruling) -> None:  # fmt: skip
    rule(order="highest-balance", tie_breakers=ties)
    world = family()
    same(world, (1, 2), (9, 8))
    assert first(world) == expected


def test_the_highest_balance_is_looked_at_again_for_each_bill(rule: Ruling) -> None:
    rule(order="highest-balance")
    world = family()
    settled(world, "25.00")
    assert world.balance("father") == 1500
    assert str(settled(world, "1.00")[0]["shares"][0]["psn_no"]) == "mother"


def test_one_sponsor_in_each_settlement_and_the_other_is_named_as_left_out(rule: Ruling) -> None:
    rule(one_sponsor_per_settlement=True)
    result, _ = settled(family(), "45.00")
    assert [s["psn_no"] for s in result["shares"]] == ["child", "mother"]
    assert [o["code"] for o in result["left_out"]] == ["one-sponsor"]
    assert all(o["zh"] and o["en"] for o in result["left_out"])
