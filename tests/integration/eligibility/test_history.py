"""Registry records with their history: late, reordered, corrected, moved to another person, erased, pruned."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest_asyncio

from services.eligibility.domain.binding import Binding
from services.eligibility.domain.person import person_key
from services.eligibility.upkeep import KEPT, SLACK, longest_consent, prune
from shared.contracts.binding_decisions import State
from shared.testing.identities import MadeUp, adult, child
from shared.testing.messages import MONDAY, consented, related, submitted, to_kafka, unbind_requested
from shared.testing.proofs import face_check
from tests.integration.eligibility.replica import Replica
from tests.integration.eligibility.test_storage import Told, codes, decision, stage
from tests.unit.eligibility.line import demo_policies

REGION = "370900"
FATHER, KID, OTHER = adult(1, admdvs=REGION), child(2, admdvs=REGION), adult(3, admdvs=REGION)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@pytest_asyncio.fixture
async def replica(database_urls: dict[str, str]) -> AsyncIterator[Replica]:
    made = await Replica.open(database_urls["eligibility"], {})
    yield made
    await made.pool.close()


async def history(replica: Replica, psn_no: str) -> list[tuple[int, str]]:
    """Versions and names."""
    rows = await replica.pool.fetch(
        "select version, body from person_history where psn_no = $1 order by version", psn_no
    )
    return [(row["version"], json.loads(row["body"])["psn_name"]) for row in rows]


async def current(replica: Replica, psn_no: str) -> str | None:
    body = await replica.pool.fetchval("select body from person_records where psn_no = $1", psn_no)
    return json.loads(body)["psn_name"] if body else None


async def everything(replica: Replica) -> str:
    """All that eligibility keeps about persons, as text; a relation's record has a tombstone of its own."""
    found = []
    for table in ("people", "person_records", "person_history", "bindings", "screenings", "consents"):  # fmt: skip
        rows = await replica.pool.fetch(f"select * from {table}")
        found += [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for r in rows for v in r]
    return "\n".join(found)


async def test_a_higher_version_replaces_and_a_lower_one_is_history_only(replica: Replica) -> None:
    tell = Told(replica)
    for version, name in ((2, "乙"), (5, "戊"), (3, "丙"), (1, "甲"), (5, "他"), (7, "庚")):
        body = FATHER.recorded(version, psn_name=name)
        await tell("registry.persons.recorded", body, "authority")
    assert await history(replica, FATHER.psn_no) == [(1, "甲"), (2, "乙"), (3, "丙"), (5, "戊"), (7, "庚")]
    assert await current(replica, FATHER.psn_no) == "庚"
    assert await replica.pool.fetchval("select count(distinct appended_at) from person_history") == 1


async def test_versions_of_one_batch_in_any_order(replica: Replica) -> None:
    names = {1: "甲", 2: "乙", 3: "丙"}
    bodies = [FATHER.recorded(v, psn_name=names[v]) for v in (2, 3, 1)]
    sent = [
        to_kafka("registry.persons.recorded", b, "authority", f"v{n}", MONDAY) for n, b in enumerate(bodies)
    ]
    pairs = [related(FATHER, KID, "child", version=v) for v in (2, 1)]
    sent += [to_kafka("registry.relations.recorded", p, "authority", f"r{p.version}") for p in pairs]
    await replica.take(*sent)
    assert await history(replica, FATHER.psn_no) == list(names.items())
    assert await current(replica, FATHER.psn_no) == "丙"
    rows = await replica.pool.fetch("select version from relation_history order by 1")
    assert [row["version"] for row in rows] == [1, 2]
    assert await replica.pool.fetchval("select version from relation_records") == 2


async def bind(tell: Told, sponsor: MadeUp, relative: MadeUp, number: int) -> dict[str, Any]:
    check = face_check(sponsor, MONDAY, transaction_no=f"T{number}")
    body = submitted(sponsor, relative, relation="child", number=number, face_check=check)
    said = await tell("binding.requests.submitted", body, "taian-app")
    return next(body for kind, body in said if kind == "binding.screenings.passed")


async def family(replica: Replica) -> Told:
    """Father and child, known and related."""
    tell = Told(replica)
    for one in (FATHER, KID):
        await tell("registry.persons.recorded", one.recorded(), "authority")
    await tell("registry.relations.recorded", related(FATHER, KID, "child"), "authority")
    return tell


