"""What a batch has to know about reconciliation before it can be decided: ids, from its messages and due rows alone."""

from collections.abc import Sequence
from typing import Any

from services.settlement.reconciling.arriving import DUE
from services.settlement.reconciling.deciding import CLOSE
from shared.contracts.reconciliation import (
    BreakClosed,
    Clear,
    Detail,
    HeldReleased,
    RecoverySettled,
    Totals,
    Uncleared,
)
from shared.contracts.registry import InstitutionRecorded
from shared.messaging.handler import Due, Item
from shared.policies.values import pooling_region

STATEMENTS = (Totals, Detail, Clear, Uncleared)
VERDICTS = (BreakClosed, HeldReleased, RecoverySettled)


class Sought:
    """`statements` are (institution, msgid), those of `due` have to be compared; `closing` are (region, month); `places` are pooling
    regions in which institutions are."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.statements: set[tuple[str, str]] = set()
        self.due: list[tuple[str, str]] = []
        self.closing: set[tuple[str, str]] = set()
        self.places: set[str] = set()
        self.cases: set[str] = set()
        for item in items:
            if isinstance(item, Due):
                self._due(item)
            else:
                self._add(item.body)

    def _add(self, body: Any) -> None:
        if isinstance(body, STATEMENTS):
            self.statements.add((body.fixmedins_code, body.msgid))
        elif isinstance(body, VERDICTS):
            self.cases.add(body.case_id)
        elif isinstance(body, InstitutionRecorded):
            self.places.add(pooling_region(body.admdvs))

    def _due(self, due: Due) -> None:
        if due.kind == DUE:
            key = due.body["code"], due.body["msgid"]
            self.statements.add(key)
            if key not in self.due:
                self.due.append(key)
        elif due.kind == CLOSE:
            self.closing.add((due.body["admdvs"], due.body["month"]))
