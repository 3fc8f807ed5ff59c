"""What must hold when the line has come to rest, whatever happened before. Each function gives its violations as texts."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.contracts import envelope as ce
from shared.db import Pool
from shared.messaging.records import PlainRecord
from tests.simulation.broker import ModelBroker

PLANNED = "PlannedFailure"
"""The error that the simulation itself raises in a handler; see `flaky`."""
_EFFECTS = ("settled", "cancelled", "reversed", "refunded", "declined", "quoted", "found")


def header(record: PlainRecord, name: str) -> str:
    """The text of a header, empty where it is absent."""
    return next(((v or b"").decode("latin-1") for n, v in record.headers if n == name), "")


def distinct(records: list[PlainRecord]) -> dict[tuple[str, str], PlainRecord]:
    """Records by source and id: what a reader with an inbox sees once."""
    return {(header(r, ce.CE_SOURCE), header(r, ce.CE_ID)): r for r in reversed(records)}


async def check(broker: ModelBroker, pools: Mapping[str, Pool], credited: int) -> list[str]:
    """All violations, empty when everything holds."""
    found = [
        *same_id_same_bytes(broker),
        *decisions_in_order(broker),
        *keys_in_order(broker),
        *one_answer_each(broker),
        *one_result_each(broker),
    ]
    found += await ledger_is_sound(pools["settlement"], credited)
    found += await followers_agree(broker, pools)
    found += one_sponsor_each(broker)
    found += await nothing_is_left(broker, pools)
    return found + no_deadline_ahead_of_messages(broker)


def same_id_same_bytes(broker: ModelBroker) -> list[str]:
    """What is published twice under one id is the same, byte for byte, on the same partition."""
    seen: dict[tuple[str, str], PlainRecord] = {}
    found = []
    for place, log in broker.logs.items():
        for record in log:
            source = header(record, ce.CE_SOURCE)
            if not source.startswith("gongji-"):
                continue
            first = seen.setdefault((source, header(record, ce.CE_ID)), record)
            if (first.value, first.partition, first.topic) != (record.value, record.partition, record.topic):
                found.append(f"{place}: one id, two contents: {header(record, ce.CE_TYPE)}")
    return found


def decisions_in_order(broker: ModelBroker) -> list[str]:
    """Versions of a binding are 1, 2, 3 ... in the order of the partition, each decided once."""
    versions: dict[str, list[int]] = defaultdict(list)
    by_id: set[str] = set()
    for partition in range(3):
        for record in broker.logs["binding.decisions", partition]:
            if header(record, ce.CE_ID) not in by_id:
                by_id.add(header(record, ce.CE_ID))
                body = json.loads(record.value or b"{}")
                versions[body["binding_id"]].append(body["version"])
    return [f"binding {id}: versions {v}" for id, v in versions.items() if v != list(range(1, len(v) + 1))]


def keys_in_order(broker: ModelBroker) -> list[str]:
    """What a service says about one key appears in the order in which it was decided: ids of the simulation only grow."""
    found = []
    for (topic, partition), log in broker.logs.items():
        last: dict[tuple[bytes | None, str], str] = {}
        seen: set[str] = set()
        for record in log:
            source, id = header(record, ce.CE_SOURCE), header(record, ce.CE_ID)
            if source.startswith("gongji-") and id not in seen and not topic.endswith(".dead-letters"):
                seen.add(id)
                if id < last.get((record.key, source), ""):
                    found.append(f"{topic}/{partition}: out of order at {record.offset}")
                last[record.key, source] = id
    return found


def one_answer_each(broker: ModelBroker) -> list[str]:
    """No request has two different answers that say the same."""
    answers: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for (topic, _), log in broker.logs.items():
        if topic.startswith("answers."):
            for record in log:
                answers[(topic, header(record, ce.CE_TYPE), *_said(record))].add(header(record, ce.CE_ID))
    return [f"{len(ids)} answers to {what}" for what, ids in answers.items() if len(ids) > 1]


def _said(record: PlainRecord) -> tuple[str, ...]:
    body = json.loads(record.value or b"{}")
    codes = [reason["code"] for reason in body.get("reasons", ())]
    fields = [str(body.get(name)) for name in ("binding_id", "version", "outcome", "at", "notice_id")]
    return (header(record, ce.REQUEST_ID), *fields, *codes)


def one_result_each(broker: ModelBroker) -> list[str]:
    """One `msgid` with one body has one effect."""
    effects: dict[str, set[str]] = defaultdict(set)
    for record in distinct(broker.topic("settlement.results")).values():
        body = json.loads(record.value or b"{}")
        kind = header(record, ce.CE_TYPE).split(".")[-2]
        if kind in _EFFECTS and body.get("code") != "msgid-reused":
            effects[body["msgid"]].add(kind)
    booked: dict[str, int] = defaultdict(int)
    for record in distinct(broker.topic("settlement.results")).values():
        body = json.loads(record.value or b"{}")
        if header(record, ce.CE_TYPE).split(".")[-2] == "settled":
            booked[body["msgid"]] += 1
    return [f"msgid {m} settled {n} times" for m, n in booked.items() if n > 1] + [
        f"msgid {m}: {sorted(kinds)}" for m, kinds in effects.items() if len(kinds - {"found"}) > 1
    ]


def no_deadline_ahead_of_messages(broker: ModelBroker) -> list[str]:
    """A consent that was appended before the deadline, whenever it was read, kept its binding from expiring."""
    consents: dict[str, int] = {}
    for record in broker.topic("beneficiary.requests"):
        if header(record, ce.CE_TYPE) == ce.ce_type("beneficiary.requests.consented") and header(
            record, ce.CE_ID
        ):
            try:
                binding_id = json.loads(record.value or b"")["binding_id"]
            except ValueError:
                continue
            consents[binding_id] = min(consents.get(binding_id, record.timestamp), record.timestamp)
    found = []
    for record in broker.topic("binding.screenings"):
        if header(record, ce.CE_TYPE) == ce.ce_type("binding.screenings.consent-expired"):
            body = json.loads(record.value or b"{}")
            deadline = datetime.fromisoformat(body["at"]).timestamp() * 1000
            if not body["declined"] and consents.get(body["binding_id"], deadline) < deadline:
                found.append(f"binding {body['binding_id']} expired in spite of a consent in time")
    return found


async def ledger_is_sound(pool: Pool, credited: int) -> list[str]:
    """The ledger's own invariants, and that what was credited is held or was paid."""
    found = [
        f"ledger: {row['invariant']} {row['subject']}: {row['detail']}"
        for row in await pool.fetch("select * from verify()")
    ]
    total = await pool.fetchval(
        "select coalesce(sum(amount), 0) from entry where kind = 'credit' and segment in ('current', 'historic')"
    )
    return found if total == credited else [*found, f"credited {credited} fen, booked {total}"]


