"""Words from the registry's record and the template files to the provider, and rows that were written before templates had a name."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic_core import from_json

from services.notify import template_files
from services.notify.domain.told import of_decision
from services.notify.handlers import NotifyHandler
from shared import db
from shared.contracts.binding_decisions import State
from shared.messaging.service import CORE_SCHEMA, migrations_of
from shared.testing.messages import MONDAY, uid
from tests.integration.notify.bench_line import Bench, migrated
from tests.integration.notify.records import decision, reachable

ANN = reachable(71, "71")


@pytest_asyncio.fixture
async def pool(database_urls: dict[str, str]) -> AsyncIterator[db.Pool]:
    one = await migrated(database_urls["notify"])
    yield one
    await one.close()


async def test_region_s_own_words_sign_and_surname_reach_the_provider(pool: db.Pool, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        'region: "370000"\nsign: 齐鲁医保\ntemplates:\n'
        "  - {kind: refused, side: sponsor, channels: [sms], version: 7, state: approved,"
        ' text: "{at}：您为{relation}申请的家庭共济未通过，请拨{hotline}。"}\n',
        encoding="utf-8",
    )
    bench = Bench(pool, templates=template_files.load(tmp_path))
    person = ANN.recorded()
    await bench.publish("registry.persons.recorded", person, "authority")
    await bench.publish("binding.decisions.refused", decision(71, ANN, state=State.REFUSED))
    await bench.work()
    ((number, content),) = bench.sms.sent
    assert number.endswith("71")
    assert content.sms == "【齐鲁医保】11月23日10:00：您为父母申请的家庭共济未通过，请拨12393。"
    assert content.template == "370000.refused.sponsor.sms.v7"
    assert content.variables == {"at": "11月23日10:00", "relation": "父母", "hotline": "12393"}
    assert f"请{person.psn_name[0]}姓参保人本人接听" in content.opening
    assert person.psn_name[0] not in content.sms


async def test_decision_that_was_told_before_templates_had_versions_is_not_told_again(
    database_urls: dict[str, str],
) -> None:
    pool = await db.open_pool(database_urls["notify"], "notify")
    files = [CORE_SCHEMA, *migrations_of(NotifyHandler.__new__(NotifyHandler))]
    body = decision(72, ANN, state=State.REFUSED, binding_id=uid(72))
    (told,) = of_decision("refused", body)
    async with pool.acquire() as conn:
        await db.migrate(conn, "notify", [file for file in files if file.name < "0005"])
        await conn.execute(
            "insert into notices (id, about, version, template, recipient_hash, side, psn_no, region, media, state, content,"
            " decided_at, created_at, ended_at) values ($1, $2, $3, 'refused.v1', $4, 'sponsor', $5, '330100', '{sms}',"
            " 'delivered', $6, $7, $7, $7)",
            uid(1), str(body.binding_id), body.version, told.recipient_hash, told.psn_no,
            '{"title": "t", "text": "t", "sms": "s", "speech": "s"}', MONDAY - timedelta(hours=1),
        )  # fmt: skip
        await db.migrate(conn, "notify", files)
        assert await conn.fetchval("select template from notices") == "refused"
        assert from_json(await conn.fetchval("select content from notices"))["sms"] == "s"
    bench = Bench(pool)
    await bench.publish("registry.persons.recorded", ANN.recorded(), "authority")
    await bench.publish("binding.decisions.refused", body)
    await bench.work()
    assert bench.sms.sent == []
    assert await bench.notices() == [("delivered", None)]
    await pool.close()


@pytest.mark.parametrize(("language", "words"), [("en", "was refused on 23 Nov"), ("ug", "未通过")])
async def test_who_reads_english_is_told_in_english_and_others_in_chinese(
    pool: db.Pool, language: str, words: str
) -> None:
    bench = Bench(pool)
    person = ANN.recorded().model_copy(update={"language": language})
    await bench.publish("registry.persons.recorded", person, "authority")
    await bench.publish("binding.decisions.refused", decision(73, ANN, state=State.REFUSED))
    await bench.work()
    assert words in bench.sms.sent[0][1].sms
    assert "未通过" in bench.sms.sent[0][1].speech  # the voice speaks Chinese
