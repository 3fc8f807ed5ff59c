"""What a case of the ledger expects after a step, and how that is compared with what happened."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from deploy.ledger.differing import Different, amounts, listed, pairs
from deploy.ledger.people import SEGMENTS, named
from deploy.policy import fields, words
from services.settlement.domain.declines import LEFT_OUT
from shared.contracts.base import yuan
from shared.contracts.reason_texts import REASONS
from shared.contracts.settlement_requests import DeclineCode

OUTCOMES = (
    "settled", "quoted", "cancelled", "reversed", "refunded", "found", "declined", "repeated", "paid", "remitted", "refused",
    "done", "offered", "accepted", "withdrawn", "returned",
)  # fmt: skip
"""What may become of a step; `done` where nothing is answered, `repeated` where the first answer was given again."""
WHOLE = {"settled", "quoted", "cancelled", "reversed", "refunded", "paid"}
"""Outcomes after which shares, the institution's list of them, cash, bindings left out and the quote are compared even where the case does
not name them."""
OWN_OR_SPONSOR = {"own": "own", "本人": "own", "sponsor": "sponsor", "亲属": "sponsor"}
"""Words for whose account it was, where an institution is told no relation."""


class Share(NamedTuple):
    """Who paid or got back how much, fen; a person of the case by name."""

    holder: str
    segment: str
    amount: int

    def __str__(self) -> str:
        return f"{self.holder} {self.segment} {yuan(self.amount)}"


class Told(NamedTuple):
    """A row of the list that the institution gets: own, sponsor, or what the patient is to the sponsor; fen."""

    whose: str
    amount: int

    def __str__(self) -> str:
        return f"{self.whose} {yuan(self.amount)}"


def _outcome(value: Any) -> str:
    if value in OUTCOMES:
        return str(value)
    raise ValueError(f"one of {', '.join(OUTCOMES)}")


def _code(value: Any) -> str:
    codes = [c.value for c in DeclineCode]
    if value in codes:
        return str(value)
    raise ValueError(f"a code of a decline: {', '.join(codes)}")


def _reason(value: Any) -> str:
    if value in REASONS:
        return str(value)
    raise ValueError("a code of docs/reasons.md")


def _share(who: fields.Parser) -> fields.Parser:
    segment = fields.one_of(SEGMENTS)

    def parse(value: Any) -> Share:
        if not isinstance(value, list) or len(value) != 3:
            raise ValueError('a share as [name, segment, amount], for example [母亲, historic, "20.00"]')
        return Share(who(value[0]), segment(value[1]), words.money(value[2]))

    return parse


def _shares(who: fields.Parser) -> fields.Parser:
    one = _share(who)

    def parse(value: Any) -> tuple[Share, ...]:
        if not isinstance(value, list):
            raise ValueError('a list of shares, for example [[母亲, historic, "20.00"]]')
        return tuple(one(v) for v in value)

    return parse


def _told(value: Any) -> tuple[Told, ...]:
    whose = fields.one_of(OWN_OR_SPONSOR | {word: kin.relation.value for word, kin in words.KIN.items()})
    if not isinstance(value, list) or not all(isinstance(one, list) and len(one) == 2 for one in value):
        raise ValueError(
            'a list of [own, sponsor or a relation, amount], for example [[own, "10.00"], [子女, "20.00"]]'
        )
    return tuple(Told(whose(name), words.money(amount)) for name, amount in value)


def _by(who: Callable[[Any], Any], what: Callable[[Any], Any]) -> fields.Parser:
    def parse(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValueError("a value for each name")
        return {who(name): one(name, said) for name, said in value.items()}

    def one(name: Any, said: Any) -> Any:
        try:
            return what(said)
        except ValueError as error:
            raise ValueError(f"{error}, for {name}") from None

    return parse


def _why(value: Any) -> str:
    if value in LEFT_OUT:
        return str(value)
    raise ValueError(f"one of {', '.join(LEFT_OUT)}")


def by_part(parts: Mapping[str, str]) -> fields.Parser:
    """An amount of all parts together, or one for each part by its word."""
    part = fields.one_of(parts)

    def parse(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {part(name): words.money(amount) for name, amount in value.items()}
        return words.money(value)

    return parse


def row_names(people: Iterable[str], labels: Iterable[str] = ()) -> list[str]:
    """Account rows that a case can look at: 母亲; 母亲→孩子, set apart or received; 母亲/hold, held for quotes; 转/offer, on its way."""
    names = list(people)
    pairs = [f"{a}→{b}" for a in names for b in names if a != b]
    return [*names, *pairs, *(f"{name}/hold" for name in names), *(f"{label}/offer" for label in labels)]


def expected_keys(people: Mapping[str, Any], labels: Iterable[str] = ()) -> dict[str, fields.Parser]:
    """Keys that say what is expected after a step."""
    who = named(people)
    rows = named(dict.fromkeys(row_names(people, labels)))
    return {
        "expect": _outcome,
        "code": _code,
        "field": fields.text,
        "reasons": fields.several(_reason),
        "shares": _shares(who),
        "told": _told,
        "cash": words.money,
        "left_out": _by(who, _why),
        "differs": fields.flag,
        "tombstone": fields.flag,
        "answer": _by(fields.text, fields.text),
        "text": fields.several(fields.text),
        "not_text": fields.several(fields.text),
        "balances": _by(rows, by_part(SEGMENTS)),
        "held": _by(who, words.money),
        "recoveries": _by(who, words.money),
    }


@dataclass
class Seen:
    """What happened in a step. `balances`: (current, historic) fen of an account row by name, of the moment after the step; `shown`: the
    statement that was asked for (`stating.Shown`)."""

    outcome: str = "done"
    code: str | None = None
    field: str | None = None
    reasons: tuple[str, ...] = ()
    shares: tuple[Share, ...] = ()
    told: tuple[Told, ...] = ()
    cash: int = 0
    left_out: Mapping[str, str] = dataclasses.field(default_factory=dict)
    differs: bool = False
    tombstone: bool = False
    answer: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    text: str = ""
    held: Mapping[str, int] = dataclasses.field(default_factory=dict)
    recoveries: Mapping[str, int] = dataclasses.field(default_factory=dict)
    balances: Callable[[str], tuple[int, int]] = lambda _: (0, 0)
    shown: Any = None

    def became(self) -> str:
        """The outcome; of a refusal why, in words too."""
        why = ", ".join(filter(None, (self.code, self.field, *self.reasons)))
        return f"{self.outcome} ({why}) {self.text}".strip() if why else self.outcome


def checked(given: dict[str, Any], where: str, line: str, *, asked: bool = True) -> dict[str, Any]:
    """What is expected, if it can be. `asked`: whether a decline would be settlement's answer. Raises `CaseError`."""
    wanted = given.get("expect")
    steps = set(given) - {"balances", "held", "recoveries"}
    if wanted is None and steps:
        raise fields.CaseError(
            f"{where}: expect: missing, though {', '.join(sorted(steps))} is expected{line}"
        )
    if asked and wanted == "declined" and not ("code" in given or given.get("reasons")):
        raise fields.CaseError(
            f"{where}: code: missing; a decline has a code, or reasons where it is a premium's{line}"
        )
    return given


