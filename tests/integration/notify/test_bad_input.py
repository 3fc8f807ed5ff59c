"""What nobody should bring, from a published record or a provider: each ends under a name of its own, and nobody is told twice or wrongly."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from services.notify import template_files
from services.notify.domain.course import Outcome
from services.notify.domain.templates import Templates
from services.notify.providers.interface import Result
from shared import db
from shared.contracts.binding_decisions import State
from tests.integration.notify.bench_line import Bench, migrated
from tests.integration.notify.records import decision, reachable

ANN, BOB = reachable(41), reachable(42)
SPELLINGS = (
    "13953834101", "+8613953834101", "008613953834101", "0086 139 5383 4101", "86-139-5383-4101", "１３９５３８３４１０１",
    "＋８６１３９５３８３４１０１", "（+86）139-5383-4101",
)  # fmt: skip
TEMPLATES = template_files.load()


@pytest_asyncio.fixture
async def pool(database_urls: dict[str, str]) -> AsyncIterator[db.Pool]:
    one = await migrated(database_urls["notify"])
    yield one
    await one.close()


async def refused(bench: Bench, **person: Any) -> None:
    """Ann is recorded with this, and refused."""
    await bench.publish("registry.persons.recorded", ANN.recorded(**person), "authority")
    await bench.publish("binding.decisions.refused", decision(41, ANN, state=State.REFUSED))


async def test_all_spellings_of_one_number_are_one_message(pool: db.Pool) -> None:
    bench = Bench(pool, sms=[Result(Outcome.ACCEPTED, "sms-accepted", "0", ("sms-41",))])
    for version, tel in enumerate(SPELLINGS, 1):
        await refused(bench, tel=tel, version=version)
        await bench.work()
        bench.clock.forward(seconds=30)
    assert await bench.notices() == [("pending", None)]
    assert [number for number, _ in bench.sms.sent] == ["+8613953834101"]
    assert await pool.fetchval("select count(distinct number_hash) from uses") == 1


@pytest.mark.parametrize(
    ("tel", "notice", "attempts"),
    [
        ("0538-8304101", ("delivered", None), [("call", "delivered")]),
        ("+852 9123 4567", ("handed-to-staff", "number-foreign"), []),
        ("001 212 555 0141", ("handed-to-staff", "number-foreign"), []),
        ("4008001234", ("handed-to-staff", "number-not-personal"), []),
        ("12393", ("handed-to-staff", "number-not-personal"), []),
        ("1395383410", ("handed-to-staff", "number-not-personal"), []),
        ("139538341011", ("handed-to-staff", "number-not-personal"), []),
        ("0538-8304101-8", ("handed-to-staff", "number-not-personal"), []),
        ("05388304101" + "8" * 6, ("handed-to-staff", "number-invalid"), []),
        (None, ("handed-to-staff", "no-number"), []),
    ],
)
async def test_a_number_that_is_no_good_for_a_text_has_a_name(
    pool: db.Pool, tel: str | None, notice: tuple[str, str | None], attempts: list[tuple[str, str]]
) -> None:
    bench = Bench(pool)
    await refused(bench, tel=tel)
    await bench.work()
    assert (await bench.notices(), await bench.attempts()) == ([notice], attempts)
    assert bench.sms.sent == []


def words(name: str, **fields: Any) -> Templates:
    """All templates, one of them otherwise; without it if nothing is said about it."""
    others = [one for one in TEMPLATES if one.name != name]
    one = TEMPLATES.named(name)
    assert one is not None
    return Templates([*others, replace(one, **fields)] if fields else others, "医保服务")


@pytest.mark.parametrize(
    ("templates", "reason"),
    [
        (words("refused.sponsor.sms.v1"), "template-unknown"),
        (words("refused.sponsor.sms.v1", pieces=("  ",)), "text-empty"),
        (words("refused.sponsor.sms.v1", pieces=("长" * 300,)), "text-too-long"),
    ],
)
async def test_a_text_that_cannot_be_written_is_for_the_staff(
    pool: db.Pool, templates: Templates, reason: str
) -> None:
    bench = Bench(pool, templates=templates)
    await refused(bench)
    await bench.work()
    assert await bench.notices() == [("handed-to-staff", reason)]
    assert bench.sms.sent == bench.call.sent == []


@pytest.mark.parametrize(
    "name", ["{hotline}", "[请{due}|]", "<b>王</b>", "${x}", "%s王", "&#27;", "'; drop table notices; --"]
)
async def test_a_name_that_looks_like_a_placeholder_or_markup_is_never_said(pool: db.Pool, name: str) -> None:
    bench = Bench(pool, sms=[Result(Outcome.PERMANENT, "sms-permanent", "0x0b")])
    await refused(bench, psn_name=name)
    await bench.work()
    assert await bench.notices() == [("delivered", None)]
    (_, text), (_, call) = bench.sms.sent[0], bench.call.sent[0]
    assert name not in str(text) + str(call)
    assert "本人" in call.opening


async def test_a_name_outside_the_basic_plane_is_said_whole(pool: db.Pool) -> None:
    bench = Bench(pool, sms=[Result(Outcome.PERMANENT, "sms-permanent", "0x0b")])
    await refused(bench, psn_name="𠮷野")
    await bench.work()
    assert await bench.notices() == [("delivered", None)]
    assert "𠮷姓" in bench.call.sent[0][1].opening


async def test_two_persons_with_one_telephone_are_two_messages(pool: db.Pool) -> None:
    bench = Bench(
        pool, sms=[Result(Outcome.ACCEPTED, "sms-accepted", "0", (f"sms-{n}",)) for n in range(41, 44)]
    )
    for who, tel in ((ANN, SPELLINGS[0]), (BOB, SPELLINGS[5])):
        await bench.publish("registry.persons.recorded", who.recorded(tel=tel), "authority")
    await bench.publish("binding.decisions.approved", decision(41, ANN, BOB))
    await bench.work()
    assert [number for number, _ in bench.sms.sent] == ["+8613953834101"] * 2
