"""Templates as values: which one speaks for a region, a kind of notice, a side, a channel and a language."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from services.notify.domain.grammar import Piece, provider_names
from shared.contracts.binding_requests import Side
from shared.contracts.notices import Medium

NATIONAL: Final = "100000"
CHINESE: Final = "zh"
PROVIDER_UNITS: Final = 35
"""Length of one variable at a provider of approved templates (Alibaba Cloud SMS: 1 to 35 characters)."""


class Approval(StrEnum):
    """草稿、已报备、已通过、已撤回 / how far a template is; only approved ones are sent."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Code:
    """What a provider calls a template, and whether it has approved it."""

    code: str
    state: Approval = Approval.APPROVED


@dataclass(frozen=True, slots=True)
class Template:
    """One text. `side` is None for what every call says; `sign` is empty where the installation's own holds."""

    region: str
    kind: str
    side: Side | None
    channel: Medium
    language: str
    version: int
    title: str
    pieces: tuple[Piece, ...]
    raw: str
    file: str
    state: Approval = Approval.DRAFT
    sign: str = ""
    codes: Mapping[str, Code] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`approved.sponsor.sms.v1`; of a region `330000.approved.sponsor.sms.v1`, in English `approved.sponsor.sms.en.v1`."""
        parts = [
            "" if self.region == NATIONAL else self.region,
            self.kind,
            str(self.side or ""),
            str(self.channel),
            "" if self.language == CHINESE else self.language,
            f"v{self.version}",
        ]
        return ".".join(part for part in parts if part)

    def for_provider(self, form: str) -> str:
        """The text as it is submitted to a provider: each variable written as `form`, such as `${%s}`."""
        known = {one: name for name, one in provider_names(self.pieces)}
        return "".join(one if isinstance(one, str) else form % known[one] for one in self.pieces)


NAME: Final = re.compile(
    r"([0-9]{6}\.)?[a-z-]+(\.(sponsor|beneficiary))?\.(sms|call|message-centre)(\.[a-z]{2})?\.v[0-9]+"
)
Place = tuple[str, str, Side | None, Medium, str]
"""Region, kind, side, channel, language."""


class Templates:
    """All templates of an installation. Look-ups cost a few dictionary accesses."""

    def __init__(self, templates: Iterable[Template], sign: str) -> None:
        """`sign`: the signature of texts where a template names none."""
        self._named: dict[str, Template] = {}
        self._sent: dict[Place, Template] = {}
        for one in sorted(templates, key=lambda one: one.version):
            one = replace(one, sign=one.sign or sign)
            self._named[one.name] = one
            if one.state is Approval.APPROVED:
                self._sent[one.region, one.kind, one.side, one.channel, one.language] = one

    def __iter__(self) -> Iterator[Template]:
        return iter(self._named.values())

    def named(self, name: str) -> Template | None:
        """A template by its name, whatever its state."""
        return self._named.get(name)

    def find(
        self, region: str, kind: str, side: Side | None, channel: Medium, language: str = CHINESE
    ) -> Template | None:
        """The latest approved version of the nearest region that has one; Chinese where the language has none anywhere."""
        for spoken in dict.fromkeys((language, CHINESE)):
            for near in (region, region[:4] + "00", region[:2] + "0000", NATIONAL):
                if found := self._sent.get((near, kind, side, channel, spoken)):
                    return found
        return None

    def code(self, name: str, provider: str) -> str | None:
        """What a provider calls a template; None where it has not approved it, or nobody approves it any more."""
        found = self._named.get(name)
        if found is None or found.state is not Approval.APPROVED:
            return None
        code = found.codes.get(provider)
        return code.code if code and code.state is Approval.APPROVED else None