def differences(given: Mapping[str, Any], seen: Seen) -> Iterator[Different]:
    """What is not as expected. A step that expects nothing must not be refused."""
    wanted = given.get("expect")
    if wanted is None and seen.outcome in ("declined", "refused"):
        yield Different("outcome", "not refused, since nothing else is said", seen.became())
    if wanted is not None:
        yield from _outcomes(wanted, given, seen)
    yield from _texts(given, seen)
    for name, value in given.get("balances", {}).items():
        have = dict(zip(("current", "historic"), seen.balances(name), strict=True))
        yield from amounts(f"balances.{name}", value, have)
    for key in ("held", "recoveries"):
        if given and given.get(key, {}) != getattr(seen, key):
            yield Different(key, _money(given.get(key, {})), _money(getattr(seen, key)))


def _outcomes(wanted: str, given: Mapping[str, Any], seen: Seen) -> Iterator[Different]:
    if wanted != seen.outcome:
        yield Different("outcome", wanted, seen.became())
        return
    for key in ("code", "field"):
        if key in given and given[key] != getattr(seen, key):
            yield Different(key, given[key], str(getattr(seen, key)))
    told = wanted != "repeated" or "reasons" in given  # what is given again was looked at the first time
    if told and set(given.get("reasons", ())) != set(seen.reasons):
        yield Different("reasons", listed(sorted(given.get("reasons", ()))), listed(sorted(seen.reasons)))
    strict = wanted in WHOLE
    if (strict or "shares" in given) and (shares := given.get("shares", ())) != seen.shares:
        yield Different("shares", listed(shares), listed(seen.shares))
    if (strict or "told" in given) and (rows := given.get("told", ())) != seen.told:
        yield Different("told", listed(rows), listed(seen.told))
    if (strict or "cash" in given) and (cash := given.get("cash", 0)) != seen.cash:
        yield Different("cash", yuan(cash), yuan(seen.cash))
    if (strict or "left_out" in given) and (out := given.get("left_out", {})) != dict(seen.left_out):
        yield Different("left_out", pairs(out), pairs(seen.left_out))
    for key in ("differs", "tombstone"):
        if (strict or key in given) and given.get(key, False) != getattr(seen, key):
            yield Different(key, str(given.get(key, False)).lower(), str(getattr(seen, key)).lower())
    for name, value in given.get("answer", {}).items():
        if value != (found := seen.answer.get(name)):
            yield Different(f"answer.{name}", value, "nothing" if found is None else str(found))


def _texts(given: Mapping[str, Any], seen: Seen) -> Iterator[Different]:
    for part in given.get("text", ()):
        if part not in seen.text:
            yield Different("text", part, seen.text or "no text")
    for part in given.get("not_text", ()):
        if part in seen.text:
            yield Different("text", f"nothing of {part}", seen.text)


def _money(values: Mapping[str, int]) -> str:
    return pairs({name: yuan(amount) for name, amount in values.items()})
