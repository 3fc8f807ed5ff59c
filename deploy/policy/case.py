"""A case: people, what is so already, steps one after the other, and what is expected after each. YAML in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from deploy.policy import fields, words
from deploy.policy.casefile import cases_of
from deploy.policy.expecting import EXPECTED, Expected, expected_of
from deploy.policy.fields import CaseError
from deploy.policy.people import PERSON, Facts, facts_of, who
from shared.contracts.review_verdicts import Decision

HERE = Path(__file__).parents[2] / "shared" / "policies" / "cases"
"""The project's own cases."""

_FACTS = ("region", "date", "people", "relations", "bound")
_CASE: dict[str, fields.Parser] = {"name": fields.text}
_CASE |= dict.fromkeys((*_FACTS, "policy", "steps"), fields.anything)
_FACE = {word: word for word in ("missing", "someone-else", "reused", "forged", "unknown-provider")}
_LETTER = {word: word for word in ("missing", "old-version", "other-text")}
_CLERK = {word: word for word in ("missing", "form-incomplete", "originals-not-seen")}
_NAMED = {word: word for word in ("binding", "short-code", "sponsor", "wrong-short-code")}
_JUDGED = ("submit", "supplement")
"""Verbs after which the rules are run and every reason is said."""
_ORDERS = ("suspended", "resumed", "ended-by-authority")
_ACCOUNT = {word: word for word in ("frozen", "unfrozen", "closed")}


@dataclass(frozen=True)
class Step:
    """One thing that somebody does or that happens. `options` are the values of the verb's own keys."""

    verb: str
    subject: Any
    options: Mapping[str, Any]
    at: datetime | None
    expected: Expected


@dataclass(frozen=True)
class Case:
    """One case. `policy` is what the case changes in the region's policy, as it was written."""

    file: str
    name: str
    facts: Facts
    policy: Mapping[str, Any]
    steps: tuple[Step, ...]

    @property
    def where(self) -> str:
        return f"{self.file}: {self.name}"


def face(value: Any) -> Any:
    """What is wrong with a face check, or its age: 9分钟."""
    if isinstance(value, str) and value in _FACE:
        return value
    try:
        return words.duration(value)
    except ValueError as error:
        raise ValueError(f"one of {', '.join(_FACE)}, or the age of the check: {error}") from None


def _verbs(facts: Facts) -> dict[str, tuple[fields.Parser, dict[str, fields.Parser]]]:
    """Every verb: what it is about, and the keys that it may have."""
    person = who(facts.people)
    sponsor = {"sponsor": person}
    proof = {"channel": fields.one_of(words.CHANNELS), "face": face, "clerk": fields.one_of(_CLERK)}
    terms = {"uses": fields.several(words.use), "quota": words.money, "earmark": words.money,
             "first_day": fields.day, "last_day": fields.day}  # fmt: skip
    typed = {"name": fields.text, "certificate": fields.text, "own_name": fields.text, "own_certificate": fields.text,
             "place": fields.region, "insurance": words.insurance}  # fmt: skip
    papers = {"materials": fields.several(words.document)}
    named = {"named_by": fields.one_of(_NAMED)}
    submit = sponsor | proof | terms | typed | papers | {
        "as": words.relation, "commitment": fields.one_of(_LETTER), "signed": fields.moment, "present": fields.flag,
        "real_name": fields.number, "mends": fields.flag, "clock_wrong": fields.flag, "handled_by": fields.region,
    }  # fmt: skip
    return {
        "submit": (person, submit),
        "supplement": (person, sponsor | papers | {"by": person}),
        "consent": (person, sponsor | proof | named | {"by": person}),
        "decline": (person, sponsor | named | {"by": person}),
        "withdraw": (person, sponsor | {"by": person}),
        "unbind": (person, sponsor | proof | {"by": person}),
        "change": (person, sponsor | terms | {"by": person}),
        "rank": (fields.several(person), sponsor),
        "order": (person, {"sponsors": fields.several(person)}),
        "open_account": (person, {"commitment": fields.one_of(_LETTER)}),
        "registry": (person, PERSON | {"older": fields.flag}),
        "relation": (person, {"of": person, "is": words.relation, "ended": fields.flag, "proven": fields.flag,
                              "kin_account": fields.flag}),
        "account": (person, {"state": fields.one_of(_ACCOUNT)}),
        "review": (person, sponsor | {"decision": fields.one_of({d.value: d for d in Decision}), "note": fields.text, "operator": fields.text,
                                      "materials": fields.several(words.material_kind)}),
        "authority": (person, sponsor | {"decision": fields.one_of({w: w for w in _ORDERS}), "document": fields.text, "operator": fields.text,
                                         "effective_at": fields.moment}),
        "wait": (words.duration, {}),
        "until": (fields.moment, {}),
    }  # fmt: skip


def read_cases(file: Path) -> list[Case]:
    """The cases of a file. Raises `CaseError`."""
    return cases_of(file, case_of)


def case_of(tree: Any, file: str, number: int = 1, *, expects: bool = True) -> Case:
    """One case of a parsed file; one that `expects` says what comes out. Raises `CaseError`."""
    name = tree.get("name") if isinstance(tree, Mapping) else None
    where = f"{file}: {name or f'case {number}'}"
    found = fields.read(tree, _CASE, where, need=("name", "region", "date", "steps"))
    facts = facts_of(found, where)
    if not isinstance(found["steps"], list) or not found["steps"]:
        raise CaseError(f"{where}: steps: expected a list of steps")
    verbs = _verbs(facts)
    steps = tuple(fields.each(lambda n, one: step_of(one, verbs, f"{where}: step {n}"), found["steps"]))
    if expects and not any(step.expected.given for step in steps):
        raise CaseError(f"{where}: expected at least one step with `expect`")
    return Case(file, found["name"], facts, found.get("policy") or {}, steps)


def step_of(tree: Any, verbs: Mapping[str, Any], where: str) -> Step:
    """One step: the key that is a verb says what happens, the others how, when and with what outcome."""
    if not isinstance(tree, Mapping) or len(found := [key for key in tree if key in verbs]) != 1:
        raise CaseError(f"{where}: expected one of {', '.join(verbs)}")
    verb = found[0]
    parser, own = verbs[verb]
    values = fields.read(tree, {verb: parser, "date": fields.moment} | own | EXPECTED, where)
    subject, at = values.pop(verb), values.pop("date", None)
    expected = expected_of(
        {key: values.pop(key) for key in EXPECTED if key in values}, where, asked=verb in _JUDGED
    )
    return Step(verb, subject, values, at, expected)


def find(folder: Path | None = None) -> Iterator[Path]:
    """The case files of a folder, in order of name."""
    yield from sorted((folder or HERE).glob("*.yaml"))
