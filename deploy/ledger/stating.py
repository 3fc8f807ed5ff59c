"""The step `statement`: what a person's statement of a month must show, and how that is compared with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from deploy.ledger.differing import Different, amounts, pairs
from deploy.ledger.expecting import by_part
from deploy.ledger.people import SEGMENTS, Person
from deploy.policy import fields, words
from deploy.statements import csv_file
from deploy.statements.document import Document
from services.settlement.domain.book import Book
from services.settlement.domain.statements import KINDS, Statement
from services.settlement.trial_statement import masked_number, statement_of
from shared.clock import BEIJING
from shared.contracts.base import yuan

_NAMES = ("current", "historic", "apart", "held")
COLUMNS = SEGMENTS | {"apart": "apart", "held": "held", "另存": "apart", "挂账": "held"}
"""Columns of a statement by their words."""
SUMS = ("opening", "movements", "refunds", "closing")
_KINDS = {kind.zh: code for code, kind in KINDS.items()} | {code: code for code in KINDS}


class Line(NamedTuple):
    """The lines of one kind: how many, and what the person has more by them, fen."""

    times: int
    net: int

    def __str__(self) -> str:
        return f"{self.times} × {yuan(self.net)}"


class Use(NamedTuple):
    """One use: paid and given back, fen."""

    paid: int
    back: int

    def __str__(self) -> str:
        return f"{yuan(self.paid)} - {yuan(self.back)}"


class Shown(NamedTuple):
    """A statement as a case looks at it; `text` is what its file says."""

    statement: Statement
    text: str


def month(value: Any) -> datetime:
    """The first moment of a Beijing month, of `2026-11`."""
    if isinstance(value, str) and re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", value):
        return datetime.strptime(value, "%Y-%m").replace(tzinfo=BEIJING)
    raise ValueError("a month, for example 2026-11")


def _kinds(value: Any) -> dict[str, Line]:
    kind = fields.one_of(_KINDS)
    if not isinstance(value, Mapping) or not all(isinstance(said, list) and len(said) == 2 for said in value.values()):  # fmt: skip
        raise ValueError(
            'kinds with [how many, net], for example {划入: [1, "500.00"], settle: [2, "-20.00"]}'
        )
    return {kind(name): Line(fields.number(times), words.money(net)) for name, (times, net) in value.items()}


def _uses(value: Any) -> dict[str, Use]:
    if not isinstance(value, Mapping) or not all(isinstance(said, list) and len(said) == 2 for said in value.values()):  # fmt: skip
        raise ValueError('uses with [paid, given back], for example {为亲属门诊: ["20.00", "0.00"]}')
    return {str(name): Use(words.money(paid), words.money(back)) for name, (paid, back) in value.items()}


EXPECTED: Mapping[str, fields.Parser] = dict.fromkeys(SUMS, by_part(COLUMNS)) | {
    "lines": _kinds, "uses": _uses, "text": fields.several(fields.text), "not_text": fields.several(fields.text),
}  # fmt: skip
"""Keys that say what a statement must show; what `lines` and `uses` do not name must not be there."""


def shown(book: Book, person: Person, begin: datetime, now: datetime) -> Shown:
    """A person's statement of the month that begins then, with what its CSV file says."""
    made = statement_of(book, person.psn_no, begin, (begin + timedelta(days=32)).replace(day=1))
    account = book.account(person.psn_no)
    paper = Document(
        masked_number(person.psn_no), account.admdvs, f"{begin:%Y-%m}", now, account.version, made
    )
    return Shown(made, csv_file.text(paper))


def differences(given: Mapping[str, Any], seen: Shown) -> Iterator[Different]:
    """What the statement shows otherwise."""
    made = seen.statement
    found = (made.opening, made.total(refunds=False), made.total(refunds=True), made.closing)
    for name, columns in zip(SUMS, found, strict=True):
        if name in given:
            yield from amounts(name, given[name], dict(zip(_NAMES, columns, strict=True)))
    lines: dict[str, Line] = {}
    for line in made.lines:
        times, net = lines.get(line.moved.kind, (0, 0))
        lines[line.moved.kind] = Line(times + 1, net + line.moved.net)
    uses = {use.what: Use(use.paid, use.back) for use in made.uses}
    for name, have in (("lines", lines), ("uses", uses)):
        if name in given and given[name] != have:
            yield Different(name, pairs(given[name]), pairs(have))
