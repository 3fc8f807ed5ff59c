"""Following facts: decisions on bindings, registry records. Older versions change nothing."""

from services.settlement.domain.bindings import FOREVER, Binding, facts_text
from services.settlement.domain.book import Book, Recovery
from services.settlement.domain.people import institution_of, person_of
from shared.contracts.base import UUID
from shared.contracts.binding_decisions import BindingState
from shared.contracts.registry import InstitutionRecorded, PersonRecorded


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


def _late(book: Book, binding: Binding) -> None:
    periods = binding.facts.effective
    end = max((e for _, e in periods), default=0.0)
    if end == FOREVER:
        return
    for paid in book.paid.get(binding.binding_id, ()):
        if paid.at.timestamp() >= end:
            case = f"late-{paid.posting.hex()}-{str(binding.binding_id)[:8]}"
            book.new_recoveries.append(
                Recovery(
                    case,
                    "paid-after-end",
                    binding.beneficiary,
                    paid.amount,
                    paid.posting.hex(),
                    binding.binding_id,
                    paid.at,
                )
            )


def record_person(book: Book, body: PersonRecorded) -> None:
    """A registry record of a person."""
    old = book.persons.get(body.psn_no)
    if old is None or old.version < body.version:
        new = person_of(body)
        book.persons[body.psn_no] = book.new_persons[body.psn_no] = new
        book.holders[new.cert] = new.psn_no


def record_institution(book: Book, body: InstitutionRecorded) -> None:
    """A registry record of an institution."""
    old = book.institutions.get(body.fixmedins_code)
    if old is None or old.version < body.version:
        new = institution_of(body)
        book.institutions[body.fixmedins_code] = book.new_institutions[body.fixmedins_code] = new


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
