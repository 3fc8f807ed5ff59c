"""What must hold when the line has come to rest: nothing lost, nothing doubled, money conserved. Violations as texts, no person's data."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import asyncpg

from shared.contracts.base import fen
from tests.faults.history import Heard, History, Sent

OWN = "gongji-"


def check(history: History) -> list[str]:
    """All violations in what was published and heard; empty when everything holds."""
    return [
        *never_acknowledged(history),
        *lost(history),
        *doubled(history),
        *versions_with_gaps(history),
        *same_id_other_bytes(history),
        *not_told(history),
    ]


def unique(records: Iterable[Heard]) -> dict[tuple[str, str], Heard]:
    """Records by source and id: what a reader who knows ids sees."""
    return {(r.source, r.id): r for r in reversed(list(records))}


def never_acknowledged(history: History) -> list[str]:
    return [f"{s.short} {s.id}: the broker never acknowledged it" for s in history.sent if not s.acknowledged]


def lost(history: History) -> list[str]:
    """Requests without their effect or their answer."""
    decided: dict[str, set[str]] = defaultdict(set)
    for record in history.topics["binding.decisions"]:
        decided[record.body["binding_id"]].add(record.type)
    booked = {r.body["msgid"] for r in history.topics["settlement.results"] if r.type.endswith(".settled")}
    found = []
    for sent in history.sent:
        said = {answer.type for answer in history.answers.get((sent.source, sent.id), ())}
        if sent.short == "settlement.requests.settle":
            effect, wanted = sent.about in booked, {"answers.settlement"}
        else:
            effect = "binding.decisions.approved" in decided[sent.about]
            wanted = {"answers.screened", "answers.binding"}
        if not effect:
            found.append(f"lost: {sent.short} {sent.id} has no effect")
        found += [f"lost: {sent.short} {sent.id} has no {missing}" for missing in wanted - said]
    return found


def doubled(history: History) -> list[str]:
    """Two effects of one request, or two answers that say the same under different ids."""
    answers: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for request, records in history.answers.items():
        for record in records:
            body = record.body
            said = str(body.get("version", "")), str(body.get("step", "")), str(body.get("notice_id", ""))
            answers[(*request, record.type, *said)].add(record.id)
    found = [f"doubled: {len(ids)} answers to {what}" for what, ids in answers.items() if len(ids) > 1]
    settled = unique(r for r in history.topics["settlement.results"] if r.type.endswith(".settled"))
    bills = Counter(record.body["msgid"] for record in settled.values())
    found += [f"doubled: bill {msgid} booked {n} times" for msgid, n in bills.items() if n > 1]
    decisions = unique(history.topics["binding.decisions"])
    versions = Counter((r.body["binding_id"], r.body["version"]) for r in decisions.values())
    return found + [f"doubled: binding {what} decided {n} times" for what, n in versions.items() if n > 1]


def versions_with_gaps(history: History) -> list[str]:
    """Versions of a binding are 1, 2, 3 ... in the order of its partition, and each was answered."""
    versions: dict[str, list[int]] = defaultdict(list)
    for record in unique(history.topics["binding.decisions"]).values():
        versions[record.body["binding_id"]].append(record.body["version"])
    answered: dict[str, set[int]] = defaultdict(set)
    for records in history.answers.values():
        for record in records:
            if record.type == "answers.binding":
                answered[record.body["binding_id"]].add(record.body["version"])
    found = []
    for binding, seen in versions.items():
        if sorted(seen) != list(range(1, len(seen) + 1)):
            found.append(f"binding {binding}: versions {seen}")
        if set(seen) - answered[binding]:
            found.append(f"binding {binding}: versions {set(seen) - answered[binding]} were not answered")
    return found


def same_id_other_bytes(history: History) -> list[str]:
    """What our services publish twice under one id is the same, byte for byte, on the same partition."""
    first: dict[tuple[str, str, str], Heard] = {}
    found = []
    for records in history.topics.values():
        for record in records:
            if not record.source.startswith(OWN) or record.topic.endswith(".dead-letters"):
                continue
            was = first.setdefault((record.topic, record.source, record.id), record)
            if (was.value, was.partition) != (record.value, record.partition):
                found.append(f"{record.topic}: one id, two contents ({record.type})")
    return found


def not_told(history: History) -> list[str]:
    """Approved bindings about which nobody was told: neither delivered nor handed to the staff."""
    ends = ("binding.notices.delivered", "binding.notices.handed-to-staff")
    told = {record.body["about"] for record in history.topics["binding.notices"] if record.type in ends}
    return [f"lost: nobody was told of {s.about}" for s in history.sent if _binds(s) and s.about not in told]


def _binds(sent: Sent) -> bool:
    return sent.short == "binding.requests.submitted"


def republished(history: History) -> int:
    """How many records our services published a second time although nobody had repeated the request.

    That is what a crash between the broker's acknowledgement and the commit that deletes the outbox row leaves behind.
    """
    repeated = {(s.source, s.id) for s in history.sent if s.acknowledged > 1}
    again = 0
    for records in history.topics.values():
        own = [r for r in records if r.source.startswith(OWN) and r.request not in repeated]
        again += len(own) - len({(r.source, r.id) for r in own})
    return again


async def money(database_url: str, history: History) -> list[str]:
    """The ledger by its own invariants; each bill booked once in it; and credited = held + paid."""
    connection = await asyncpg.connect(database_url, server_settings={"search_path": "settlement"})
    try:
        found = [f"ledger: {row['invariant']}" for row in await connection.fetch("select * from verify()")]
        rows = await connection.fetch("select msgid, count(*) as n from settlement group by msgid")
        held = await connection.fetchval("select coalesce(sum(current + historic), 0)::bigint from account")
        credited = await connection.fetchval(
            "select coalesce(sum(amount), 0)::bigint from entry where version is not null and kind like 'credit%'"
        )
    finally:
        await connection.close()
    booked = {row["msgid"]: row["n"] for row in rows}
    bills = [s for s in history.sent if s.short == "settlement.requests.settle"]
    found += [
        f"ledger: bill {s.id} stands there {booked.get(s.about, 0)} times"
        for s in bills
        if booked.get(s.about) != 1
    ]
    results = unique(r for r in history.topics["settlement.results"] if r.type.endswith(".settled"))
    paid = sum(fen(r.body["acct_pay"]) + fen(r.body["acct_mulaid_pay"]) for r in results.values())
    if credited != held + paid:
        found.append(f"money: {credited} fen credited, {held} held + {paid} paid")
    return found
