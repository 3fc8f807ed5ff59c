"""Which key of a changed policy makes a request come out differently: each changed key is put into the old policy by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.screening import Finding, screen
from shared.policies.entries import keys
from shared.policies.types import Letter
from shared.policies.values import RegionPolicy

LETTER = "binding.commitment"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a screening says: outcome, codes of reasons, and marks that send the case to a person."""

    outcome: str
    codes: tuple[str, ...]

    @classmethod
    def of(cls, finding: Finding) -> Verdict:
        return cls(
            finding.outcome.value, tuple(dict.fromkeys([*(r.code for r in finding.reasons), *finding.marks]))
        )

    def same(self, other: Verdict) -> bool:
        """Whether nobody would see a difference; the order of reasons is none."""
        return self.outcome == other.outcome and set(self.codes) == set(other.codes)


@dataclass(slots=True)
class Blame:
    """Keys that differ between two policies, looked up once for each pair, and which of them decides."""

    _known: dict[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)

    def changed(self, one: RegionPolicy, other: RegionPolicy) -> tuple[str, ...]:
        """Paths of the keys whose values differ."""
        pair = id(one), id(other)
        if pair not in self._known:
            self._known[pair] = (
                tuple(p for p in keys() if value(one, p) != value(other, p)) if one is not other else ()
            )
        return self._known[pair]

    @property
    def seen(self) -> list[str]:
        """Every key that differs somewhere in what was looked at, in the order of the format."""
        found = {path for paths in self._known.values() for path in paths}
        return [path for path in keys() if path in found]

    def keys(
        self, before: Inquiry, was: Verdict, after: Inquiry, now: Verdict, *, first: bool
    ) -> tuple[str, ...]:
        """The keys that make the difference between two verdicts: each of which alone changes it, or else all without which it stays."""
        paths = list(self.changed(before.policy, after.policy))
        if before.letter != after.letter and LETTER not in paths:
            paths.append(LETTER)
        if len(paths) == 1:
            return tuple(paths)
        alone = _those(paths, before, after, lambda verdict: not verdict.same(was), first)
        return alone or _those(paths, after, before, lambda verdict: not verdict.same(now), first)


def _those(
    paths: Sequence[str], base: Inquiry, other: Inquiry, found: Callable[[Verdict], bool], first: bool
) -> tuple[str, ...]:
    """Keys of which one alone, taken over from `other`, gives such a verdict."""
    return tuple(p for p in paths if found(Verdict.of(screen(_with(base, other, (p,)), first=first))))


def _with(q: Inquiry, other: Inquiry, paths: Iterable[str]) -> Inquiry:
    """The inquiry with some values of the other's policy."""
    policy, letter = q.policy, q.letter
    for path in paths:
        section, key = path.split(".")
        mine = replace(getattr(policy, section), **{key: value(other.policy, path)})
        cited = {**policy.citations, path: other.policy.cite(path)}
        policy = replace(policy, **{section: mine}, citations=cited)
        letter = other.letter if path == LETTER else letter
    return under(q, policy, letter)


def under(q: Inquiry, policy: RegionPolicy, letter: Letter | None) -> Inquiry:
    """The same request and facts under another policy."""
    return replace(q, policy=policy, letter=letter)


def value(policy: RegionPolicy, path: str) -> object:
    """The value of a key."""
    section, key = path.split(".")
    return getattr(getattr(policy, section), key)
