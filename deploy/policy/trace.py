"""Every rule of a screening by itself: passed, failed or not applicable, and the policy values that it used."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, cast

from deploy.policy import notation
from deploy.policy.blame import value
from deploy.policy.watching import Watched
from services.eligibility.domain import rules_marks, rules_region, screening
from services.eligibility.domain.inquiry import Inquiry, Rule
from shared.contracts.reasons import Reason
from shared.policies.entries import SECTIONS
from shared.policies.values import Citation

_ADVICE = ("notice.hotline", "binding.channels")
"""What every stated reason reads for its remedy; no rule's own value, but that of the channel rule."""


class Verdict(StrEnum):
    """What a rule says of a request."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"
    MARK = "mark"
    """Odd, not refused: a person looks."""


@dataclass(frozen=True, slots=True)
class Used:
    """A policy value that a rule looked at, in the notation of the files, with its source."""

    path: str
    value: Any
    source: Citation


@dataclass(frozen=True, slots=True)
class Traced:
    """One rule. `rule`: its module and name; `ids`: the rule ids of its reasons, where it gave some."""

    rule: str
    about: str
    verdict: Verdict
    used: tuple[Used, ...]
    reasons: tuple[Reason, ...] = ()
    codes: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        """The same for scripts."""
        values = [
            {
                "path": u.path,
                "value": u.value,
                "file": u.source.file,
                "from": str(u.source.from_ or ""),
                "grade": u.source.grade,
            }
            for u in self.used
        ]
        ids = list(dict.fromkeys(r.rule for r in self.reasons))
        return {"rule": self.rule, "about": self.about, "verdict": self.verdict.value, "values": values,
                "reasons": list(self.codes), "ids": ids}  # fmt: skip


def trace(q: Inquiry) -> Iterator[Traced]:
    """All rules of the first round in their order, then marks and consent."""
    for rule in screening.FIRST_ROUND:
        yield _traced(q, rule)
    pane = Watched(q)
    codes = rules_marks.marks(cast(Any, pane))
    verdict = Verdict.MARK if codes else Verdict.NOT_APPLICABLE if pane.missing else Verdict.PASS
    yield Traced("marks", _about(rules_marks.marks), verdict, _used(q, pane.paths), codes=codes)
    pane = Watched(q)
    missing = screening.consent_missing(cast(Any, pane))
    used = _used(q, pane.paths)
    verdict = Verdict.MARK if missing else Verdict.PASS if _says(used) else Verdict.NOT_APPLICABLE
    yield Traced("consent", "The beneficiary consents, where that is asked.", verdict, used)


def _traced(q: Inquiry, rule: Rule) -> Traced:
    pane = Watched(q)
    reasons = tuple(rule(cast(Any, pane)))
    advice = () if rule in rules_region.RULES else _ADVICE
    cited = [r.citation.path for r in reasons if r.citation]
    used = _used(q, list(dict.fromkeys([*cited, *(p for p in pane.paths if p not in advice)])))
    if reasons:
        verdict = Verdict.FAIL
    elif pane.missing or (used and not _says(used)):
        verdict = Verdict.NOT_APPLICABLE
    else:
        verdict = Verdict.PASS
    codes = tuple(dict.fromkeys(r.code for r in reasons))
    return Traced(_name(rule), _about(rule), verdict, used, reasons, codes)


def _used(q: Inquiry, paths: Sequence[str]) -> tuple[Used, ...]:
    return tuple(Used(p, notation.plain(p, value(q.policy, p)), q.policy.cite(p)) for p in paths)


def _says(used: Sequence[Used]) -> bool:
    """Whether some value is a rule at all: where a region has none, it is null, an empty list, or false as it always was."""
    return any(u.value not in (None, False, {}, []) or (u.value is False and _usual(u.path)) for u in used)


@cache
def _usual(path: str) -> Any:
    """The value of a key where no file says anything."""
    section, key = path.split(".")
    return getattr(SECTIONS[section](), key)


def _name(rule: Rule) -> str:
    module = rule.__module__.rpartition(".")[2].removeprefix("rules_")
    return f"{module}.{rule.__name__.replace('_', '-')}"


def _about(rule: Any) -> str:
    return (inspect.getdoc(rule) or "").partition("\n")[0]
