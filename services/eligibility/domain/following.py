"""What a decision teaches eligibility about a binding: its stage, its terms, since when and until when it counted.

Each decision carries the whole state, so that one of them is enough, whatever was missed before.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from services.eligibility.domain.binding import Binding, stage_after
from services.eligibility.domain.days import day_of
from shared.contracts.binding_decisions import BindingState, State
from shared.contracts.binding_requests import Terms

_PATIENCE = timedelta(days=1)
"""After so long a change that no decision shows was not taken by audit (it objects to changes without end)."""


def followed(binding: Binding, body: BindingState) -> Binding:
    """The binding after a decision that is newer than all that were read."""
    stage = stage_after(body.state, binding.stage, latest=body.round >= binding.round)
    begins = body.effective[0].begin if body.effective else binding.begins_at
    wanted = _still_wanted(binding, body)
    changes: dict[str, Any] = {
        "stage": stage,
        "version": body.version,
        "terms": body.terms[-1].terms if body.terms else body.case.terms,
        "wanted": wanted,
        "wanted_at": binding.wanted_at if wanted else None,
        "changed": binding.changed if wanted else _changes(body),
        "begins_at": begins,
        "ever": binding.ever or stage.stands or bool(body.effective),
    }
    if binding.bound_at is None and (stage.stands or begins is not None):
        changes["bound_at"] = min(body.at, begins or body.at)
    if body.state is State.ENDED:
        ends = [p.end for p in body.effective if p.end is not None]
        changes |= {"ended_at": max(ends, default=body.at), "ended_by": body.cause}
    return binding.model_copy(update=changes)


def changes_in_year(binding: Binding, at: datetime) -> int:
    """How often scope, quota or dates were changed in the Beijing calendar year of `at`."""
    year = day_of(at).year
    return sum(day_of(moment).year == year for moment in binding.changed)


def with_change(binding: Binding, chosen: Terms, at: datetime) -> Binding:
    """The binding with a change on its way to audit. What changes nothing does not count as one."""
    if chosen == binding.chosen:
        return binding
    year = day_of(at).year
    kept = tuple(moment for moment in binding.changed if day_of(moment).year >= year)
    return binding.model_copy(update={"wanted": chosen, "wanted_at": at, "changed": (*kept, at)})


def _still_wanted(binding: Binding, body: BindingState) -> Terms | None:
    """The change that no decision shows yet: a decision about something else must not take it back."""
    if binding.wanted is None or binding.wanted_at is None or body.state.final:
        return None
    shown = any(t.since >= binding.wanted_at and t.terms == binding.wanted for t in body.terms)
    return None if shown or body.at > binding.wanted_at + _PATIENCE else binding.wanted


def _changes(body: BindingState) -> tuple[datetime, ...]:
    """When terms changed in the calendar year of the decision; order and rank are no change of terms."""
    year = day_of(body.at).year
    moments = (late.since for early, late in pairwise(body.terms) if early.terms != late.terms)
    return tuple(moment for moment in moments if day_of(moment).year == year)