async def test_an_erasure_takes_history_and_what_is_over_and_strips_the_rest_when_it_ends(
    replica: Replica,
) -> None:
    tell = await family(replica)
    refused = submitted(FATHER, KID, relation="parent", number=7)
    assert codes(await tell("binding.requests.submitted", refused, "taian-app")) == ["relation-disagrees"]
    passed = await bind(tell, FATHER, KID, 8)
    await tell("binding.decisions.approved", decision(passed, State.APPROVED, 2), "gongji-audit")
    await tell("registry.persons.recorded", KID.recorded(2, tel="13900000000"), "authority")
    assert KID.certno in await everything(replica)

    await replica.erase("registry.persons.recorded", KID.psn_no)
    assert await history(replica, KID.psn_no) == []
    assert len(await history(replica, FATHER.psn_no)) == 1
    rows = await replica.pool.fetch("select body, stripped, stage from bindings order by stage")
    assert [(row["stage"], row["stripped"]) for row in rows] == [("bound", False), ("refused", True)]
    assert KID.certno in rows[0]["body"].decode(), "a standing binding must still be told apart"
    assert await replica.pool.fetchval("select count(facts) from screenings") == 0

    ended = decision(passed, State.ENDED, 3)
    await tell("binding.decisions.ended", ended, "gongji-audit")
    left = await everything(replica)
    assert [trace for trace in (KID.certno, KID.psn_name, KID.psn_no) if trace in left] == []
    body = await replica.pool.fetchval("select body from bindings where stage = 'closed'")
    assert KID.certno not in body.decode()
    assert FATHER.certno not in body.decode()


async def test_who_comes_back_after_an_erasure_is_known_again(replica: Replica) -> None:
    tell = await family(replica)
    await replica.erase("registry.persons.recorded", KID.psn_no)
    assert await replica.pool.fetchval("select count(erased_at) from people") == 1
    await tell("registry.persons.recorded", KID.recorded(9), "authority")
    assert await replica.pool.fetchval("select count(erased_at) from people") == 0
    passed = await bind(tell, FATHER, KID, 1)
    closed = decision(passed, State.REJECTED, 2)
    await tell("binding.decisions.rejected", closed, "gongji-audit")
    assert await replica.pool.fetchval("select stripped from bindings") is False


async def test_an_erased_relation_leaves_no_history(replica: Replica) -> None:
    tell = await family(replica)
    await tell("registry.relations.recorded", related(FATHER, KID, "child", 2, ended=True), "authority")
    pair = "|".join(sorted((FATHER.psn_no, KID.psn_no)))
    await replica.erase("registry.relations.recorded", pair)
    assert await replica.pool.fetchval("select count(*) from relation_history") == 0
    assert await replica.pool.fetchval("select count(*) from relation_records") == 0


async def test_one_of_two_numbers_erased_leaves_the_person_known(replica: Replica) -> None:
    tell = await family(replica)
    second = KID.recorded(psn_no="3709SECOND")
    await tell("registry.persons.recorded", second, "authority")
    await replica.erase("registry.persons.recorded", KID.psn_no)
    assert await replica.pool.fetchval("select count(erased_at) from people") == 0
    # The record of the relation names the number that is gone: by the other one it proves nothing.
    body = submitted(FATHER, KID, relation="child", number=1)
    assert codes(await tell("binding.requests.submitted", body, "taian-app")) == ["materials-missing"]


async def test_two_numbers_of_one_person_are_one_side_of_the_family_either_way(replica: Replica) -> None:
    """A sponsor with two numbers has one cap; a child with two numbers has one sponsor; a relation counts under either number."""
    tell = await family(replica)
    for one, number in ((FATHER, "3709TWO1"), (KID, "3709TWO2")):
        await tell("registry.persons.recorded", one.recorded(psn_no=number), "authority")
    by_second = FATHER.but(psn_no="3709TWO1")
    await bind(tell, by_second, KID, 1)
    again = submitted(FATHER, KID, relation="child", number=2)
    assert codes(await tell("binding.requests.submitted", again, "taian-app")) == ["already-bound-here"]
    await tell("registry.persons.recorded", OTHER.recorded(), "authority")
    await tell("registry.relations.recorded", related(OTHER, KID.but(psn_no="3709TWO2"), "child"), "authority")  # fmt: skip
    taken = submitted(OTHER, KID, relation="child", number=3)
    assert codes(await tell("binding.requests.submitted", taken, "taian-app")) == ["already-bound-elsewhere"]
    mine = submitted(FATHER, FATHER, relation="child", number=4)
    assert "same-person" in codes(await tell("binding.requests.submitted", mine, "taian-app"))


def old_notation(one: MadeUp) -> str:
    """The 15-digit number that a resident had before 1999: no century, no check digit."""
    return one.certno[:6] + one.certno[8:17]


async def test_15_and_18_digits_are_one_person_from_end_to_end(replica: Replica) -> None:
    """The registry has the old number, the request the new one, the consent and the end the old one again."""
    elderly = adult(5, admdvs="650100")
    sponsor = adult(7, admdvs="650100")
    tell = Told(replica)
    await tell("registry.persons.recorded", elderly.recorded(certno=old_notation(elderly)), "authority")
    await tell("registry.persons.recorded", sponsor.recorded(), "authority")
    await tell("registry.relations.recorded", related(sponsor, elderly, "parent"), "authority")
    body = submitted(sponsor, elderly, relation="parent", number=1)
    said = await tell("binding.requests.submitted", body)
    (needed,) = [b for kind, b in said if kind == "binding.screenings.consent-needed"]
    named = sponsor.certificate().model_copy(update={"certno": old_notation(sponsor)})
    said = await tell("beneficiary.requests.consented", consented(elderly, sponsor=named))
    (passed,) = [b for kind, b in said if kind == "binding.screenings.passed"]
    assert passed["binding_id"] == needed["binding_id"]
    await tell("binding.decisions.approved", decision(passed, State.APPROVED, 2), "gongji-audit")
    said = await tell("binding.requests.unbind-requested", unbind_requested(sponsor, body.binding_id))
    assert "binding.screenings.unbind-checked" in dict(said)
    assert await replica.pool.fetchval("select count(*) from people") == 2


