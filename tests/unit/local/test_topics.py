"""topics.yaml against the registry of the code, and its mistakes told."""

from __future__ import annotations

import pytest

from deploy import topics
from shared.contracts import sources
from shared.contracts.topics import TOPICS

HEAD = (
    "partitions: 12\nreplication: 1\nlimits: {ours: 2MiB}\nconfig: {message.timestamp.type: LogAppendTime}\n"
)


def test_every_topic_of_the_code_is_declared_and_no_other() -> None:
    declared = {topic.name for topic in topics.declared()}
    ids = {source.id for source in sources.load().values() if source.kind != "service"}
    expected = (set(TOPICS) - {"answers"}) | {f"answers.{name}" for name in ids}
    assert declared == expected | {f"{name}.dead-letters" for name in sources.SERVICES}


def test_compaction_is_what_the_code_says() -> None:
    for topic in topics.declared():
        known = TOPICS.get(topic.name)
        assert (topic.config["cleanup.policy"] == "compact") == bool(known and known.compacted), topic.name


def test_limits_partitions_and_time() -> None:
    for topic in topics.declared():
        dead = topic.name.endswith(".dead-letters")
        assert topic.config["max.message.bytes"] == str((4 if dead else 2) << 20)
        assert topic.config["message.timestamp.type"] == "LogAppendTime"
        assert topic.partitions == 12
        assert len(topic.because) > 10


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("{keep: 30d, limit: ours}", "because"),
        ("{limit: ours, because: why}", "either `keep` or `compact`"),
        ("{keep: 30d, compact: 7d, limit: ours, because: why}", "either `keep` or `compact`"),
        ("{keep: a month, limit: ours, because: why}", "30d"),
        ("{keep: 30, limit: ours, because: why}", "30d"),
    ],
)
def test_mistakes_are_told(row: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        topics.parse(f"{HEAD}topics:\n  some.topic: {row}\n", [], [])


def test_templates_expand() -> None:
    text = HEAD + "topics: {}\ntemplates:\n  answers.*: {keep: 30d, limit: ours, because: why}\n"
    made = topics.parse(text, ["nhsa-app", "desk"], ["audit"])
    assert [topic.name for topic in made] == ["answers.nhsa-app", "answers.desk"]
    assert made[0].config["retention.ms"] == str(30 * 86_400_000)
