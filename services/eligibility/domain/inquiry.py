"""What one screening looks at, and how a rule states a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from services.eligibility.domain.channels import proofs_of, takes
from services.eligibility.domain.person import Person, person_key
from shared.contracts import reasons
from shared.contracts.binding_requests import CHANNELS_ZH, ChannelKind, Material, Relation, Submitted
from shared.contracts.reasons import Reason
from shared.contracts.registry import Insurance, RelationRecorded
from shared.policies.types import Letter, Proof
from shared.policies.values import RegionPolicy


@dataclass(frozen=True, slots=True)
class Tie:
    """One held binding around the two persons: an edge of the family graph."""

    sponsor: bytes
    beneficiary: bytes
    relation: Relation
    beneficiary_sex: str | None = None
    beneficiary_admdvs: str | None = None  # where insured when the binding was asked for


@dataclass(frozen=True, slots=True)
class Family:
    """Edges that the two persons have at the moment, and whom the sponsor ever had (distinct keys).

    `last_end`: the latest Beijing date on which one of the two ended a binding between them.
    """

    ties: tuple[Tie, ...] = ()
    ever: frozenset[bytes] = frozenset()
    last_end: date | None = None


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
    sponsor_row: Insurance | None = field(init=False)
    """The insurance that makes the known sponsor one."""
    beneficiary_row: Insurance | None = field(init=False)
    """The insurance that counts of the confirmed beneficiary."""
    proofs: frozenset[Proof] = field(init=False)
    """What the region asks this kind of channel to prove."""

    def __post_init__(self) -> None:
        keep, binding = object.__setattr__, self.policy.binding
        asked, found = self.request.sponsor, self.sponsor
        if found and not (found.key == person_key(asked) and found.named(asked.psn_name)):
            found = None
        relative = self.beneficiary
        if relative and not relative.named(self.request.beneficiary.psn_name):
            relative = None
        keep(self, "known_sponsor", found)
        keep(self, "confirmed", relative)
        keep(self, "sponsor_row", found.best(binding.sponsor_insurance) if found else None)
        keep(self, "beneficiary_row", relative.best(binding.beneficiary_insurance) if relative else None)
        keep(self, "proofs", proofs_of(binding, self.request.channel))

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
    return "、".join(f"{CHANNELS_ZH[c]}({c})" for c in ChannelKind if takes(channels, c))
