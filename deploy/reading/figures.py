"""How far each service is: read from its tables and from the broker, so that it works while a service is down."""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import asyncpg
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from deploy.local.errors import StackError
from deploy.reading.running import Q, Running
from deploy.reading.topics import consumer, partitions
from shared.contracts.sources import SERVICES
from shared.contracts.topics import TOPICS, consumed_by
from shared.db import Conn

Offsets = Mapping[TopicPartition, int]
_LINK = re.compile(
    r'^gongji_notify_link_up\{medium="[a-z-]+",provider="([a-z0-9-]+)"\} ([0-9.]+)$', re.MULTILINE
)
_STOPPED = re.compile(r"^gongji_eligibility_sponsors_stopped ([0-9.]+)$", re.MULTILINE)
_LATE = re.compile(r'^gongji_audit_documents_waiting\{state="late"\} ([0-9.]+)$', re.MULTILINE)
_STAFF = re.compile(r"^gongji_notify_for_staff_oldest_seconds ([0-9.e+]+)$", re.MULTILINE)
_UNSTRIPPED = re.compile(
    r'^gongji_notify_unstripped_late_seconds\{state="[a-z-]+"\} ([0-9.e+]+)$', re.MULTILINE
)
_NIGHT = re.compile(r"^gongji_notify_night_late_seconds ([0-9.e+]+)$", re.MULTILINE)
_OLDER_KEYS = re.compile(r"^gongji_notify_older_keys_needed ([0-9.]+)$", re.MULTILINE)
_BREAKS = re.compile(r"^gongji_settlement_breaks_overdue ([0-9.]+)$", re.MULTILINE)
_BROKEN = re.compile(r"^gongji_ledger_broken ([0-9.e+]+)$", re.MULTILINE)
_CHECKED = re.compile(r"^gongji_ledger_check_age_seconds ([0-9.e+]+)$", re.MULTILINE)
_LOOKS = re.compile(
    r'^gongji_audit_looks\{outcome="(agreed|disagreed)",region="([0-9]+)"\} ([0-9.]+)$', re.MULTILINE
)


@dataclass(slots=True)
class Figures:
    """One service. Ages in real seconds; `problem` says why figures are missing."""

    lag: int | None = None
    oldest_waiting_s: float | None = None
    outbox_rows: int | None = None
    outbox_records: int | None = None
    outbox_oldest_s: float | None = None
    overdue: int | None = None
    overdue_oldest_s: float | None = None
    dead_letters: dict[str, int] = field(default_factory=dict)
    dead_letters_last_hour: int | None = None
    refused_by_broker: int | None = None
    brake: str | None = None
    set_aside: list[str] = field(default_factory=list)
    beyond_end: list[str] = field(default_factory=list)
    links: dict[str, bool] = field(default_factory=dict)
    sponsors_stopped: int = 0
    documents_late: int = 0
    breaks_overdue: int = 0
    ledger_broken: int = 0
    ledger_check_age_s: float | None = None
    """Real seconds since the begin of the last check of the ledger that came to its end."""
    staff_oldest_s: float | None = None
    """Seconds of the service clock for which the oldest notice that came to the staff waits."""
    unstripped_late_s: float | None = None
    """Seconds of the service clock for which personal data of the oldest notice are kept past their time."""
    night_late_s: float | None = None
    """Seconds of the service clock since notify's night's work was due."""
    older_keys_needed: int = 0
    looks: dict[str, dict[str, int]] = field(default_factory=dict)
    """Second looks of the last days, by province: agreed and disagreed."""
    wrong: dict[str, str] = field(default_factory=dict)
    problem: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


async def figures(running: Running) -> dict[str, Figures]:
    """Figures of all services. What cannot be reached is told in `problem`; nothing is raised."""
    found = {service: Figures() for service in SERVICES}
    places = await asyncio.gather(*(_tables(running, s, f) for s, f in found.items()))
    consumed = dict(zip(found, places, strict=True))
    await asyncio.gather(*(_ready(running.http.get(s), f) for s, f in found.items()))
    try:
        await _lags(running, found, consumed)
    except (StackError, KafkaError, OSError, TimeoutError) as error:
        for one in found.values():
            one.problem = one.problem or (
                str(error) if isinstance(error, StackError) else f"Kafka: {type(error).__name__}"
            )
    return found


