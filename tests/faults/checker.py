"""What must hold when the line has come to rest: nothing lost, nothing doubled, money conserved. Violations as texts, no person's data."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import asyncpg
from pydantic_core import from_json

from services.notify.sealing import Seal, person_row, read_key
from shared.contracts.base import fen
from tests.faults.history import Heard, History

OWN = "gongji-"


def check(history: History) -> list[str]:
    """All violations in what was published and heard; empty when everything holds."""
    return [
        *never_acknowledged(history),
        *lost(history),
        *doubled(history),
        *versions_with_gaps(history),
        *same_id_other_bytes(history),
    ]


def report(violations: list[str], most: int = 15) -> str:
    """How many there are of each kind, and the first of them, for the message of a failed test."""
    kinds = Counter(re.sub(r"[0-9a-f-]{36}|[^ ]*[0-9][^ ]*", "...", text) for text in violations)
    return "\n".join([f"{n} x {kind}" for kind, n in kinds.most_common(12)] + violations[:most])


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
            known = ", ".join(sorted(decided[sent.about])) or "nothing"
            found.append(
                f"lost: {sent.short} {sent.id} has no effect; decided: {known}; answered: {', '.join(said)}"
            )
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
    """Versions of a binding are 1, 2, 3 ... in the order of its partition, and the last one was answered."""
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
        if max(seen) not in answered[binding]:
            found.append(f"binding {binding}: version {max(seen)} was not answered")
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


NOTICES = """select n.about, n.state, n.next_at < $1 and coalesce(n.leased_until < now() - interval '10 s', true) as overdue,
    p.psn_no, p.sealed,
    count(a.number) filter (where a.medium = 'sms') as texts,
    count(a.number) filter (where a.medium = 'sms' and a.state <> 'technical-failure') as submitted
from notify.notices n left join notify.persons p using (psn_no) left join notify.attempts a on a.notice_id = n.id
group by n.id, p.psn_no"""


async def notices(
    database_url: str, history: History, arrived: Mapping[str, int], now: datetime
) -> list[str]:
    """Of every binding somebody was told, or an outcome that nobody knows is being waited for; no text was sent twice.

    `arrived`: texts at the SMS centre by number.
    """
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(NOTICES, now - timedelta(seconds=10))
    finally:
        await connection.close()
    abouts = {row["about"] for row in rows}
    bindings = [sent for sent in history.sent if sent.short == "binding.requests.submitted"]
    found = [f"lost: no notice about {s.about}" for s in bindings if s.about not in abouts]
    found += [
        f"lost: nothing is done about a notice that is {row['state']}" for row in rows if row["overdue"]
    ]
    found += ["doubled: a text was submitted twice" for row in rows if row["submitted"] > 1]
    tried: Counter[str] = Counter()
    seal = Seal([read_key(os.environ["GONGJI_NOTIFY_DATA_KEYS"])])
    for row in rows:
        if row["sealed"] is not None:
            person = from_json(seal.open(row["sealed"], person_row(row["psn_no"])))
            tried[(person["tel"] or "")[-11:]] += row["texts"]
    return found + [
        "doubled: more texts arrived than were sent" for tel, n in arrived.items() if n > tried[tel]
    ]


WAITING = """select n.state, coalesce(a.medium || ' ' || a.state, 'no attempt') as attempt, count(*) as n
from notify.notices n left join notify.attempts a on a.notice_id = n.id and a.number = n.attempts
where n.next_at is not null group by 1, 2 order by 1, 2"""


async def waiting(database_url: str) -> str:
    """Notices without an end, by their state and that of their last attempt, for a person."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(WAITING)
    finally:
        await connection.close()
    return ", ".join(f"{row['n']} {row['state']} ({row['attempt']})" for row in rows) or "none"
