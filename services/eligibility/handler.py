"""The handler that the messaging core runs: learn and lock, load, fold each item, save."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.eligibility import storage
from services.eligibility.domain.certificates import said
from services.eligibility.domain.person import person_key
from services.eligibility.domain.signatures import signed
from services.eligibility.handlers import changes, consents, deferred, ends, facts, requests
from services.eligibility.handlers.replies import refuse_invalid, usable
from services.eligibility.storage import Keys
from services.eligibility.work import Work
from shared.contracts import account_credits, registry
from shared.contracts import beneficiary_requests as of_beneficiary
from shared.contracts import binding_requests as of_sponsor
from shared.contracts.base import Message
from shared.contracts.binding_decisions import BindingState
from shared.contracts.topics import consumed_by
from shared.db import Conn
from shared.messaging.handler import Due, Event, Invalid, Item, Out, Tombstone
from shared.policies import Policies

_FOLDS: dict[type[Message], Callable[[Work, Event, Any, Out], None]] = {
    of_sponsor.Submitted: requests.submitted,
    of_sponsor.Supplemented: requests.supplemented,
    of_sponsor.Withdrawn: requests.withdrawn,
    of_sponsor.UnbindRequested: ends.unbind_requested,
    of_sponsor.ScopeChanged: changes.terms_changed,
    of_sponsor.QuotaChanged: changes.terms_changed,
    of_sponsor.DatesChanged: changes.terms_changed,
    of_sponsor.RankChanged: changes.rank_changed,
    of_sponsor.AccountOpened: requests.account_opened,
    of_beneficiary.Consented: consents.consented,
    of_beneficiary.Declined: consents.declined,
    of_beneficiary.UnbindRequested: consents.unbind_requested,
    of_beneficiary.OrderChanged: consents.order_changed,
    registry.PersonRecorded: facts.person_recorded,
    registry.RelationRecorded: facts.relation_recorded,
    account_credits.Frozen: facts.account_marked,
    account_credits.Unfrozen: facts.account_marked,
    account_credits.Closed: facts.account_marked,
    BindingState: facts.decided,
}
_OF_BENEFICIARY: frozenset[type] = frozenset(
    {of_beneficiary.Consented, of_beneficiary.Declined, of_beneficiary.UnbindRequested}
)
_ASKED = ("binding.requests", "beneficiary.requests")
_RECORDED = ("registry.persons", "registry.relations")  # several services read them; one tells the sender


class Eligibility:
    """Who may be bound to whom. `keys`: public keys (PEM) of face-check providers by source id."""

    name = "eligibility"
    topics = consumed_by("eligibility")
    tombstones = True

    def __init__(self, policies: Policies, keys: Mapping[str, tuple[str, ...]]) -> None:
        self.policies, self._keys = policies, keys

    def prepare(self, body: Message) -> None:
        """What a message says by itself is found out, and remembered, before anything is locked."""
        if isinstance(body, of_sponsor.Submitted):
            for one in (body.sponsor, body.beneficiary):
                said(one.psn_cert_type, one.certno)
        check = _field(body, "face_check")
        if check is not None and check.provider in self._keys:
            signed(check, self._keys[check.provider])

    async def lock(self, conn: Conn, items: Sequence[Item]) -> Keys:
        """Locks the bindings and persons that the batch concerns."""
        keys = Keys()
        for item in items:
            _name(keys, item)
        await storage.lock(conn, keys)
        return keys

    async def load(self, conn: Conn, items: Sequence[Item], keys: Keys) -> Work:
        """Reads the facts about them."""
        work = Work(self.policies, self._keys)
        await storage.load(conn, keys, work)
        return work

    def decide(self, state: Work, item: Item, out: Out) -> None:
        """Folds one message or due row."""
        state.now = out.now
        if isinstance(item, Event):
            self._fold(state, item, out)
        elif item.kind == deferred.KIND:
            self._fold(state, deferred.event_of(item), out, late=True)
        elif item.kind == deferred.QUEUE:
            for event in deferred.queued(state, UUID(item.entity), out):
                self._fold(state, event, out)
        else:
            facts.due(state, item, out)

    @staticmethod
    def _fold(state: Work, item: Event, out: Out, *, late: bool = False) -> None:
        """One message. `late`: it was put off and is judged for good now."""
        body: Any = item.body
        recorded = item.topic in _RECORDED
        if recorded and isinstance(body, registry.PersonRecorded | registry.RelationRecorded):
            state.keep_version(body, item.appended_at)
        if isinstance(body, Tombstone):
            facts.erased(state, item)
            return
        if item.topic in _ASKED:
            body = usable(out, item)
            if body is not None and not late and deferred.deferred(state, item, body, out):
                return
        elif recorded and isinstance(body, Invalid):
            refuse_invalid(out, item, body)
        if fold := _FOLDS.get(type(body)):
            fold(state, item, body, out)

    async def save(self, conn: Conn, state: Work) -> None:
        """Writes what changed."""
        await storage.save(conn, state)


def _name(keys: Keys, item: Item) -> None:
    """Adds whom and what one item names, as far as the message itself says it."""
    if isinstance(item, Due):
        if item.kind != deferred.KIND:
            keys.bindings.add(UUID(item.entity))
            return
        item = deferred.event_of(item)
    body = item.body
    if isinstance(body, Tombstone) and item.topic in _RECORDED:
        keys.numbers |= set(item.key.decode().split("|"))
    if isinstance(body, of_sponsor.Submitted):
        keys.numbers.add(body.sponsor.psn_no)
        keys.persons |= {person_key(body.sponsor), person_key(body.beneficiary)}
        if body.earlier_binding_id:
            keys.bindings.add(body.earlier_binding_id)
    elif isinstance(body, registry.PersonRecorded):
        keys.numbers.add(body.psn_no)
        keys.recorded.add(person_key(body))
    elif isinstance(body, registry.RelationRecorded):
        keys.numbers |= {body.psn_no, body.other_psn_no}
    elif isinstance(body, of_sponsor.RankChanged):
        keys.bindings |= set(body.ranked)
    elif isinstance(body, of_beneficiary.OrderChanged):
        keys.bindings |= set(body.ordered)
    _common(keys, body)


def _common(keys: Keys, body: object) -> None:
    """Fields that several messages have."""
    for name in ("psn_no", "sponsor_psn_no", "beneficiary_psn_no"):
        if number := _field(body, name):
            keys.numbers.add(number)
    if binding_id := _field(body, "binding_id"):
        keys.bindings.add(binding_id)
    if type(body) in _OF_BENEFICIARY:
        if sponsor := _field(body, "sponsor"):
            keys.persons.add(person_key(sponsor))
        if code := _field(body, "short_code"):
            keys.short_codes.add(code)
    if check := _field(body, "face_check"):
        keys.faces.add((check.provider, check.transaction_no))


def _field(body: object, name: str) -> Any:
    """A field that not every message has. Asked of its type: a model that lacks one takes its time to say so."""
    return getattr(body, name) if name in _FIELDS.get(type(body), ()) else None


_FIELDS: dict[type, frozenset[str]] = {kind: frozenset(kind.model_fields) for kind in _FOLDS}
