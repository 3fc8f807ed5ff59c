"""The operators' commands on real Kafka and PostgreSQL; no service runs, so each figure is known."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer

from deploy.local.errors import StackError
from shared.contracts import answers, reasons
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import Step
from shared.messaging.dead_letters import dead_letter, original_place
from shared.messaging.decode import Dead
from shared.messaging.reasons import Reason
from shared.messaging.records import PlainRecord
from shared.testing import identities, messages
from shared.testing.messages import KafkaMessage
from tests.integration.cli.conftest import Place

SPONSOR, CHILD = identities.adult(11), identities.child(12)
CANARIES = (SPONSOR.psn_name, SPONSOR.certno, SPONSOR.tel, CHILD.psn_name, CHILD.certno)


def request(binding_id: UUID, id: str) -> KafkaMessage:
    body = messages.submitted(SPONSOR, CHILD, relation="child", binding_id=binding_id)
    return messages.to_kafka("binding.requests.submitted", body, "zheliban", id)


def answer(binding_id: UUID, id: str) -> KafkaMessage:
    body = answers.Screened(
        binding_id=binding_id,
        outcome="accepted",
        step=Step.DECIDED,
        reasons=(reasons.reason("in-law-not-allowed"),),
        at=messages.MONDAY,
        policy_version="x",
    )
    to = Origin(source="zheliban", id=id)
    return messages.to_kafka("answers.screened", body, "gongji-eligibility", str(uuid4()), to=to)


def letter(message: KafkaMessage, reason: Reason, offset: int = 0) -> Any:
    record = PlainRecord(message.topic, 1, offset, 0, message.key, message.value, message.headers)
    return dead_letter("eligibility", Dead(record, reason))


def structured(file: Path, message: KafkaMessage, **changes: Any) -> Path:
    headers = {
        name.removeprefix("ce_"): value.decode() for name, value in message.headers if name.startswith("ce_")
    }
    event = (
        headers
        | {"topic": message.topic, "partitionkey": message.key.decode(), "data": json.loads(message.value)}
        | changes
    )
    file.write_text(json.dumps(event, ensure_ascii=False), encoding="utf-8")
    return file


def test_publish_and_wait_for_the_answer(place: Place, tmp_path: Path) -> None:
    binding_id, id = uuid4(), str(uuid4())
    file = structured(tmp_path / "r.json", request(binding_id, id), type="gongji.binding.requests.withdrawn.v1",
                      data={"binding_id": str(binding_id), "sponsor_psn_no": SPONSOR.psn_no})  # fmt: skip

    def later() -> None:
        asyncio.run(_arrived(place.kafka, id))
        place.publish(answer(binding_id, id))

    service = threading.Thread(target=later)
    service.start()
    status, text = place.run("publish", str(file), "--now", "--wait", "--timeout", "120")
    service.join()
    assert status == 0, text
    assert "binding.requests/" in text
    assert "配偶的父母" in text
    status, text = place.run("publish", str(file), "--now", "--wait", "--timeout", "1")
    assert status == 3
    assert id in text


async def _arrived(kafka: str, id: str) -> None:
    """Waits until a request is there; what answers it before it was published answers nothing."""
    async with AIOKafkaConsumer(
        "binding.requests", bootstrap_servers=kafka, auto_offset_reset="earliest"
    ) as reader:
        async for record in reader:
            if dict(record.headers).get("ce_id") == id.encode():
                return


def test_publish_refuses_all_when_one_is_wrong(place: Place, tmp_path: Path) -> None:
    good, id = structured(tmp_path / "good.json", request(uuid4(), "g")), str(uuid4())
    bad = structured(tmp_path / "bad.json", request(uuid4(), id), partitionkey="1")
    status, text = place.run("publish", str(good), str(bad), "--now")
    assert status == 1
    assert "partitionkey: the key differs from the body (key-mismatch)" in text
    assert SPONSOR.psn_no in text
    status, text = place.run("publish", str(bad), "--now", "--unchecked")
    assert status == 0
    status, text = place.run("trace", id, "--json")
    assert [json.loads(row)["type"] for row in text.splitlines()] == ["binding.requests.submitted"]


def test_trace_tells_the_whole_story_and_no_personal_data(place: Place) -> None:
    binding_id, id = uuid4(), str(uuid4())
    sent = request(binding_id, id)
    place.publish(
        sent, answer(binding_id, id), letter(sent, Reason.ID_REUSED), request(uuid4(), str(uuid4()))
    )
    status, text = place.run("trace", id, "--json")
    assert status == 0
    events = [json.loads(row) for row in text.splitlines()]
    assert [e["topic"] for e in events] == [
        "binding.requests",
        "answers.zheliban",
        "eligibility.dead-letters",
    ]
    assert [e["since_first_ms"] for e in events] == sorted(e["since_first_ms"] for e in events)
    assert events[1]["refusals"][0].startswith("配偶的父母")
    assert events[2]["reason"] == "id-reused"
    status, table = place.run("trace", str(binding_id))
    assert status == 0
    assert "3 records" in table
    assert "同一编号再次使用而内容不同" in table
    assert not [c for c in CANARIES if c in text + table]
    assert place.run("trace", str(uuid4()))[0] == 1


def test_watch_filters_and_masks(place: Place) -> None:
    binding_id, id = uuid4(), str(uuid4())
    place.publish(request(binding_id, id), answer(binding_id, id))
    status, text = place.run("watch", "--since", "5m", "--until-end", "--binding", str(binding_id))
    assert status == 0
    assert [line.split()[1].split("/")[0] for line in text.splitlines()] == [
        "binding.requests",
        "answers.zheliban",
    ]
    _, text = place.run(
        "watch",
        "--since",
        "5m",
        "--until-end",
        "--topic",
        "answers",
        "--binding",
        str(binding_id),
        "--english",
    )
    assert len(text.splitlines()) == 1
    assert "in-law" in text.casefold()
    _, text = place.run("watch", "--since", "5m", "--until-end", "--person", SPONSOR.psn_no)
    assert str(binding_id) in text
    assert not [c for c in CANARIES if c in text]


def test_dead_letters_are_listed_shown_and_replayed(place: Place, tmp_path: Path) -> None:
    id = str(uuid4())
    sent = request(uuid4(), id)
    broken = sent._replace(value=b"{" + SPONSOR.psn_name.encode())
    offset = int(time.time())
    place.publish(letter(broken, Reason.BROKEN_JSON, offset))
    status, text = place.run(
        "dead-letters", "list", "--service", "eligibility", "--reason", "broken-json", "--json"
    )
    assert status == 0
    row = next(r for r in map(json.loads, text.splitlines()) if r["id"] == id)
    assert row["original"] == f"binding.requests/1@{offset}"
    status, table = place.run("dead-letters", "list", "--limit", "1000")
    assert "broken-json" in table
    status, shown = place.run("dead-letters", "show", row["ref"])
    assert status == 0
    assert f"<{len(broken.value)} bytes>" in shown
    assert not [c for c in CANARIES if c in text + table + shown]
    saved = tmp_path / "original"
    place.run("dead-letters", "show", row["ref"], "--save", str(saved))
    assert saved.read_bytes() == broken.value
    assert saved.stat().st_mode & 0o777 == 0o600
    status, text = place.run("dead-letters", "replay", row["ref"])
    assert status == 0
    assert "1 replayed" in text
    events = [json.loads(line) for line in place.run("trace", id, "--json")[1].splitlines()]
    assert [e["topic"] for e in events] == ["eligibility.dead-letters", "binding.requests"]


def test_a_replay_names_its_first_place(place: Place) -> None:
    """The service finds by it when the record first arrived, and judges by that time."""
    record = letter(request(uuid4(), str(uuid4())), Reason.HANDLER_FAILED, 77)
    assert original_place(record.pairs()) == ("binding.requests", 1, 77)
    with pytest.raises(StackError, match="no dead letter"):
        place.run("dead-letters", "show", "notify/0@999999")
    assert place.run("dead-letters", "replay")[0] == 2
    assert place.run("dead-letters", "show", "nonsense")[0] == 2


def test_status_and_brake(place: Place) -> None:
    place.publish(request(uuid4(), str(uuid4())))
    place.execute("eligibility", "insert into brake (reason) values ('20 failures in a row')")
    place.execute(
        "audit",
        "insert into due (kind, entity, due_at, body) values ('review', 'x', now() - interval '1 h', '{}')",
    )
    place.execute(
        "notify",
        "insert into outbox (topic, keys, headers, bodies, at) values ('t', array['a','b']::bytea[], array['','']::bytea[],"
        " array['','']::bytea[], now() - interval '60 s')",
    )
    place.execute(
        "audit",
        "insert into dead_letters (topic, partition, \"offset\", hash, appended_at, reason) values ('t', 0, 1, '', now(), 'id-reused')",
    )
    place.execute(
        "settlement",
        "insert into consumed (topic, partition, next_offset) values ('settlement.requests', 0, 1000000)",
    )
    status, text = place.run("status", "--json")
    assert status == 3
    told = json.loads(text)["services"]
    assert told["eligibility"]["lag"] >= 1
    assert told["eligibility"]["oldest_waiting_s"] >= 0
    assert told["eligibility"]["brake"] == "20 failures in a row"
    assert "brake-on" in told["eligibility"]["alarms"]
    assert (told["audit"]["overdue"], told["audit"]["dead_letters"]) == (1, {"id-reused": 1})
    assert {"overdue-review", "dead-letters"} <= set(told["audit"]["alarms"])
    assert (told["notify"]["outbox_rows"], told["notify"]["outbox_records"]) == (1, 2)
    assert "outbox-grows" in told["notify"]["alarms"]
    assert told["settlement"]["beyond_end"] == ["settlement.requests/0"]
    assert "20 failures in a row" in place.run("status")[1]
    status, text = place.run("dead-letters", "resume", "eligibility")
    assert text == "eligibility: brake released (20 failures in a row)\n"
    assert place.run("dead-letters", "resume", "eligibility")[1] == "eligibility: no brake was on\n"


def test_sources_are_set_aside_and_restored(place: Place) -> None:
    assert place.run("sources", "set-aside", "xinjiang-mini", "--service", "eligibility")[0] == 0
    listed = json.loads(place.run("sources", "list", "--json")[1])
    row = next(r for r in listed if r["source"] == "xinjiang-mini")
    assert list(row["set_aside"]) == ["eligibility"]
    assert "新疆医保小程序" in place.run("sources", "list")[1]
    told = json.loads(place.run("status", "--json")[1])["services"]["eligibility"]
    assert (told["set_aside"], "source-set-aside" in told["alarms"]) == (["xinjiang-mini"], True)
    assert "heard again by eligibility" in place.run("sources", "restore", "xinjiang-mini")[1]
    assert "was not set aside" in place.run("sources", "restore", "xinjiang-mini")[1]
    assert place.run("sources", "restore", "nobody")[0] == 2


def test_a_service_without_tables_is_told_in_one_line(place: Place) -> None:
    place.execute("notify", "drop table brake")
    with pytest.raises(StackError, match="notify has no tables yet"):
        place.run("dead-letters", "resume")
    told = json.loads(place.run("status", "--json")[1])["services"]["notify"]
    assert told["problem"] == "its tables are not there yet: it has never started"