async def _tables(running: Running, service: str, into: Figures) -> dict[TopicPartition, int] | None:
    try:
        async with asyncio.timeout(10), running.database(service) as conn:
            return await _read(conn, running, into)
    except asyncpg.UndefinedTableError:
        into.problem = "its tables are not there yet: it has never started"
    except (StackError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        into.problem = str(error) if isinstance(error, StackError) else f"PostgreSQL: {type(error).__name__}"
    return None


async def _read(conn: Conn, running: Running, into: Figures) -> dict[TopicPartition, int]:
    now = running.clock.now()
    row = await conn.fetchrow(Q.tables, now)
    assert row is not None
    (
        into.outbox_rows,
        into.outbox_records,
        into.outbox_oldest_s,
        into.overdue,
        first,
        into.refused_by_broker,
        into.brake,
        into.dead_letters_last_hour,
    ) = row
    if first is not None:
        into.overdue_oldest_s = round((now - first).total_seconds() / running.clock.speed, 1)
    into.dead_letters = {row[0]: row[1] for row in await conn.fetch(Q.dead_letters)}
    into.set_aside = [r[0] for r in await conn.fetch(Q.set_aside)]
    return {TopicPartition(topic, number): offset for topic, number, offset in await conn.fetch(Q.consumed)}


async def _ready(http: str | None, into: Figures) -> None:
    """What `/ready` complains of, and from `/metrics` which providers' links stand, how many sponsors were stopped today, how many
    cases wait for a store of documents that does not answer, how second looks came out, how many breaks are past their deadline, what of
    notify's night's work was not done, and how the last check of the ledger ended."""
    if http is None:
        return

    def ask() -> tuple[dict[str, str], str]:
        try:
            with urlopen(f"{http}/metrics", timeout=3) as answer:
                metrics = answer.read().decode()
            with urlopen(f"{http}/ready", timeout=3) as answer:
                return dict(json.load(answer)["wrong"]), metrics
        except HTTPError as error:
            return dict(json.loads(error.read())["wrong"]), metrics
        except (URLError, OSError):
            return {"http": "does not answer"}, ""

    into.wrong, metrics = await asyncio.to_thread(ask)
    into.links = {provider: float(value) > 0 for provider, value in _LINK.findall(metrics)}
    into.sponsors_stopped = sum(int(float(value)) for value in _STOPPED.findall(metrics))
    into.documents_late = sum(int(float(value)) for value in _LATE.findall(metrics))
    into.staff_oldest_s = max((float(value) for value in _STAFF.findall(metrics)), default=None)
    into.unstripped_late_s = max((float(value) for value in _UNSTRIPPED.findall(metrics)), default=None)
    into.night_late_s = max((float(value) for value in _NIGHT.findall(metrics)), default=None)
    into.older_keys_needed = max((int(float(value)) for value in _OLDER_KEYS.findall(metrics)), default=0)
    into.breaks_overdue = max((int(float(value)) for value in _BREAKS.findall(metrics)), default=0)
    into.ledger_broken = max((int(float(value)) for value in _BROKEN.findall(metrics)), default=0)
    into.ledger_check_age_s = max((float(value) for value in _CHECKED.findall(metrics)), default=None)
    for outcome, region, value in _LOOKS.findall(metrics):
        into.looks.setdefault(region, {})[outcome] = int(float(value))


async def _lags(
    running: Running, found: Mapping[str, Figures], consumed: Mapping[str, Offsets | None]
) -> None:
    async with consumer(running) as reader:
        places = [place for place in await partitions(running) if place.topic in TOPICS]
        begins, ends = await reader.beginning_offsets(places), await reader.end_offsets(places)
        waiting: dict[str, dict[TopicPartition, int]] = {}
        for service, offsets in consumed.items():
            if offsets is not None:
                waiting[service] = _behind(service, offsets, begins, ends, found[service])
        times = await _times(reader, waiting)
        for service, rows in waiting.items():
            ages = [time.time() - times[p, o] for p, o in rows.items() if (p, o) in times]
            found[service].oldest_waiting_s = round(max(ages), 1) if ages else None


def _behind(
    service: str, offsets: Offsets, begins: Offsets, ends: Offsets, into: Figures
) -> dict[TopicPartition, int]:
    """Partitions with unread records and the first unread offset; fills in the lag and what is beyond a topic's end."""
    own = [place for place in ends if place.topic in consumed_by(service)]
    next_ = {place: max(offsets.get(place, 0), begins[place]) for place in own}
    into.beyond_end = [f"{p.topic}/{p.partition}" for p in own if offsets.get(p, 0) > ends[p]]
    into.lag = sum(max(0, ends[place] - next_[place]) for place in own)
    return {place: offset for place, offset in next_.items() if offset < ends[place]}


async def _times(reader: Any, waiting: Mapping[str, Offsets]) -> dict[tuple[TopicPartition, int], float]:
    """Append times (real seconds) of the first unread record of each service and partition."""
    times: dict[tuple[TopicPartition, int], float] = {}
    for rows in waiting.values():
        wanted = {place: offset for place, offset in rows.items() if (place, offset) not in times}
        if not wanted:
            continue
        reader.assign(list(wanted))
        for place, offset in wanted.items():
            reader.seek(place, offset)
        with suppress(TimeoutError):
            async with asyncio.timeout(3):
                while wanted:
                    record = await reader.getone()
                    place = TopicPartition(record.topic, record.partition)
                    if place in wanted:  # a compacted record is gone: the next one is the oldest
                        times[place, wanted.pop(place)] = record.timestamp / 1000
                        reader.pause(place)
    return times
