"""The working set of one batch: what was read after the locks, what changes, and look-ups over it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from services.eligibility import memory
from services.eligibility.domain.binding import Binding, Stage
from services.eligibility.domain.days import day_of
from services.eligibility.domain.inquiry import Family, Inquiry
from services.eligibility.domain.person import Person, merged
from services.eligibility.domain.screening import Finding
from services.eligibility.domain.signatures import signed
from shared.contracts.binding_decisions import BindingState, Cause
from shared.contracts.binding_requests import FaceCheck
from shared.contracts.registry import PersonRecorded, RelationRecorded
from shared.policies import Policies

FaceKey = tuple[str, str]

_NOBODY = Family()
_EMPTY: frozenset[UUID] = frozenset()
_BY_A_SIDE = frozenset({Cause.SPONSOR, Cause.BENEFICIARY})
"""Ends after which the same two wait, where the region says so; not after a death, an end of insurance or the authority's word."""


@dataclass(frozen=True, slots=True)
class Account:
    """What the authority did to an account."""

    frozen: bool = False
    closed: bool = False


class Screened(NamedTuple):
    """One row of the record of screenings; see `record`."""

    binding_id: UUID
    round: int
    first: bool
    at: datetime
    screened_at: datetime
    region: str
    policy_version: str
    outcome: str
    codes: str
    facts: bytes


