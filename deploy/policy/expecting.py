"""What a case expects after a step, and how that is compared with what happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from deploy.policy import fields, words
from shared.clock import BEIJING
from shared.contracts.binding_decisions import State
from shared.contracts.reason_texts import REASONS

WAITING = "waiting-for-registry"
ACCEPTED, NOT_ACCEPTED = "accepted", "not-accepted"
OUTCOMES = (*(s.value for s in State if s is not State.RECEIVED), WAITING, ACCEPTED, NOT_ACCEPTED)
"""How a binding may stand after a step, or what became of a message that is about none."""


def _outcome(value: Any) -> Any:
    known = dict.fromkeys(OUTCOMES)
    if isinstance(value, Mapping) and value and all(v in known for v in value.values()):
        return dict(value)
    if value in known:
        return value
    raise ValueError(f"one of {', '.join(OUTCOMES)}, or such a word for each of several people")


def _code(value: Any) -> str:
    if value in REASONS:
        return str(value)
    raise ValueError("a code of docs/reasons.md")


def _moment(value: Any) -> Any:
    if value in ("at-once", "open"):
        return value
    if type(value) is date:
        return datetime(value.year, value.month, value.day, tzinfo=BEIJING)
    return fields.moment(value)


EXPECTED: dict[str, fields.Parser] = {
    "expect": _outcome,
    "reasons": fields.several(_code),
    "gone": fields.several(_code),
    "marks": fields.several(_code),
    "asked_for": fields.several(words.material_kind),
    "text": fields.several(fields.text),
    "not_text": fields.several(fields.text),
    "effective": _moment,
    "ends": _moment,
    "place_in_order": fields.number,
    "mode": fields.text,
}
"""Keys that say what is expected. Reasons, marks and reasons that are gone are compared whole: what is not named must not be there."""


@dataclass(frozen=True)
class Expected:
    """Values by key of `EXPECTED`; empty for a step that only prepares."""

    given: Mapping[str, Any]

    @property
    def waits(self) -> bool:
        """Whether the step is to be looked at while a person is still waited for."""
        return self.given.get("expect") == WAITING


@dataclass
class Seen:
    """What happened in a step. `outcomes` by person, `outcome` of the binding (or message) that the step is about."""

    outcome: str = ACCEPTED
    outcomes: Mapping[str, str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    asked_for: tuple[str, ...] = ()
    text: str = ""
    effective: datetime | None = None
    ends: datetime | None = None
    place_in_order: int | None = None
    mode: str | None = None
    at: datetime | None = None


def expected_of(given: Mapping[str, Any], where: str, *, asked: bool) -> Expected:
    """What is expected after a step. What is refused names its reasons; a binding that was refused before need not again."""
    wanted = given.get("expect")
    refusal = wanted == NOT_ACCEPTED or (asked and wanted in (State.REFUSED, State.SUPPLEMENT_REQUESTED))
    if given and "expect" not in given:
        raise fields.CaseError(f"{where}: expect: missing, though {', '.join(given)} is expected")
    if refusal and not given.get("reasons"):
        raise fields.CaseError(f"{where}: reasons: missing; a refusal lists every reason")
    return Expected(given)


def differences(expected: Expected, seen: Seen) -> Iterator[str]:
    """One line for each thing that is not as expected."""
    given = expected.given
    if not given:
        return
    wanted = given["expect"]
    got = (
        {name: seen.outcomes.get(name, "-") for name in wanted}
        if isinstance(wanted, Mapping)
        else seen.outcome
    )
    if wanted != got:
        yield _line("outcome", _shown(wanted), _shown(got))
    for key in ("reasons", "gone", "marks"):
        had = getattr(seen, key)
        if set(given.get(key, ())) != set(had):
            yield _line(key, _shown(sorted(given.get(key, ()))), _shown(sorted(set(had))))
    if "asked_for" in given and set(given["asked_for"]) != set(seen.asked_for):
        yield _line("asked_for", _shown(sorted(given["asked_for"])), _shown(sorted(seen.asked_for)))
    for part in given.get("text", ()):
        if part not in seen.text:
            yield _line("text", part, seen.text or "no text")
    for part in given.get("not_text", ()):
        if part in seen.text:
            yield _line("text", f"nothing of {part}", seen.text)
    for key in ("effective", "ends"):
        if key in given and not _same(given[key], getattr(seen, key), seen.at):
            yield _line(key, _shown(given[key]), _shown(getattr(seen, key)))
    for key in ("place_in_order", "mode"):
        if key in given and given[key] != getattr(seen, key):
            yield _line(key, _shown(given[key]), _shown(getattr(seen, key)))


def _same(wanted: Any, got: datetime | None, at: datetime | None) -> bool:
    if wanted == "open":
        return got is None
    if wanted == "at-once":  # to the seconds that a message may wait for a decision
        return got is not None and at is not None and timedelta() <= got - at <= timedelta(seconds=3)
    return bool(wanted == got)


def _line(what: str, expected: str, got: str) -> str:
    return f"{what}: expected {expected}, got {got}"


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {one}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
