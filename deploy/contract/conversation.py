"""Conversations with one service: the format of `shared/contracts/conversations` (described there), filled in and compared."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.contract.paths import CONVERSATIONS
from shared.clock import BEIJING
from shared.contracts.envelope import CONTENT_TYPE, SPEC_VERSION, split_type
from shared.contracts.topics import TYPES
from shared.testing import identities, messages, proofs

Event = dict[str, Any]
_PERSON = re.compile(
    r"\$((?:adult|elder|child)(?:@[0-9]{6})?):([0-9]+)\.(psn_no|certno|psn_name|tel|gend|brdy|subject_sha256)"
)
_TIME = re.compile(r"\$at([+-][0-9]+)?")
_PERSONS_PER_RUN = 20


@dataclass(frozen=True, slots=True)
class Step:
    """One line: `kind` is "in", "again" (the record of another line, byte for byte), "out" or "wait"; `only` is "process", "stack" or empty."""

    number: int
    kind: str
    content: Any
    only: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """All steps of a file."""

    service: str
    name: str
    about: str
    steps: tuple[Step, ...]
    needs: str = ""

    @property
    def waits(self) -> bool:
        """Whether time has to pass."""
        return any(step.kind == "wait" for step in self.steps)


def read(path: Path) -> Conversation:
    """Raises `ValueError` naming file and line."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not rows or "about" not in rows[0]:
        raise ValueError(f'{path.name}: the first line reads {{"about": "..."}}')
    steps = []
    for number, row in enumerate(rows[1:], 2):
        kind = next((name for name in ("in", "again", "out", "wait") if name in row), None)
        if kind is None:
            raise ValueError(f"{path.name}:{number}: neither in, again, out nor wait")
        steps.append(Step(number, kind, row[kind], row.get("only", "")))
    return Conversation(path.parent.name, path.stem, rows[0]["about"], tuple(steps), rows[0].get("needs", ""))


def of_service(service: str) -> list[Conversation]:
    """All conversations with a service."""
    return [read(path) for path in sorted((CONVERSATIONS / service).glob("*.jsonl"))]


@dataclass(frozen=True, slots=True)
class Run:
    """One playing: `number` tells its persons and ids from those of others."""

    number: int

    def id(self, n: str) -> str:
        return f"conversation-{self.number}-{n}"

    def person(self, kind: str, n: str) -> identities.MadeUp:
        kind, _, region = kind.partition("@")
        make = {"adult": identities.adult, "elder": identities.elder, "child": identities.child}[kind]
        return make(5000 + self.number * _PERSONS_PER_RUN + int(n), admdvs=region or "330100")

    def fill(self, node: Any, at: datetime) -> Any:
        """`node` with its `$` texts replaced, at the time `at`."""
        if isinstance(node, dict):
            return {name: self.fill(child, at) for name, child in node.items()}
        if isinstance(node, list):
            return [self.fill(child, at) for child in node]
        return self._text(node, at) if isinstance(node, str) and "$" in node else node

    def _text(self, text: str, at: datetime) -> Any:
        if whole := self._whole(text, at):
            return whole
        text = _PERSON.sub(lambda m: str(getattr(self.person(m[1], m[2]), m[3])), text)
        return _TIME.sub(lambda m: (at + timedelta(seconds=int(m[1] or 0))).isoformat(), text)

    def _whole(self, text: str, at: datetime) -> Any:
        name, *rest = text.removeprefix("$").split(":")
        match name, rest:
            case "id", [n]:
                return self.id(n)
            case "uuid", [n]:
                return str(messages.uid(self.number * 1000 + int(n), messages.MONDAY))
            case "msgid", [n]:
                return messages.msgid(number=int(n), at=messages.MONDAY + timedelta(seconds=self.number))
            case "date", []:
                return at.astimezone(BEIJING).date().isoformat()
            case "letter", []:
                return proofs.commitment(at).model_dump(mode="json")
            case (("recorded" | "sponsor" | "beneficiary" | "face"), [kind, n]):
                return self._of_person(name, self.person(kind, n), at)
        return None

    def _of_person(self, name: str, who: identities.MadeUp, at: datetime) -> Any:
        made: dict[str, Any] = {
            "recorded": who.recorded,
            "sponsor": who.as_sponsor,
            "beneficiary": who.as_beneficiary,
            "face": lambda: proofs.face_check(who, at),
        }
        return made[name]().model_dump(mode="json", exclude_none=True)

    def event(self, template: Mapping[str, Any], at: datetime) -> Event:
        """A filled-in event with what follows from its type and data."""
        event: Event = {"specversion": SPEC_VERSION, "datacontenttype": CONTENT_TYPE, "time": at.isoformat()}
        event |= self.fill(dict(template), at)
        split = split_type(event["type"])
        spec = TYPES[split[0]] if split else None
        if spec and not {"topic", "partitionkey", "subject"} <= event.keys():
            body = spec.model.model_validate_json(json.dumps(event["data"]))
            event = {
                "topic": spec.topic,
                "partitionkey": spec.key_of(body),
                "subject": spec.subject_of(body),
            } | event
        return event


def differences(pattern: Any, found: Any, path: str = "") -> Iterator[str]:
    """Where `found` is not as the pattern says. Values are not told: they may be personal."""
    if pattern == "$any":
        if found in (None, [], ""):
            yield f"{path}: is missing"
    elif pattern == "$absent":
        if found not in (None, []):
            yield f"{path}: must be absent"
    elif isinstance(pattern, dict):
        if not isinstance(found, dict):
            yield f"{path}: is no object"
            return
        for name, child in pattern.items():
            yield from differences(child, found.get(name), f"{path}.{name}" if path else name)
    elif isinstance(pattern, list):
        if not isinstance(found, list) or len(found) != len(pattern):
            yield f"{path}: has {len(found) if isinstance(found, list) else 'no'} members instead of {len(pattern)}"
            return
        for number, (one, other) in enumerate(zip(pattern, found, strict=True)):
            yield from differences(one, other, f"{path}[{number}]")
    elif pattern != found and not _same_time(pattern, found):
        yield f"{path}: is not {pattern!r}"


def _same_time(pattern: Any, found: Any) -> bool:
    try:
        return datetime.fromisoformat(pattern) == datetime.fromisoformat(found)
    except (TypeError, ValueError):
        return False


def match(wanted: list[Event], found: list[Event]) -> tuple[list[str], list[Event]]:
    """Pairs patterns with events of their type. Complaints about unmet patterns, and the events that nobody asked for."""
    left, complaints = list(found), []
    for pattern in wanted:
        candidates = [event for event in left if event["type"] == pattern["type"]]
        faults = [(list(differences(pattern, event)), event) for event in candidates]
        met = next((event for fault, event in faults if not fault), None)
        if met is not None:
            left.remove(met)
        elif faults:
            fewest = min((fault for fault, _ in faults), key=lambda fault: len(fault))
            complaints.append(f"{pattern['type']}: " + "; ".join(fewest))
        else:
            complaints.append(f"{pattern['type']}: was not published")
    return complaints, left
