"""What one batch writes the next one reads: through the real tables, each message in a batch of its own."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio

from shared import policies
from shared.contracts import account_credits
from shared.contracts import binding_requests as ours
from shared.contracts.base import Message, Origin
from shared.contracts.binding_decisions import BindingState, State
from shared.contracts.binding_screenings import Case
from shared.testing.identities import adult, child
from shared.testing.messages import MONDAY, consented, related, submitted, to_kafka, uid, unbind_requested
from shared.testing.proofs import commitment, face_check
from tests.integration.eligibility.replica import Replica

SPONSOR, SISTER, KID = adult(1, admdvs="650100"), adult(4, admdvs="650100"), child(2, admdvs="650100")
LATER = MONDAY + timedelta(hours=2)


@pytest_asyncio.fixture
async def replica(database_urls: dict[str, str]) -> AsyncIterator[Replica]:
    made = await Replica.open(database_urls["eligibility"], {})
    yield made
    await made.pool.close()


class Told:
    """Tells a replica one message at a time."""

    def __init__(self, replica: Replica) -> None:
        self.replica, self.count, self.heard = replica, 0, 0

    async def __call__(
        self, type: str, body: Message, source: str = "xinjiang-mini"
    ) -> list[tuple[str, dict[str, Any]]]:
        """What the message made the service say: type without the topic's first word, body."""
        self.count += 1
        await self.replica.take(to_kafka(type, body, source, f"m{self.count}"))
        said = await self.replica.said()
        new, self.heard = said[self.heard :], len(said)
        return [(kind, data) for _, kind, data in new]


def codes(said: list[tuple[str, dict[str, Any]]]) -> list[str]:
    (answer,) = [body for kind, body in said if kind.startswith("answers.")]
    return [reason["code"] for reason in answer["reasons"]]


async def test_facts_survive_from_batch_to_batch(replica: Replica) -> None:
    tell = Told(replica)
    for person in (SPONSOR, SISTER, KID):
        await tell("registry.persons.recorded", person.recorded(), "authority")
    for relative, kind in ((SISTER, "sibling"), (KID, "child")):
        await tell("registry.relations.recorded", related(SPONSOR, relative, kind), "authority")

    entry = {"psn_no": SPONSOR.psn_no, "entry_id": "E1", "at": MONDAY}
    await tell("account.credits.frozen", account_credits.Frozen(**entry), "authority")
    first = submitted(SPONSOR, KID, relation="child", number=1)
    assert codes(await tell("binding.requests.submitted", first)) == ["account-frozen"]
    await tell(
        "account.credits.unfrozen", account_credits.Unfrozen(**entry | {"entry_id": "E2"}), "authority"
    )

    # the earlier binding is named, its reasons are gone, and the face check of the refused request was not used up
    second = submitted(SPONSOR, KID, relation="child", number=2, earlier_binding_id=first.binding_id)
    said = await tell("binding.requests.submitted", second)
    assert [body["reasons_gone"] for kind, body in said if kind == "answers.screened"] == [["account-frozen"]]
    passed = next(body for kind, body in said if kind == "binding.screenings.passed")
    third = submitted(SPONSOR, SISTER, relation="sibling", number=3)
    assert codes(await tell("binding.requests.submitted", third)) == ["face-check-reused"]

    # a consent that comes first, in a batch of its own
    await tell("beneficiary.requests.consented", consented(SISTER, sponsor=SPONSOR.certificate()))
    check = face_check(SPONSOR, MONDAY, transaction_no="T4")
    fourth = submitted(SPONSOR, SISTER, relation="sibling", number=4, face_check=check)
    said = await tell("binding.requests.submitted", fourth)
    assert {kind for kind, _ in said} == {"binding.screenings.passed", "answers.screened"}

    # decided, then ended on request; only the final decision frees the slot
    binding_id = passed["binding_id"]
    await tell("binding.decisions.approved", decision(passed, State.APPROVED, 2), "gongji-audit")
    said = await tell("binding.requests.unbind-requested", unbind_requested(SPONSOR, second.binding_id))
    assert "binding.screenings.unbind-checked" in dict(said)
    assert await stage(replica, binding_id) == ("bound", True)
    await tell("binding.decisions.ended", decision(passed, State.ENDED, 3), "gongji-audit")
    assert await stage(replica, binding_id) == ("closed", True)  # approved once: counts for a lifetime


async def test_an_account_that_was_opened_stays_open(database_urls: dict[str, str], tmp_path: Path) -> None:
    adopted = "{path: binding.account_opening, from: 2022-07-01, by: 演示政策专员, on: 2025-01-01}"
    (tmp_path / "310000.yaml").write_text(f'region: "310000"\nadopt:\n  - {adopted}\n', encoding="utf-8")
    replica = await Replica.open(database_urls["eligibility"], {}, policies.load(overlay=tmp_path))
    tell, sponsor = Told(replica), adult(1, admdvs="310000")
    await tell("registry.persons.recorded", sponsor.recorded(), "authority")
    body = submitted(sponsor, child(2), relation="child", number=1, beneficiary=sponsor.as_beneficiary())
    assert "account-not-opened" in codes(await tell("binding.requests.submitted", body))
    opened = ours.AccountOpened(sponsor_psn_no=sponsor.psn_no, admdvs="310000", commitment=commitment(MONDAY))
    assert codes(await tell("binding.requests.account-opened", opened)) == []
    body = body.model_copy(update={"binding_id": uid(2)})
    assert "account-not-opened" not in codes(await tell("binding.requests.submitted", body))
    await replica.pool.close()


async def test_one_person_under_two_notations_and_two_numbers(replica: Replica) -> None:
    tell = Told(replica)
    old = adult(3, admdvs="330100")
    wide = "".join(chr(ord(c) + 0xFEE0) for c in old.certno)
    await tell("registry.persons.recorded", SPONSOR.recorded(), "authority")
    await tell("registry.persons.recorded", old.recorded(), "authority")
    await tell("registry.persons.recorded", old.recorded(psn_no="ZG0000000003", certno=wide), "authority")
    assert await replica.pool.fetchval("select count(*) from people") == 2
    assert await replica.pool.fetchval("select count(distinct person) from person_records") == 2
    late = old.recorded(version=1, psn_name="王五")
    await tell("registry.persons.recorded", late, "authority")
    body = await replica.pool.fetchval("select body from person_records where psn_no = $1", old.psn_no)
    assert old.psn_name in body.decode()


async def stage(replica: Replica, binding_id: str) -> tuple[str, bool]:
    row = await replica.pool.fetchrow("select stage, counts from bindings where binding_id = $1", binding_id)
    assert row is not None
    return row["stage"], row["counts"]


def decision(passed: dict[str, Any], state: State, version: int) -> BindingState:
    return BindingState(
        binding_id=passed["binding_id"],
        version=version,
        state=state,
        at=LATER,
        origin=Origin.model_validate(passed["origin"]),
        round=1,
        case=Case.model_validate_json(json.dumps(passed["case"])),
        policy_version=passed["policy_version"],
    )
