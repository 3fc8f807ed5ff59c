"""What follows from the check of a case's documents: nothing if they are sound, else they are asked for again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from services.audit.domain import documents
from services.audit.domain.documents import Fault
from services.audit.domain.model import CaseFile, Outcome, moved, unchanged
from services.audit.domain.screenings import ask
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import MaterialKind, Side
from shared.policies.values import RegionPolicy

KIND = "documents-checked"


@dataclass(frozen=True, slots=True)
class Checked:
    """The documents of one round were read, and these were faulty."""

    round: int
    faults: tuple[Fault, ...]

    @classmethod
    def read(cls, body: dict[str, Any]) -> Self:
        """From the body of the due row that carries it."""
        found = (Fault(code, MaterialKind(kind), Side(holder)) for code, kind, holder in body["faults"])
        return cls(body["round"], tuple(found))

    def written(self) -> dict[str, Any]:
        return {
            "round": self.round,
            "faults": [[f.code, f.kind.value, f.holder.value] for f in self.faults],
        }


def checked(file: CaseFile, event: Checked, at: datetime, policy: RegionPolicy) -> Outcome:
    """Faulty documents of the round under review become a request for them; a case that has moved on stays as it is."""
    state = file.state
    if not event.faults or state.state is not State.UNDER_REVIEW or state.round != event.round:
        return unchanged(file)
    review = policy.review
    why = documents.reasons(event.faults, review.document_bytes, review.supplement_working_days)
    return moved(file, ask(state, documents.kinds(event.faults), why, at, policy))
