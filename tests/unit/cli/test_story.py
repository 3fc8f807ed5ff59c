"""Which records belong to one story, in which order, and how refusals are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from deploy.commands.publish import settles
from deploy.commands.watch import matches
from deploy.reading import words
from deploy.reading.lines import line
from deploy.reading.seen import Seen
from deploy.reading.story import as_event, belonging, further, needles, refusals, story
from shared.contracts import answers, reasons
from shared.contracts.base import Message, Origin
from shared.contracts.binding_decisions import Step
from shared.contracts.topics import TYPES
from shared.messaging.reasons import Reason
from shared.messaging.records import PlainRecord
from shared.testing import identities, messages

SPONSOR, CHILD = identities.adult(1), identities.child(2)
REQUEST = messages.submitted(SPONSOR, CHILD, relation="child", number=1)
OTHER = messages.submitted(SPONSOR, identities.child(4), relation="child", number=2)
CITED = reasons.Citation(
    file="100000-national.yaml",
    path="binding.relations",
    valid_from=date(2024, 8, 1),
    reference="国办发〔2024〕38号",
    policy_version="x",
)
WHY = reasons.reason("in-law-not-allowed", rule="relations", citation=CITED)
SCREENED = answers.Screened(
    binding_id=REQUEST.binding_id,
    outcome="refused",
    step=Step.DECIDED,
    reasons=(WHY,),
    at=messages.MONDAY,
    policy_version="x",
)


def seen(
    second: float, short: str, body: Message, source: str = "zheliban", id: str = "r-1", **options: Any
) -> Seen:
    made = messages.to_kafka(short, body, source, id, **options)
    at = datetime.fromtimestamp(1_800_000_000 + second, UTC)
    return Seen(
        made.topic, 0, int(second * 10), at, at.timestamp(), made.key, made.value, tuple(made.headers)
    )


ROWS = [
    seen(
        2, "answers.screened", SCREENED, "gongji-eligibility", "a-1", to=Origin(source="zheliban", id="r-1")
    ),
    seen(0.5, "binding.requests.submitted", REQUEST),
    seen(1, "binding.requests.submitted", OTHER, id="r-2"),
]


def test_a_story_is_told_in_time_order_with_durations() -> None:
    steps = story(belonging(ROWS, {str(REQUEST.binding_id)}))
    assert [step.seen.id for step in steps] == ["r-1", "a-1"]
    assert [step.since_before for step in steps] == [0.0, 1.5]
    assert steps[-1].since_first == 1.5
    event = as_event(steps[-1])
    assert (event["type"], event["since_before_ms"], event["request"]) == (
        "answers.screened",
        1500,
        ["zheliban", "r-1"],
    )


def test_an_id_leads_to_the_binding_and_not_to_another_one_of_the_same_person() -> None:
    first = belonging(ROWS, {"r-1"})
    assert str(REQUEST.binding_id) in further(first)
    assert str(OTHER.binding_id) not in further(first)
    assert story([]) == []


def test_the_cheap_test_on_bytes_never_loses_a_record() -> None:
    for row in ROWS:
        record = PlainRecord(row.topic, 0, 0, 0, row.key, row.value, row.headers)
        assert all(needles({name})(record) for name in row.names())
        assert not needles({"somebody-else"})(record)
    assert needles({"x"})(PlainRecord("t", 0, 0, 0, None, None, [("ce_id", None)])) is False


def test_each_refusal_is_one_chinese_line_with_remedy_and_reference() -> None:
    (text,) = refusals(ROWS[0])
    assert WHY.zh in text
    assert WHY.remedy_zh in text
    assert "国办发〔2024〕38号" in text
    assert "\n" not in text


def test_each_refusal_is_one_english_line_for_who_asks_for_english() -> None:
    (text,) = refusals(ROWS[0], english=True)
    assert text.startswith(f"{WHY.en}; {WHY.remedy_en}")
    assert WHY.zh not in text
    assert "\n" not in text


def test_filters_of_watch() -> None:
    assert matches(ROWS[1], str(REQUEST.binding_id)[:8], "")
    assert not matches(ROWS[1], "ffff", "")
    assert matches(ROWS[1], "", SPONSOR.psn_no)
    assert not matches(ROWS[1], "", CHILD.psn_no)


def test_publish_waits_for_audit_where_audit_still_speaks() -> None:
    assert not settles(ROWS[0], "binding.requests.submitted")
    assert settles(ROWS[0], "binding.requests.withdrawn")


def _titles() -> Iterator[tuple[str, words.Words]]:
    return ((short, words.title(short)) for short in TYPES)


def test_every_type_has_a_name_in_both_languages() -> None:
    for short, name in _titles():
        assert any("一" <= c <= "鿿" for c in name.zh), short
        assert name.en.isascii() or "’" in name.en, short
        assert "/" not in name.zh, short


def test_every_reason_of_a_dead_letter_has_words() -> None:
    assert {reason.value for reason in Reason} == words.DEAD.keys()


def test_a_line_names_time_place_who_and_what() -> None:
    text = line(ROWS[0]).text()
    assert "answers.zheliban/0@20" in text
    assert "[eligibility]" in text
    assert "办结" in text
    assert WHY.zh in text
    assert WHY.en in line(ROWS[0]).text(english=True)
