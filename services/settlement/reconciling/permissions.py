"""Whether an operator may say what he or she says of a case of the ledger: role, region, no money of his or her own."""

from collections.abc import Collection, Mapping

from shared.contracts.operators import Operator, Role
from shared.contracts.reasons import Reason, reason
from shared.contracts.reconciliation import BreakClosed, HeldReleased, PeriodClosed, RecoverySettled

Operators = Mapping[str, Operator]
"""Registered operators by id."""
_LEDGER = frozenset({Role.LEDGER})
MAY: Mapping[type, frozenset[Role]] = {
    BreakClosed: _LEDGER,
    PeriodClosed: _LEDGER,
    HeldReleased: _LEDGER,
    RecoverySettled: _LEDGER,
}
"""Which roles may say what. Who is not registered at all never gets here: such a verdict is a dead letter."""


def objections(
    operator: Operator, said: type, admdvs: str, parties: Collection[str] = ()
) -> tuple[Reason, ...]:
    """Everything that keeps the operator from saying this of a case of region `admdvs` about money of `parties`; empty if nothing does."""
    why = []
    if MAY[said].isdisjoint(operator.roles):
        why.append(reason("operator-role-missing"))
    if not operator.works_for(admdvs):
        why.append(reason("operator-region"))
    if not operator.persons.isdisjoint(parties):
        why.append(reason("operator-is-party"))
    return tuple(why)
