"""Following facts: decisions on bindings, registry records. Older versions change nothing."""

from collections.abc import Iterable
from datetime import datetime

from services.settlement.domain.accounts import held_name
from services.settlement.domain.bindings import FINAL, FOREVER, Binding, facts_text
from services.settlement.domain.book import PAID_LATE, PREMIUM_LATE, Book, Owed, PaidLate, Recovery, late_case
from services.settlement.domain.people import institution_of, person_of
from shared.contracts.base import UUID
from shared.contracts.binding_decisions import BindingState
from shared.contracts.registry import InstitutionRecorded, PersonRecorded
from shared.policies.values import pooling_region


def follow(book: Book, body: BindingState) -> None:
    """Takes over a binding's whole state unless this version or a later one is known; usage of quota stays.

    What the binding paid after an end that became known only now is listed for recovery, never taken back silently.
    """
    old = book.bindings.get(body.binding_id)
    if body.case.beneficiary is None or (old is not None and old.version >= body.version):
        return
    case = body.case
    new = Binding(
        body.binding_id, case.sponsor.psn_no, body.case.beneficiary.psn_no, body.version, body.state.value,
        case.relation.value, facts_text(body), old.usage if old is not None else None,
    )  # fmt: skip
    book.add_binding(new)
    if body.state.final:
        _late(book, new)


def paid_after_all(book: Book, binding_ids: Iterable[UUID]) -> None:
    """What bindings that are known as ended pay all the same, by a hold or because a cancel is reversed, is listed like what was paid
    before the end became known."""
    for id in dict.fromkeys(binding_ids):
        binding = book.bindings.get(id)
        if binding is not None and binding.state in FINAL:
            _late(book, binding)


def _late(book: Book, binding: Binding) -> None:
    end = max((e for _, e in binding.facts.effective), default=FOREVER)
    if end == FOREVER:
        return
    id = binding.binding_id
    for late in _paid(book, binding):
        if late.amount <= 0 or late.at.timestamp() < end:
            continue
        premium_id = late.premium_id
        case = late_case(late.posting if premium_id is None else premium_id.bytes, id)
        if case not in book.recoveries:
            kind, about = (
                (PAID_LATE, late.posting.hex()) if premium_id is None else (PREMIUM_LATE, str(premium_id))
            )
            book.new_recoveries.append(
                Recovery(case, kind, binding.beneficiary, late.amount, about, id, late.at)
            )
            book.recoveries[case] = Owed(late.amount, 0)


def _paid(book: Book, binding: Binding) -> Iterable[PaidLate]:
    """What the binding paid of each bill and premium net of what went back, if only to the staff: as stored, and by this very batch."""
    id, at_staff = binding.binding_id, held_name(binding.sponsor)
    paid = {late.posting: late._replace(amount=0) for late in book.paid.get(id, ())}
    sums = dict.fromkeys(paid, 0)
    for late in book.paid.get(id, ()):
        sums[late.posting] += late.amount
    for entry in book.new_entries:
        if entry.binding_id != id and (entry.account != at_staff or entry.original is None):
            continue
        posting = entry.original or entry.posting
        if (found := paid.get(posting) or _payment(book, posting)) is None:
            continue
        paid[posting] = found
        sums[posting] = sums.get(posting, 0) - entry.amount
    return [late._replace(amount=sums[posting]) for posting, late in paid.items()]


def _payment(book: Book, posting: bytes) -> PaidLate | None:
    """The bill or premium that a posting paid, without an amount; `None`: it paid none."""
    found = book.settlements.get(posting)
    if found is not None:
        return PaidLate(posting, 0, found.held_at or found.at)
    premium = next((p for p in book.premiums.all.values() if p.posting == posting), None)
    return None if premium is None else PaidLate(posting, 0, premium.at, premium.premium_id)


def record_person(book: Book, body: PersonRecorded) -> None:
    """A registry record of a person."""
    old = book.persons.get(body.psn_no)
    if old is None or old.version < body.version:
        new = person_of(body)
        book.persons[body.psn_no] = book.new_persons[body.psn_no] = new
        book.holders[new.cert] = new.psn_no


def erase_person(book: Book, psn_no: str) -> None:
    """What the registry erased is not known here any more; the person's account and the ledger stay."""
    gone = book.persons.pop(psn_no, None)
    if gone is not None and book.holders.get(gone.cert) == psn_no:
        del book.holders[gone.cert]
    book.new_persons.pop(psn_no, None)
    book.erased_persons.add(psn_no)


def record_institution(book: Book, body: InstitutionRecorded, at: datetime) -> None:
    """A registry record of an institution, made at a time."""
    old = book.institutions.get(body.fixmedins_code)
    if old is None or old.version < body.version:
        new = institution_of(body)
        book.institutions[body.fixmedins_code] = book.new_institutions[body.fixmedins_code] = new
        before = None if old is None else pooling_region(old.admdvs)
        book.recon.placed(body.fixmedins_code, before, pooling_region(new.admdvs), at)


def erase(book: Book, binding_id: UUID) -> None:
    """An erased binding pays nothing more; what it paid stays in the ledger."""
    old = book.bindings.get(binding_id)
    if old is not None:
        book.add_binding(
            Binding(
                binding_id,
                old.sponsor,
                old.beneficiary,
                old.version,
                "ended",
                old.relation,
                "[[],[],[]]",
                old.usage,
            )
        )