@dataclass(slots=True)
class Work:
    """In memory for one batch. `locked` are the persons whose slots may be counted; the `changed_*` are what `save` writes."""

    policies: Policies
    keys: Mapping[str, tuple[str, ...]]
    now: datetime | None = None  # the time of the item that is folded
    locked: set[bytes] = field(default_factory=set)
    bindings: dict[UUID, Binding] = field(default_factory=dict)
    records: dict[str, PersonRecorded] = field(default_factory=dict)
    owners: dict[str, bytes] = field(default_factory=dict)
    opened: dict[bytes, datetime | None] = field(default_factory=dict)
    erased: dict[bytes, datetime] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    relations: dict[tuple[str, str], RelationRecorded] = field(default_factory=dict)
    consents: dict[tuple[bytes, str], datetime] = field(default_factory=dict)
    faces: dict[FaceKey, UUID] = field(default_factory=dict)
    numbers: dict[bytes, set[str]] = field(default_factory=lambda: defaultdict(set))
    around: dict[bytes, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    changed_bindings: set[UUID] = field(default_factory=set)
    changed_records: set[str] = field(default_factory=set)
    changed_relations: set[tuple[str, str]] = field(default_factory=set)
    erased_records: set[str] = field(default_factory=set)
    erased_relations: set[tuple[str, str]] = field(default_factory=set)
    changed_accounts: set[str] = field(default_factory=set)
    changed_people: set[bytes] = field(default_factory=set)
    changed_consents: set[tuple[bytes, str]] = field(default_factory=set)
    used_consents: set[tuple[bytes, str]] = field(default_factory=set)
    changed_faces: dict[FaceKey, datetime] = field(default_factory=dict)
    changed_erasures: set[bytes] = field(default_factory=set)
    stored: set[UUID] = field(default_factory=set)  # bindings that the table has
    versions: dict[tuple[str, int], tuple[PersonRecorded, datetime]] = field(default_factory=dict)
    relation_versions: dict[tuple[str, str, int], tuple[RelationRecorded, datetime]] = field(
        default_factory=dict
    )
    screened: list[Screened] = field(default_factory=list)
    early: dict[UUID, BindingState] = field(default_factory=dict)  # decisions that came before their request
    changed_early: set[UUID] = field(default_factory=set)
    unconfirmed: dict[tuple[bytes, date], set[bytes]] = field(default_factory=lambda: defaultdict(set))
    new_unconfirmed: set[tuple[bytes, date, bytes]] = field(default_factory=set)
    stopped: set[tuple[bytes, date]] = field(default_factory=set)  # sponsors who asked for too many strangers
    stamped: set[UUID] = field(default_factory=set)  # bindings whose standing or judging policy changed

    def know_record(self, key: bytes, record: PersonRecorded) -> None:
        """Takes a registry record in; a `psn_no` that now names somebody else leaves its former owner."""
        if (former := self.owners.get(record.psn_no)) is not None:
            self.numbers[former].discard(record.psn_no)
        self.records[record.psn_no] = record
        self.owners[record.psn_no] = key
        self.numbers[key].add(record.psn_no)
        if self.erased.pop(key, None):
            self.changed_erasures.add(key)

    def keep_version(self, record: PersonRecorded | RelationRecorded, appended_at: datetime) -> None:
        """Every version belongs to the history, also one that comes late."""
        if isinstance(record, PersonRecorded):
            self.versions.setdefault((record.psn_no, record.version), (record, appended_at))
        else:
            key = record.psn_no, record.other_psn_no, record.version
            self.relation_versions.setdefault(key, (record, appended_at))

    def forget_record(self, psn_no: str, now: datetime) -> None:
        """The authority erased a registry record, history and all. What is bound stays bound."""
        self.erased_records.add(psn_no)
        self.changed_records.discard(psn_no)
        self.versions = {key: kept for key, kept in self.versions.items() if key[0] != psn_no}
        self.records.pop(psn_no, None)
        if (owner := self.owners.pop(psn_no, None)) is not None:
            self.numbers[owner].discard(psn_no)
            if not self.numbers[owner]:
                self.erased[owner] = now
                self.changed_erasures.add(owner)

    def forget_relation(self, pair: tuple[str, str]) -> None:
        """The authority erased a record of a relation."""
        self.erased_relations.add(pair)
        self.changed_relations.discard(pair)
        self.relation_versions = {k: kept for k, kept in self.relation_versions.items() if k[:2] != pair}
        self.relations.pop(pair, None)

    def know_binding(self, binding: Binding) -> None:
        """Takes a binding in and links it to both persons, who are the same in all its versions."""
        number = binding.binding_id
        if number not in self.bindings:
            self.around[binding.sponsor].add(number)
            self.around[binding.beneficiary].add(number)
        self.bindings[number] = binding

    def put(self, binding: Binding) -> None:
        """The new version of a binding, to be saved."""
        self.know_binding(binding)
        self.changed_bindings.add(binding.binding_id)

    def person(self, key: bytes | None, psn_no: str | None = None) -> Person | None:
        """The person with this key, if the registry knows one and the row is locked."""
        if key is None or key not in self.locked or not (numbers := self.numbers.get(key)):
            return None
        accounts = [self.accounts[n] for n in numbers if n in self.accounts] if self.accounts else ()
        return Person(
            key=key,
            records=merged([self.records[n] for n in numbers], psn_no),
            frozen=True in [a.frozen for a in accounts],
            closed=True in [a.closed for a in accounts],
            opened=self.opened.get(key) is not None,
        )

    def by_number(self, psn_no: str) -> Person | None:
        """The person whom a `psn_no` names."""
        return self.person(self.owners.get(psn_no), psn_no)

    def bindings_of(self, key: bytes) -> Iterator[Binding]:
        """All bindings known around a person, in order of id."""
        yield from (self.bindings[i] for i in sorted(self.around.get(key, ())))

    def family(self, but: UUID, *keys: bytes) -> Family:
        """Edges held by these two, without the binding `but`, whom the first of them ever sponsored, and when one last left the other."""
        if all(self.around.get(key, _EMPTY) <= {but} for key in keys):
            return _NOBODY
        near = {b.binding_id: b for key in keys for b in self.bindings_of(key) if b.binding_id != but}
        ever = frozenset(b.beneficiary for b in near.values() if b.ever and b.sponsor == keys[0])
        ends = (
            day_of(b.ended_at)
            for b in near.values()
            if b.ended_by in _BY_A_SIDE and b.ended_at and {b.sponsor, b.beneficiary} == {*keys}
        )
        held = tuple(b.tie() for b in near.values() if b.stage.held)
        return Family(held, ever, max(ends, default=None))

    def relation(self, one: Person | None, other: Person | None) -> RelationRecorded | None:
        """The registry's record about two persons, under whichever of their numbers: verified before declared, then the highest version."""
        if one is None or other is None:
            return None
        pairs = [(a.psn_no, b.psn_no) for a in one.records for b in other.records]
        found = [r for a, b in pairs if (r := self.relations.get((a, b) if a < b else (b, a)))]
        return max(found, key=lambda r: (r.proven, r.version), default=None)

    def face_used(self, check: FaceCheck | None, binding_id: UUID) -> bool:
        """Whether the check served another binding before."""
        return check is not None and self.faces.get(_face_key(check), binding_id) != binding_id

    def use_face(self, check: FaceCheck | None, binding_id: UUID, at: datetime) -> None:
        """Marks the check as used up; a forged one, given where none is asked for, must not burn the real one."""
        if check is not None and signed(check, self.keys.get(check.provider, ())):
            self.faces[_face_key(check)] = binding_id
            self.changed_faces[_face_key(check)] = at

    def consent_kept(self, binding: Binding, days: int) -> bool:
        """Whether the beneficiary consented before the request came, not longer ago than consent is waited for."""
        if not self.consents:
            return False
        times = (self.consents.get(key) for key in _consents_for(binding))
        return any(at is not None and at >= binding.at - timedelta(days=days) for at in times)

    def use_consent(self, binding: Binding) -> None:
        """Uses up what was kept: who ends the binding has not consented to the next one."""
        for key in _consents_for(binding):
            if self.consents.pop(key, None) is not None:
                self.changed_consents.discard(key)
                self.used_consents.add(key)

    def remember(self, binding: Binding, q: Inquiry, finding: Finding, now: datetime, *, first: bool) -> None:
        """Keeps what was found and what it was found from, so that the same can be asked under another policy."""
        self.screened.append(
            Screened(
                binding.binding_id,
                binding.round,
                first,
                q.at,
                now,
                q.region,
                q.policy.version,
                finding.outcome.value,
                " ".join(r.code for r in finding.reasons),
                memory.encode(q),
            )
        )

    def keep_early(self, body: BindingState) -> None:
        """Keeps a decision for a request that is not here."""
        known = self.early.get(body.binding_id)
        if known is None or known.version < body.version:
            self.early[body.binding_id] = body
            self.changed_early.add(body.binding_id)

    def take_early(self, binding_id: UUID) -> BindingState | None:
        """What was decided of a binding before its request was here; it is used up with that."""
        found = self.early.pop(binding_id, None)
        if found is not None:
            self.changed_early.add(binding_id)
        return found

    def forget_early(self, binding_id: UUID) -> None:
        """The decision was erased."""
        self.early.pop(binding_id, None)
        self.changed_early.add(binding_id)

    def unconfirmed_today(self, binding: Binding) -> int:
        """How many relatives of this sponsor could not be confirmed on the day on which the request came."""
        return len(self.unconfirmed.get(self._asking(binding), ())) if self.unconfirmed else 0

    def strangers_waiting(self, binding: Binding) -> int:
        """How many other relatives the same sponsor named that day for whom the registry is still waited."""
        if self.around.get(binding.sponsor, _EMPTY) <= {binding.binding_id}:
            return 0
        asking = self._asking(binding)
        waiting = (b for b in self.waiting_for(binding.sponsor) if b.sponsor == binding.sponsor)
        named = {b.beneficiary for b in waiting if self._asking(b) == asking}
        return len(named - {binding.beneficiary} - self.unconfirmed.get(asking, set()))

    def note_unconfirmed(self, binding: Binding) -> None:
        """One more relative who could not be confirmed."""
        asking = self._asking(binding)
        self.unconfirmed[asking].add(binding.beneficiary)
        self.new_unconfirmed.add((*asking, binding.beneficiary))

    def stop(self, binding: Binding) -> None:
        """The sponsor was told to stop asking for strangers."""
        self.stopped.add(self._asking(binding))

    def _asking(self, binding: Binding) -> tuple[bytes, date]:
        """Who asks, by number as the registry knows it, and the Beijing day of arrival, which no sender can choose."""
        owner = self.owners.get(binding.request.sponsor.psn_no, binding.sponsor)
        return owner, day_of(binding.received_at or binding.at)

    def waiting_for(self, key: bytes) -> list[Binding]:
        """Requests that wait for this person to be recorded."""
        return [b for b in self.bindings_of(key) if b.stage is Stage.WAITING]


def about_binding(binding_id: UUID) -> str:
    """What a consent is about that names a binding."""
    return f"binding:{binding_id}"


def about_sponsor(key: bytes) -> str:
    """What a consent is about that names the sponsor."""
    return f"sponsor:{key.hex()}"


def _consents_for(binding: Binding) -> Iterator[tuple[bytes, str]]:
    for about in (about_binding(binding.binding_id), about_sponsor(binding.sponsor)):
        yield binding.beneficiary, about


def _face_key(check: FaceCheck) -> FaceKey:
    return check.provider, check.transaction_no
