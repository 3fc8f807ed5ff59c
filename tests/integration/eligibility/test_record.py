"""The record of screenings: what is asked again under the same policies is answered the same."""

import itertools
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random

import pytest
import pytest_asyncio

from services.eligibility import record
from services.eligibility.domain.screening import screen
from services.eligibility.record import Gap, NotRebuildable, Recorded
from shared import policies
from shared.testing.identities import adult, child
from shared.testing.messages import MONDAY, KafkaMessage, related, submitted, to_kafka
from tests.integration.eligibility.replica import Replica
from tests.integration.eligibility.scenes import Scene
from tests.unit.eligibility.line import demo_policies, provider_keys

SINCE, UNTIL = MONDAY - timedelta(days=7), MONDAY + timedelta(days=7)


@pytest_asyncio.fixture
async def replica(database_urls: dict[str, str]) -> AsyncIterator[Replica]:
    made = await Replica.open(database_urls["eligibility"], {})
    yield made
    await made.pool.close()


async def all_of(replica: Replica, region: str = "") -> list[Recorded]:
    async with replica.pool.acquire() as conn:
        rows = [row async for row in record.read(conn, SINCE, UNTIL, region)]
        assert await record.count(conn, SINCE, UNTIL, region) == len(rows)
    return rows


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_was_screened_is_answered_the_same_when_asked_again(
    replica: Replica, seed: int
) -> None:
    scene = Scene(Random(seed))
    await replica.take(*scene.begin(40))
    for _ in range(40):
        await replica.take(*(scene.anything() for _ in range(scene.random.randrange(1, 20))))
    rows = await all_of(replica)
    assert len(rows) > 150
    assert {r.gap for r in rows} == {None}
    for row in rows:
        finding = screen(row.inquiry(demo_policies(), provider_keys()), first=row.first)
        assert (finding.outcome, tuple(r.code for r in finding.reasons)) == (row.outcome, row.codes)
        assert finding.reasons == () or finding.reasons[0].rule
    assert len({row.outcome for row in rows}) == 4, "the scene shows every outcome"
    assert len(Counter(itertools.chain.from_iterable(row.codes for row in rows))) > 20
    # What nobody verified needs no keys, and under other policies there is an answer too, to each of them.
    other = policies.load()
    again = [screen(row.inquiry(other), first=row.first) for row in rows]
    assert [a.outcome for a in again] != [row.outcome for row in rows]
    near = await all_of(replica, "37")
    assert near == [row for row in rows if row.region.startswith("37")] != []


def registered(number: int) -> tuple[list[KafkaMessage], KafkaMessage]:
    """A father and his child, and the request that binds them."""
    father, kid = adult(number, admdvs="370900"), child(number + 1, admdvs="370900")
    people = [to_kafka("registry.persons.recorded", p.recorded(), "authority", f"p{p.psn_no}") for p in (father, kid)]  # fmt: skip
    proof = to_kafka("registry.relations.recorded", related(father, kid, "child"), "authority", f"r{number}")
    body = submitted(father, kid, relation="child", number=number)
    return [*people, proof], to_kafka("binding.requests.submitted", body, "taian-app", f"s{number}")


async def test_facts_of_then_are_used_whatever_the_registry_says_now(replica: Replica) -> None:
    facts, request = registered(1)
    await replica.take(*facts)
    await replica.take(request)
    dead = adult(1, admdvs="370900").recorded(2, surv_stas="2")
    await replica.take(to_kafka("registry.persons.recorded", dead, "authority", "dead"))
    (row,) = await all_of(replica)
    assert row.outcome == "passed"
    assert screen(row.inquiry(demo_policies())).outcome == "passed"
    late = adult(1, admdvs="370900").recorded(1, psn_name="晚到的更正")
    await replica.take(to_kafka("registry.persons.recorded", late, "authority", "late"))
    (row,) = await all_of(replica)
    assert screen(row.inquiry(demo_policies())).outcome == "passed", (
        "the version that was used stays as it was"
    )


async def test_who_was_erased_is_not_asked_about_again(replica: Replica) -> None:
    for number in (1, 3):
        facts, request = registered(number)
        await replica.take(*facts)
        await replica.take(request)
    await replica.erase("registry.persons.recorded", child(2, admdvs="370900").psn_no)
    erased, kept = await all_of(replica)
    assert (erased.gap, kept.gap) == (Gap.ERASED, None)
    assert (erased.outcome, erased.region) == ("passed", "370900"), "what names nobody stays"
    with pytest.raises(NotRebuildable, match="erased"):
        erased.inquiry(demo_policies())


async def test_a_version_older_than_the_history_is_a_gap(replica: Replica) -> None:
    facts, request = registered(1)
    await replica.take(*facts)
    await replica.take(request)
    await replica.pool.execute("delete from relation_history")
    (row,) = await all_of(replica)
    assert row.gap is Gap.HISTORY


async def test_no_record_says_who_else_is_in_the_family(replica: Replica) -> None:
    """Persons of the graph other than the two are numbers within the record."""
    scene = Scene(Random(7))
    await replica.take(*scene.begin(6))
    for _ in range(10):
        await replica.take(*(scene.anything() for _ in range(12)))
    rows = await replica.pool.fetch("select facts from screenings where facts like '%ties%'")
    keys = await replica.pool.fetch("select person from people")
    assert rows
    assert not [r for r in rows for k in keys if k["person"].hex().encode() in r["facts"]]
