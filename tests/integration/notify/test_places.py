"""Where it was paid: the names of institutions from the registry in notices about bills, on real PostgreSQL."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared import db
from shared.contracts.registry import InstitutionKind, InstitutionRecorded
from shared.contracts.settlement_results import Cancelled, Refunded, Returned, Reversed
from tests.integration.notify.bench_line import Bench, migrated
from tests.integration.notify.records import reachable, returned, settled

ANN = reachable(1)
CODE = "H33010000001"


def hospital(name: str, version: int = 1) -> InstitutionRecorded:
    return InstitutionRecorded(
        fixmedins_code=CODE,
        fixmedins_name=name,
        kind=InstitutionKind.HOSPITAL,
        admdvs="330100",
        version=version,
    )


@pytest_asyncio.fixture
async def bench(database_urls: dict[str, str]) -> AsyncIterator[Bench]:
    pool: db.Pool = await migrated(database_urls["notify"])
    one = Bench(pool)
    await one.publish("registry.persons.recorded", ANN.recorded(), "authority")
    yield one
    await pool.close()


async def recorded(bench: Bench, name: str, version: int = 1) -> None:
    await bench.publish("registry.institutions.recorded", hospital(name, version), "authority")


async def said(bench: Bench) -> str:
    await bench.work()
    return bench.sms.sent[-1][1].sms


async def test_a_bill_is_told_with_the_name_of_the_place(bench: Bench) -> None:
    await recorded(bench, "示例市第一人民医院")
    await bench.publish("settlement.results.settled", settled(ANN), "gongji-settlement")
    assert "为您的父母在示例市第一人民医院就医购药支付12.50元" in await said(bench)
    assert bench.sms.sent[-1][1].variables["place"] == "示例市第一人民医院"


async def test_until_the_registry_names_it_the_kind_is_told(bench: Bench) -> None:
    await bench.publish("settlement.results.settled", settled(ANN), "gongji-settlement")
    assert "在定点医院就医购药" in await said(bench)
    await recorded(bench, "示例医院")
    await bench.publish("settlement.results.settled", settled(ANN, "S2"), "gongji-settlement")
    assert "在示例医院就医购药" in await said(bench)
    await bench.publish("registry.institutions.recorded", None, "authority", key=CODE)
    await bench.publish("settlement.results.settled", settled(ANN, "S3"), "gongji-settlement")
    assert "在定点医院就医购药" in await said(bench)


@pytest.mark.parametrize(
    ("suffix", "kind", "words"),
    [
        ("cancelled", Cancelled, "您的父母在示例医院的一笔就医购药结算已撤销"),
        ("reversed", Reversed, "您的父母在示例医院的一笔就医购药结算未成功"),
        ("refunded", Refunded, "您的父母在示例医院的一笔就医购药费用已退费"),
    ],
)
async def test_money_that_came_back_is_told_with_the_place(
    bench: Bench, suffix: str, kind: type[Returned], words: str
) -> None:
    await recorded(bench, "示例医院")
    await bench.publish(f"settlement.results.{suffix}", returned(kind, ANN), "gongji-settlement")
    assert words in await said(bench)


async def test_the_latest_record_names_it_whatever_comes_late(bench: Bench) -> None:
    await recorded(bench, "新名医院", version=3)
    await recorded(bench, "旧名医院", version=2)
    await bench.publish("settlement.results.settled", settled(ANN), "gongji-settlement")
    assert "在新名医院就医购药" in await said(bench)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("{hotline}[a|b]医院", "在{hotline}[a|b]医院就医购药"),
        ("  示例\n医院\u202e ", "在示例 医院就医购药"),
        ("【银行】医院", "在银行医院就医购药"),
        ("\u200b", "在定点医院就医购药"),
        ("示例市" * 40, "示例市" * 11 + "示…就医购药"),
    ],
)
async def test_a_name_is_plain_text_in_one_line_and_within_measure(
    bench: Bench, name: str, shown: str
) -> None:
    await recorded(bench, name)
    await bench.publish("settlement.results.settled", settled(ANN), "gongji-settlement")
    assert shown in await said(bench)
