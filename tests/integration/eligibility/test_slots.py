"""Slots under concurrency, on real PostgreSQL: two replicas, two partitions, one child."""

import asyncio

from shared.testing.identities import MadeUp, adult, child
from shared.testing.messages import MONDAY, KafkaMessage, related, submitted, to_kafka
from shared.testing.proofs import face_check
from tests.integration.eligibility.replica import Replica

ROUNDS = 25


def registry(*people: MadeUp) -> list[KafkaMessage]:
    return [to_kafka("registry.persons.recorded", p.recorded(), "authority", f"p-{p.psn_no}") for p in people]


def relation(one: MadeUp, other: MadeUp, other_is: str) -> KafkaMessage:
    body = related(one, other, other_is)
    return to_kafka("registry.relations.recorded", body, "authority", f"r-{one.psn_no}-{other.psn_no}")


def request(number: int, sponsor: MadeUp, relative: MadeUp, other_is: str) -> KafkaMessage:
    check = face_check(sponsor, MONDAY, transaction_no=f"T{number}")
    body = submitted(sponsor, relative, relation=other_is, number=number, face_check=check)
    return to_kafka("binding.requests.submitted", body, "taian-app", f"m-{number}")


async def test_two_sponsors_race_for_one_child_and_one_wins(replicas: list[Replica]) -> None:
    numbers = range(ROUNDS)
    fathers = [adult(2 * n + 1, admdvs="370900") for n in numbers]
    mothers = [adult(2 * n + 2, admdvs="370900") for n in numbers]
    children = [child(200 + n, admdvs="370900") for n in numbers]
    await replicas[0].take(*registry(*fathers, *mothers, *children))
    parents = [*zip(fathers, children, strict=True), *zip(mothers, children, strict=True)]
    await replicas[0].take(*(relation(parent, kid, "child") for parent, kid in parents))
    for n in numbers:
        await asyncio.gather(
            replicas[0].take(request(2 * n, fathers[n], children[n], "child"), partition=1),
            replicas[1].take(request(2 * n + 1, mothers[n], children[n], "child"), partition=2),
        )
    said = await replicas[0].said()
    passed = [b["case"]["beneficiary"]["psn_no"] for _, kind, b in said if kind.endswith("screenings.passed")]
    refused = [
        [r["code"] for r in b["reasons"]] for _, kind, b in said if kind.endswith("screenings.refused")
    ]
    assert sorted(passed) == sorted(c.psn_no for c in children)
    assert refused == [["already-bound-elsewhere"]] * ROUNDS
    assert not [topic for topic, _, _ in said if topic.endswith("dead-letters")]


async def test_caps_hold_under_concurrent_requests(replicas: list[Replica]) -> None:
    """32 relatives ask for one sponsor's 8 places, through four replicas at once: as many pass as one after the other."""
    sponsor = adult(1, admdvs="370900")
    siblings = [adult(200 + n, admdvs="370900") for n in range(32)]
    await replicas[0].take(*registry(sponsor, *siblings))
    await replicas[0].take(*(relation(sponsor, s, "sibling") for s in siblings))
    requests = [request(n, sponsor, s, "sibling") for n, s in enumerate(siblings)]
    await asyncio.gather(*(replicas[n % 4].take(*requests[n * 4 : n * 4 + 4], partition=n) for n in range(8)))
    kinds = [kind for _, kind, _ in await replicas[0].said() if kind.startswith("binding.screenings")]
    assert kinds.count("binding.screenings.passed") == 8
    assert kinds.count("binding.screenings.refused") == 24