async def followers_agree(broker: ModelBroker, pools: Mapping[str, Pool]) -> list[str]:
    """Settlement knows the last version that audit decided of each binding that ever was approved."""
    latest: dict[str, dict[str, Any]] = {}
    for record in broker.topic("binding.decisions"):
        body = json.loads(record.value or b"{}")
        if body["version"] > latest.get(body["binding_id"], {"version": 0})["version"]:
            latest[body["binding_id"]] = body
    known = {
        str(r["binding_id"]): r["version"]
        for r in await pools["settlement"].fetch("select binding_id, version from binding")
    }
    audit = {
        str(r["binding_id"]): r["version"]
        for r in await pools["audit"].fetch("select binding_id, version from binding")
    }
    found = [
        f"audit {audit.get(id)} of {id}, published {body['version']}"
        for id, body in latest.items()
        if audit.get(id) != body["version"]
    ]
    return found + [
        f"settlement has version {known[id]} of {id}, published {body['version']}"
        for id, body in latest.items()
        if id in known and known[id] != body["version"]
    ]


def one_sponsor_each(broker: ModelBroker) -> list[str]:
    """In Tai'an nobody has two sponsors at once."""
    standing: dict[str, list[str]] = defaultdict(list)
    latest: dict[str, dict[str, Any]] = {}
    for record in broker.topic("binding.decisions"):
        body = json.loads(record.value or b"{}")
        if body["version"] > latest.get(body["binding_id"], {"version": 0})["version"]:
            latest[body["binding_id"]] = body
    for id, body in latest.items():
        if body["state"] in ("approved", "suspended"):
            standing[body["case"]["beneficiary"]["psn_no"]].append(id)
    return [f"{len(ids)} sponsors of one beneficiary" for ids in standing.values() if len(ids) > 1]


async def nothing_is_left(broker: ModelBroker, pools: Mapping[str, Pool]) -> list[str]:
    """Every outbox is empty, nothing was refused, every partition was read to its end, no handler failed."""
    found = []
    for name, pool in pools.items():
        rows, refused = (
            await pool.fetchval("select count(*) from outbox"),
            await pool.fetchval("select count(*) from refused"),
        )
        if rows or refused:
            found.append(f"{name}: {rows} rows in the outbox, {refused} refused")
        for row in await pool.fetch("select topic, partition, next_offset from consumed"):
            if row["next_offset"] != broker.end((row["topic"], row["partition"])):
                found.append(f"{name} read {row['topic']}/{row['partition']} to {row['next_offset']}")
    return found + [
        f"{topic}: {header(record, 'x-error-class')} on {header(record, 'x-original-topic')}"
        for (topic, _), log in broker.logs.items()
        for record in (log if topic.endswith(".dead-letters") else ())
        if header(record, "x-reason") == "handler-failed" and header(record, "x-error-class") != PLANNED
    ]