async def test_a_number_that_goes_to_another_person_takes_no_binding_with_it(replica: Replica) -> None:
    tell = await family(replica)
    passed = await bind(tell, FATHER, KID, 1)
    await tell("binding.decisions.approved", decision(passed, State.APPROVED, 2), "gongji-audit")
    moved = OTHER.recorded(2, psn_no=FATHER.psn_no)
    await tell("registry.persons.recorded", moved, "authority")
    assert await history(replica, FATHER.psn_no) == [(1, FATHER.psn_name), (2, OTHER.psn_name)]
    end = unbind_requested(FATHER, passed["binding_id"])
    assert codes(await tell("binding.requests.unbind-requested", end, "taian-app")) == ["not-your-binding"]
    assert await stage(replica, passed["binding_id"]) == ("bound", True)
    # The former owner is known again under another number, and the binding is still his.
    await tell("registry.persons.recorded", FATHER.recorded(psn_no="3709NEW1"), "authority")
    end = unbind_requested(FATHER.but(psn_no="3709NEW1"), passed["binding_id"])
    said = await tell("binding.requests.unbind-requested", end, "taian-app")
    assert "binding.screenings.unbind-checked" in dict(said)
    # An erasure of the former owner takes the version that he had under the number that is another's now.
    await replica.erase("registry.persons.recorded", "3709NEW1")
    assert await history(replica, FATHER.psn_no) == [(2, OTHER.psn_name)]


async def test_what_is_older_than_it_is_kept_goes_and_nothing_else(replica: Replica) -> None:
    tell = await family(replica)
    other_kid = child(4, admdvs=REGION)
    await tell("registry.persons.recorded", other_kid.recorded(), "authority")
    await tell("registry.persons.recorded", KID.recorded(2), "authority")
    refused = submitted(FATHER, KID, relation="parent", number=7)
    await tell("binding.requests.submitted", refused, "taian-app")
    passed = await bind(tell, FATHER, KID, 8)
    await tell("binding.decisions.approved", decision(passed, State.APPROVED, 2), "gongji-audit")
    await tell("binding.decisions.ended", decision(passed, State.ENDED, 3), "gongji-audit")
    await tell("beneficiary.requests.consented", consented(FATHER, sponsor=OTHER.certificate()), "taian-app")

    async def counts() -> dict[str, int]:
        tables = ("person_history", "person_records", "relation_history", "screenings", "bindings", "consents", "face_checks")  # fmt: skip
        return {t: await replica.pool.fetchval(f"select count(*) from {t}") for t in tables}

    longest = timedelta(days=longest_consent(demo_policies()))
    before = await counts()
    await prune(replica.pool, MONDAY + timedelta(hours=3), longest, LONG_AGO)
    assert await counts() == before
    await prune(replica.pool, MONDAY + longest + timedelta(days=2), longest, LONG_AGO)
    assert await counts() == before | {"consents": 0}
    await prune(replica.pool, MONDAY + KEPT + timedelta(days=1), longest, LONG_AGO)
    a_year_on = await counts()
    assert (a_year_on["screenings"], a_year_on["face_checks"]) == (0, 0)
    assert a_year_on["bindings"] == 1, "the binding that was approved once stays, without names"
    body = await replica.pool.fetchval("select body from bindings")
    assert FATHER.certno not in body.decode()
    assert a_year_on["person_history"] == before["person_history"], (
        "versions that late records may refer to stay"
    )
    await prune(replica.pool, MONDAY + KEPT + SLACK + timedelta(days=1), longest, LONG_AGO)
    assert (await counts())["person_history"] == before["person_records"], "the current versions stay"
    left = Binding.model_validate_json(body)
    ends = person_key(FATHER.certificate()), person_key(KID.certificate())
    assert (left.ever, left.sponsor, left.beneficiary) == (True, *ends), (
        "whom somebody ever had is still known"
    )


async def test_reservations_carry_their_deadline_until_the_decision(replica: Replica) -> None:
    tell = await family(replica)
    passed = await bind(tell, FATHER, KID, 1)
    row = await replica.pool.fetchrow("select held_since, held_until, region from bindings")
    assert row is not None
    days = demo_policies().at(REGION, MONDAY).binding.reservation_days
    assert row["held_until"] - row["held_since"] == timedelta(days=days)
    assert row["region"] == REGION
    await tell("binding.decisions.approved", decision(passed, State.APPROVED, 2), "gongji-audit")
    assert await replica.pool.fetchval("select held_until from bindings") is None
