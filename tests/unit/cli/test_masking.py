"""What people see of a record: never a name, certificate, phone number or free text, whatever the record's quality."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.reading.letters import Letter
from deploy.reading.lines import line
from deploy.reading.masking import HIDDEN, masked_wire, shown, token
from deploy.reading.seen import Seen
from deploy.reading.story import as_event, refusals, story
from shared.contracts import topics
from shared.messaging.dead_letters import dead_letter
from shared.messaging.decode import Dead
from shared.messaging.reasons import Reason
from shared.messaging.records import PlainRecord
from shared.testing import identities, messages
from shared.testing.messages import KafkaMessage

SPONSOR, CHILD = identities.adult(1), identities.child(2)
CANARIES = (SPONSOR.psn_name, SPONSOR.certno, SPONSOR.tel, CHILD.psn_name, CHILD.certno, "住在金丝雀路7号")
BODY = messages.submitted(SPONSOR, CHILD, relation="child")


def seen_of(message: KafkaMessage, **changes: Any) -> Seen:
    fields: dict[str, Any] = {
        "key": message.key,
        "value": message.value,
        "headers": tuple(message.headers),
    } | changes
    at = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    return Seen(message.topic, 0, 7, at, at.timestamp(), **fields)


def application(**changes: Any) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(BODY.model_dump_json(exclude_none=True)) | changes
    return raw


def everything_shown(seen: Seen) -> str:
    step = story([seen])[0]
    said = line(seen)
    shows = [
        said.text(),
        said.text(english=True),
        json.dumps(as_event(step), ensure_ascii=False),
        *refusals(seen),
    ]
    if seen.dead:
        shows.append(json.dumps([Letter(seen).told(), Letter(seen).summary()], ensure_ascii=False))
    return "\n".join(shows)


def hides(seen: Seen) -> None:
    text = everything_shown(seen)
    assert not [c for c in CANARIES if c in text]


def as_dead(message: KafkaMessage, reason: Reason = Reason.BROKEN_JSON) -> Seen:
    record = PlainRecord(message.topic, 0, 3, 0, message.key, message.value, message.headers)
    letter = dead_letter("eligibility", Dead(record, reason))
    return seen_of(
        KafkaMessage(letter.topic, letter.key or b"", [], letter.value or b""), headers=tuple(letter.pairs())
    )


def test_valid_message_is_masked_and_still_recognisable() -> None:
    seen = seen_of(messages.to_kafka("binding.requests.submitted", BODY, "zheliban", "r-1"))
    hides(seen)
    body = seen.masked()
    assert body["sponsor"]["psn_name"] == SPONSOR.psn_name[0] + "*" * (len(SPONSOR.psn_name) - 1)
    assert body["sponsor"]["certno"][:3] == SPONSOR.certno[:3]
    assert body["binding_id"] == str(BODY.binding_id)
    assert "为其子女申请" in line(seen).zh
    assert "浙里办" in line(seen).zh


@pytest.mark.parametrize(
    "raw",
    [
        application(relation=CHILD.psn_name),
        application(admdvs=SPONSOR.tel),
        application(
            sponsor={"psn_no": "住在金丝雀路7号", "psn_name": SPONSOR.psn_name, "certno": SPONSOR.certno}
        ),
        application(sponsor=SPONSOR.psn_name),
        application(sponsor=[SPONSOR.psn_name, {"certno": SPONSOR.certno}]),
        application(surprise=SPONSOR.certno, materials=[{"kind": SPONSOR.tel}]),
        application(**{SPONSOR.psn_name: 1}),
        application(terms={"quota": SPONSOR.tel}),
        {"psn_name": SPONSOR.psn_name},
    ],
)
def test_invalid_body_shows_nothing_that_the_contract_refuses(raw: dict[str, Any]) -> None:
    made = messages.to_kafka("binding.requests.submitted", raw, "zheliban", "r-1", key=SPONSOR.psn_no)
    hides(seen_of(made))
    hides(as_dead(made, Reason.BAD_ADDRESS))


@pytest.mark.parametrize(
    "value",
    [
        b"{" + SPONSOR.psn_name.encode(),
        SPONSOR.certno.encode(),
        f'["{SPONSOR.psn_name}"]'.encode(),
        SPONSOR.psn_name.encode("gb18030"),
        b"\xff\x00" + SPONSOR.tel.encode(),
        json.dumps(application()).encode("utf-16"),
        b'{"sponsor": ' + b"[" * 5000 + SPONSOR.tel.encode(),
    ],
)
def test_bytes_that_are_no_object_are_told_by_their_length(value: bytes) -> None:
    made = messages.to_kafka("binding.requests.submitted", BODY, "zheliban", "r-1")
    hides(as_dead(made._replace(value=value)))
    assert shown(value, topics.spec("binding.requests.submitted").model) == f"<{len(value)} bytes>"


def test_headers_and_key_of_strangers_do_not_leak() -> None:
    name, certno = SPONSOR.psn_name.encode(), SPONSOR.certno.encode()
    made = messages.to_kafka("binding.requests.submitted", BODY, "zheliban", "r-1")
    headers = [
        (n, {"ce_source": name, "ce_id": certno, "ce_subject": SPONSOR.tel.encode()}.get(n, v))
        for n, v in made.headers
    ]
    headers += [(SPONSOR.psn_name, b"x"), ("x-contact", SPONSOR.tel.encode()), ("x-reason", name)]
    made = made._replace(headers=headers, key=certno)
    hides(as_dead(made, Reason.UNKNOWN_SOURCE))
    hides(seen_of(made))


def test_unknown_type_shows_no_body() -> None:
    made = messages.to_kafka("binding.requests.submitted", BODY, "zheliban", "r-1")
    headers = [(n, b"gongji.surprise.v1" if n == "ce_type" else v) for n, v in made.headers]
    seen = seen_of(made._replace(headers=headers))
    hides(seen)
    assert seen.masked() == f"<{len(made.value)} bytes>"


def test_notes_are_hidden_and_money_keeps_its_wire_form() -> None:
    body = messages.credited(SPONSOR, 12850, note="住在金丝雀路7号")
    assert masked_wire(body)["note"] == HIDDEN
    assert masked_wire(body)["amount"] == "128.50"
    hides(seen_of(messages.to_kafka("account.credits.credited", body, "authority", "c-1")))


def test_terminal_sequences_are_taken_out() -> None:
    made = messages.to_kafka(
        "registry.institutions.recorded",
        messages.institution(fixmedins_name="甲\x1b[2J\n医院"),
        "authority",
        "i-1",
    )
    text = line(seen_of(made)).text()
    assert "\x1b" not in text
    assert "\n" not in text
    assert "医院" in text


@pytest.mark.parametrize(
    ("raw", "shows"),
    [
        ("zheliban", "zheliban"),
        (None, "-"),
        ("张三", "<2 characters>"),
        ("11010119900307803X", "110*************3X"),
        ("13800138000", "138******00"),
        ("H33010000001202611231000000001", "H33010000001202611231000000001"),
        ("a\nb", "<3 characters>"),
    ],
)
def test_tokens(raw: str | None, shows: str) -> None:
    assert token(raw) == shows
