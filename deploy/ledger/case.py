"""A case of the ledger: what is so, steps one after the other, and what is expected after each. YAML in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from deploy.ledger import stating
from deploy.ledger.bills import BILL, feedetail, request_fields
from deploy.ledger.expecting import checked, expected_keys
from deploy.ledger.people import (
    BINDING,
    INSTITUTION,
    REGISTERED,
    SEGMENTS,
    TERMS,
    Facts,
    facts_of,
    filings,
    named,
    place_of,
)
from deploy.policy import fields, words
from deploy.policy.casefile import cases_of
from deploy.policy.fields import CaseError, line_of

_CASE: dict[str, fields.Parser] = {
    "name": fields.text,
    "because": fields.text,
    "region": fields.region,
    "date": fields.moment,
}
_CASE |= dict.fromkeys(
    ("policy", "policy_elsewhere", "people", "institutions", "bindings", "steps"), fields.anything
)


@dataclass(frozen=True)
class Step:
    """One thing that somebody does or that happens. `options` are the values of the verb's own keys; `id` names it for later steps; `line`
    is where it stands in the file, ` (line 12)`."""

    verb: str
    subject: Any
    options: Mapping[str, Any]
    expected: Mapping[str, Any]
    at: datetime | None = None
    id: str | None = None
    line: str = ""


@dataclass(frozen=True)
class Case:
    """One case. `policy` is what it changes in the policy, by region."""

    file: str
    name: str
    facts: Facts
    policy: Mapping[str, Mapping[str, Any]]
    steps: tuple[Step, ...]
    because: str = ""

    @property
    def where(self) -> str:
        return f"{self.file}: {self.name}"


Verbs = dict[str, tuple[fields.Parser, dict[str, fields.Parser]]]
_SENT: dict[str, fields.Parser] = {"event_time": fields.moment, "system": fields.text, "raw": fields.anything}


def _verbs(facts: Facts, labels: set[str]) -> Verbs:
    """Every verb: what it is about, and the keys that it may have."""
    earlier = _labelled(labels)
    looking: Verbs = {"statement": (named(facts.people), {"month": stating.month})}
    passing: Verbs = {"wait": (words.duration, {}), "until": (fields.moment, {})}
    return _requests(facts, earlier) | _facts_that_change(facts) | _orders(facts, earlier) | looking | passing


def _labelled(labels: set[str]) -> fields.Parser:
    """The `id` of a step."""
    known = fields.one_of({label: label for label in sorted(labels)})

    def parse(value: Any) -> Any:
        if not labels:
            raise ValueError(
                "别的步骤的 id，本案例没有步骤写了 id the `id` of another step; no step of this case has one"
            )
        return known(value)

    return parse


def _requests(facts: Facts, earlier: fields.Parser) -> Verbs:
    """What institutions ask."""
    person = named(facts.people)
    asked = _SENT | {"at": place_of(facts.institutions), "for": person, "msgid_of": earlier}
    bill = asked | BILL | {"feedetail": fields.anything, "credential": person}
    return {
        "settle": (person, bill),
        "quote": (person, bill | {"hold_minutes": fields.number}),
        "cancel": (earlier, asked | request_fields("setl_id", "infno")),
        "refund": (earlier, asked | request_fields("setl_id") | {"amount": words.money}),
        "reverse": (earlier, asked | request_fields("omsgid", "oinfno")),
        "query": (earlier, asked | request_fields("setl_id", "omsgid")),
        "repeat": (earlier, {"event_time": fields.moment}),
    }


def _facts_that_change(facts: Facts) -> Verbs:
    """Decisions on bindings, records of the registry."""
    person = named(facts.people)
    pair = {"for": person}
    return {
        "bind": (person, pair | BINDING),
        "change": (person, pair | TERMS),
        "suspend": (person, pair),
        "resume": (person, pair),
        "end": (person, pair | {"as_of": fields.moment}),
        "erase": (person, pair),
        "register": (person, REGISTERED),
        "institution": (place_of(facts.institutions), INSTITUTION),
    }


def _orders(facts: Facts, earlier: fields.Parser) -> Verbs:
    """What the authority, channels, the tax office and operators order."""
    person = named(facts.people)
    amount: dict[str, fields.Parser] = _SENT | {"amount": words.money}
    money = amount | {"segment": fields.one_of(SEGMENTS), "entry": fields.text}
    premium = amount | {"payer": person, "sponsor": person, "insutype": fields.text, "year": fields.number}
    return {
        "credit": (person, money),
        "correct": (person, money),
        "turn_year": (person, _SENT | {"year": fields.number, "entry": fields.text}),
        "freeze": (person, _SENT),
        "unfreeze": (person, _SENT),
        "close": (person, _SENT),
        "pay_premium": (person, premium),
        "cancel_premium": (earlier, _SENT | {"payer": person}),
        "remit": (earlier, _SENT),
        "offer": (person, amount | {"for": person}),
        "accept": (earlier, _SENT | {"for": person}),
        "decline": (earlier, _SENT | {"for": person}),
        "withdraw": (earlier, _SENT | {"by": person}),
        "recover": (person, amount),
        "release": (person, _SENT | {"to": fields.text}),
    }


NEEDS = {"settle": "medfee_sumamt", "quote": "medfee_sumamt", "credit": "amount", "correct": "amount", "bind": "for", "change": "for",
         "suspend": "for", "resume": "for", "end": "for", "erase": "for", "pay_premium": "amount", "offer": "for"}  # fmt: skip
"""The key that a verb cannot do without, unless `raw` says it."""


def read_cases(file: Path) -> list[Case]:
    """The cases of a file. Raises `CaseError`."""
    return cases_of(file, case_of)


def case_of(tree: Any, file: str, number: int = 1) -> Case:
    """One case of a parsed file. Raises `CaseError`."""
    name = tree.get("name") if isinstance(tree, Mapping) else None
    where = f"{file}: {name or f'case {number}'}"
    found = fields.read(tree, _CASE, where, need=("name", "region", "date", "steps"))
    facts = facts_of(found, where)
    steps = found["steps"]
    if not isinstance(steps, list) or not steps:
        raise CaseError(f"{where}: steps: 应为步骤的列表 expected a list of steps{line_of(tree, 'steps')}")
    labels = set(_labels(steps, where))
    verbs = _verbs(facts, labels)
    made = fields.each(lambda n, one: _step(one, verbs, facts, labels, f"{where}: 第{n}步 step {n}"), steps)
    if not any(step.expected for step in made):
        raise CaseError(f"{where}: 至少一步要写期望 expected at least one step with `expect` or `balances`{line_of(tree, 'steps')}")  # fmt: skip
    policy = {facts.region: found.get("policy") or {}} | dict(found.get("policy_elsewhere") or {})
    return Case(file, found["name"], facts, policy, tuple(made), found.get("because", ""))


def _labels(steps: list[Any], where: str) -> Iterator[str]:
    seen: set[str] = set()
    for n, step in enumerate(steps, start=1):
        if isinstance(step, Mapping) and isinstance(id := step.get("id"), str):
            if id in seen:
                raise CaseError(f"{where}: step {n}: id: two steps have the id {id}{line_of(step, 'id')}")
            seen.add(id)
            yield id


def _step(tree: Any, verbs: Mapping[str, Any], facts: Facts, labels: set[str], where: str) -> Step:
    """One step: the key that is a verb says what happens, the others how, when and with what outcome."""
    if not isinstance(tree, Mapping) or len(verb_keys := [key for key in tree if key in verbs]) != 1:
        raise CaseError(f"{where}: {_verb_fault(tree, verbs)}{line_of(tree)}")
    verb = verb_keys[0]
    parser, own = verbs[verb]
    looks = verb == "statement"
    expected = stating.EXPECTED if looks else expected_keys(facts.people, labels)
    known = {verb: parser, "date": fields.moment, "id": fields.text} | own | expected
    values = fields.read(tree, known, where)
    need = NEEDS.get(verb)
    if need is not None and need not in values and need not in (values.get("raw") or {}):
        raise CaseError(f"{where}: {need}: 缺少 missing{line_of(tree)}")
    if "feedetail" in values:
        values["feedetail"] = feedetail(values["feedetail"], f"{where}: feedetail")
    filings(values, where)
    subject, at, id = values.pop(verb), values.pop("date", None), values.pop("id", None)
    given = {key: values.pop(key) for key in expected if key in values}
    if not looks:
        checked(given, where, line_of(tree), asked=verb != "decline")
    elif not given:
        raise CaseError(f"{where}: expected one of {', '.join(stating.EXPECTED)}{line_of(tree)}")
    return Step(verb, subject, values, given, at, id, line_of(tree))


def _verb_fault(tree: Any, verbs: Mapping[str, Any]) -> str:
    """What is wrong with the verbs of a step: there is none, or more than one."""
    given = [str(key) for key in tree] if isinstance(tree, Mapping) else []
    known = [key for key in given if key in verbs]
    if len(known) > 1:
        return f"一步只能有一个动词 one verb a step, found {', '.join(known)}"
    near = next((near[0] for key in given if (near := get_close_matches(key, verbs, n=1))), "")
    meant = f"; 是否 did you mean {near}" if near else ""
    return f"没有动词 no verb{meant}; 应为 expected one of {', '.join(verbs)}"


def find(places: Iterable[Path]) -> Iterator[Path]:
    """The case files of files and folders (with what is below them), in order of name."""
    for place in places:
        yield from sorted((*place.rglob("*.yaml"), *place.rglob("*.yml"))) if place.is_dir() else (place,)
