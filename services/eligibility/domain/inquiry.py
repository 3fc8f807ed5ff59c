"""What one screening looks at, and how a rule states a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from services.eligibility.domain.person import Person, person_key
from shared.contracts import reasons
from shared.contracts.binding_requests import CHANNELS_ZH, ChannelKind, Material, Relation, Submitted
from shared.contracts.reasons import Reason
from shared.contracts.registry import RelationRecorded
from shared.policies.types import Letter
from shared.policies.values import RegionPolicy


@dataclass(frozen=True, slots=True)
class Tie:
    """One held binding around the two persons: an edge of the family graph."""

    sponsor: bytes
    beneficiary: bytes
    relation: Relation
    beneficiary_sex: str | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """Edges that the two persons have at the moment, and whom the sponsor ever had (distinct keys)."""

    ties: tuple[Tie, ...] = ()
    ever: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One request with everything that its rules need. `day` is the Beijing date of its event time `at`."""

    request: Submitted
    at: datetime
    day: date
    region: str  # where the sponsor is insured: whose policy holds
    policy: RegionPolicy
    sponsor: Person | None  # by psn_no
    beneficiary: Person | None  # by certificate, whatever the name
    relation: RelationRecorded | None = None
    family: Family = Family()
    materials: tuple[Material, ...] = ()
    letter: Letter | None = None  # in force when the commitment was signed
    face_used: bool = False
    face_verified: bool = False  # the provider's signature was judged before (a replay): not again
    keys: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # public keys (PEM) of face-check providers
    consented: bool = False  # the beneficiary has consented before or since

    known_sponsor: Person | None = field(init=False)
    """The sponsor, if certificate and name are those of the registry."""
    confirmed: Person | None = field(init=False)
    """The beneficiary, if certificate and name are those of one person of the registry."""

    def __post_init__(self) -> None:
        asked, found = self.request.sponsor, self.sponsor
        known = found is not None and found.key == person_key(asked) and found.named(asked.psn_name)
        object.__setattr__(self, "known_sponsor", found if known else None)
        relative = self.beneficiary
        named = relative is not None and relative.named(self.request.beneficiary.psn_name)
        object.__setattr__(self, "confirmed", relative if named else None)

    def why(
        self, code: str, rule: str, *, cites: str | None = None, field: str | None = None, **values: object
    ) -> Reason:
        """The reason `code` of a rule, citing the policy value at `cites`, for example "binding.relations"."""
        return state_reason(self.policy, code, rule, cites=cites, field=field, **values)


Rule = Callable[[Inquiry], Iterator[Reason]]


def state_reason(
    policy: RegionPolicy,
    code: str,
    rule: str,
    *,
    cites: str | None = None,
    field: str | None = None,
    **values: object,
) -> Reason:
    """A reason with rule id and, where a policy value decided, its file, path, date, reference and policy version."""
    source = policy.cite(cites) if cites else None
    citation = None
    if source and source.from_:
        citation = reasons.Citation(
            file=source.file,
            path=source.path,
            valid_from=source.from_,
            reference=source.reference,
            policy_version=policy.version,
        )
    advice = {"hotline": policy.notice.hotline, "channels": channel_names(policy.binding.channels)}
    return reasons.reason(code, rule=rule, field=field, citation=citation, **(advice | values))


def channel_names(channels: frozenset[ChannelKind] | None) -> str:
    """Channels as a person reads them, in one order; a region that names none takes all kinds."""
    return "、".join(f"{CHANNELS_ZH[c]}({c})" for c in ChannelKind if channels is None or c in channels)
