"""Which policy values a rule looks at: the inquiry behind a pane that notes what is read."""

from __future__ import annotations

from typing import Any

from services.eligibility.domain.channels import proofs_of
from services.eligibility.domain.inquiry import Inquiry
from shared.policies.entries import SECTIONS
from shared.policies.values import RegionPolicy

_ROWS = {"sponsor_row": "binding.sponsor_insurance", "beneficiary_row": "binding.beneficiary_insurance"}
_NEEDED = ("sponsor", "beneficiary", "known_sponsor", "confirmed", *_ROWS, "relation", "letter")


class Watched:
    """An inquiry for one rule. `missing`: whether somebody or something to judge was not there."""

    def __init__(self, q: Inquiry) -> None:
        self._q = q
        self._own: dict[str, None] = {}
        self._context: dict[str, None] = {}
        self.missing = False

    @property
    def paths(self) -> list[str]:
        """Keys that the rule read itself; if none, those by which the insurance or the proofs were chosen that it looked at."""
        return list(self._own or self._context)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._q, name)
        if name == "policy":
            return WatchedPolicy(found, self._own)
        if name in _ROWS:
            self._context[_ROWS[name]] = None
        if name == "proofs":
            binding: Any = WatchedSection("binding", self._q.policy.binding, self._context)
            proofs_of(binding, self._q.request.channel)
        if name == "letter":
            self._own["binding.commitment"] = None
        self.missing |= name in _NEEDED and found is None
        return found


class WatchedPolicy:
    """A policy that notes which of its keys are read."""

    def __init__(self, policy: RegionPolicy, paths: dict[str, None]) -> None:
        self._policy, self._paths = policy, paths

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._policy, name)
        if name in SECTIONS:
            return WatchedSection(name, found, self._paths)
        method = getattr(type(self._policy), name, None)
        if name == "allows_distance" and method is not None:
            return method.__get__(self)  # reads `reach` through the pane
        return found


class WatchedSection:
    """One section of a policy that notes which of its keys are read."""

    def __init__(self, name: str, section: object, paths: dict[str, None]) -> None:
        self._name, self._section, self._paths = name, section, paths

    def __getattr__(self, key: str) -> Any:
        self._paths[f"{self._name}.{key}"] = None
        return getattr(self._section, key)
