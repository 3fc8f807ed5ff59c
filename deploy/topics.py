"""The topics of `deploy/topics.yaml`, held against a broker: what is missing, what differs, and making what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared.contracts import sources

FILE = Path(__file__).with_name("topics.yaml")
_UNITS = {"ms": 1, "s": 1000, "h": 3_600_000, "d": 86_400_000}
_SIZES = {"KiB": 1 << 10, "MiB": 1 << 20}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it should be. `config` is Kafka's own names and values; `because` the reason of its retention."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]
    because: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What `apply` would do (`missing`), what it leaves to a person (`differing`: topic, setting, is, should), what nobody declared."""

    missing: tuple[Topic, ...]
    differing: tuple[tuple[str, str, str, str], ...]
    undeclared: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether the broker is as declared."""
        return not self.missing and not self.differing


def _amount(text: Any, units: Mapping[str, int]) -> int:
    number = str(text).rstrip("msKMiBhd")
    unit = str(text)[len(number) :]
    if not number.isdigit() or unit not in units:
        raise ValueError(
            f"topics.yaml: {text!r} is no amount; write for example {'30d' if 'd' in units else '2MiB'}"
        )
    return int(number) * units[unit]


def parse(text: str, source_ids: Iterable[str], services: Iterable[str]) -> tuple[Topic, ...]:
    """Topics of a topics.yaml, its templates expanded. Raises ValueError naming the topic and what is wrong."""
    document = yaml.safe_load(text)
    whole: dict[str, Any] = dict(document["topics"])
    templates = document.get("templates", {})
    for pattern, names in (("answers.*", source_ids), ("*.dead-letters", services)):
        if pattern in templates:
            whole |= {pattern.replace("*", name): templates[pattern] for name in names}
    return tuple(_topic(name, row, document) for name, row in whole.items())


def _topic(name: str, row: Mapping[str, Any], document: Mapping[str, Any]) -> Topic:
    if not row.get("because"):
        raise ValueError(f"topics.yaml: {name} gives no reason for its retention (`because`)")
    if ("keep" in row) == ("compact" in row):
        raise ValueError(f"topics.yaml: {name} needs either `keep` or `compact`")
    config = {
        key: str(value).lower() if value in (True, False) else str(value)
        for key, value in document["config"].items()
    }
    config["max.message.bytes"] = str(_amount(document["limits"][row["limit"]], _SIZES))
    if "keep" in row:
        config |= {"cleanup.policy": "delete", "retention.ms": str(_amount(row["keep"], _UNITS))}
    else:
        lag = _amount(row["compact"], _UNITS)
        week = str(
            _amount("7d", _UNITS)
        )  # how long a follower that is away may still see that something was erased
        config |= {
            "cleanup.policy": "compact",
            "min.compaction.lag.ms": str(lag),
            "delete.retention.ms": week,
        }
    partitions = int(row.get("partitions", document["partitions"]))
    return Topic(name, partitions, int(document["replication"]), config, str(row["because"]))


def declared(file: Path = FILE) -> tuple[Topic, ...]:
    """The committed topics, expanded by the sources that `shared.contracts.sources` knows."""
    known = sources.load().values()
    return parse(
        file.read_text(encoding="utf-8"),
        [source.id for source in known if source.kind != "service"],
        sources.SERVICES,
    )


async def plan(admin: AIOKafkaAdminClient, topics: Iterable[Topic]) -> Plan:
    """Hold topics against the broker. Raises aiokafka's errors."""
    wanted = {topic.name: topic for topic in topics}
    there = {row["topic"]: len(row["partitions"]) for row in await admin.describe_topics()}
    common = [name for name in wanted if name in there]
    differing = [
        (name, "partitions", str(there[name]), str(wanted[name].partitions))
        for name in common
        if there[name] != wanted[name].partitions
    ]
    for name, config in (await _configs(admin, common)).items():
        for setting, value in wanted[name].config.items():
            if config.get(setting) != value:
                differing.append((name, setting, str(config.get(setting)), value))
    missing = tuple(topic for name, topic in wanted.items() if name not in there)
    undeclared = sorted(name for name in there if name not in wanted and not name.startswith("__"))
    return Plan(missing, tuple(differing), tuple(undeclared))


async def _configs(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(asked):
        for _code, _message, _type, name, entries in response.resources:
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found


async def apply(admin: AIOKafkaAdminClient, topics: Iterable[Topic]) -> Plan:
    """Create what is missing, change nothing, delete nothing; returns what was found before.

    Raises aiokafka's errors, among them those by which the broker refuses a topic.
    """
    found = await plan(admin, topics)
    if not found.missing:
        return found
    new = [NewTopic(t.name, t.partitions, t.replication, topic_configs=dict(t.config)) for t in found.missing]
    response = await admin.create_topics(new)
    for name, code, *rest in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:  # another one was quicker: as good
            raise error(f"{name}: {rest[0] if rest else ''}")
    return found


async def _wake_coordinator(admin: AIOKafkaAdminClient) -> None:
    """Let the broker make its topic of group offsets now, so that the first consumer need not wait for it."""
    for _ in range(50):
        try:
            await admin.find_coordinator("gongji")
            return
        except KafkaError:
            await asyncio.sleep(0.1)


async def apply_at(bootstrap: str, topics: Iterable[Topic] | None = None) -> Plan:
    """`apply` at the broker `host:port[,...]`; the committed topics unless others are given."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=30_000)
    await admin.start()
    try:
        found = await apply(admin, declared() if topics is None else topics)
        await _wake_coordinator(admin)
        return found
    finally:
        await admin.close()


async def plan_at(bootstrap: str, topics: Iterable[Topic] | None = None) -> Plan:
    """`plan` at the broker `host:port[,...]`."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=30_000)
    await admin.start()
    try:
        return await plan(admin, declared() if topics is None else topics)
    finally:
        await admin.close()
