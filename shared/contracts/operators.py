"""Who decides cases: `operators.yaml`, and a file of further operators that `GONGJI_OPERATORS` may name."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("operators.yaml")
_CODE_DIGITS = 6
_COUNTRY = "100000"


class Role(StrEnum):
    """经办角色 / what an operator is there for; services/audit/domain/permissions.py and services/settlement/reconciling/permissions.py say what each may do."""

    CLERK = "clerk"
    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"
    AUTHORITY = "authority"
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator 经办人. `regions` are region codes with everything below them; `persons` his or her own `psn_no`, old ones too."""

    id: str
    roles: frozenset[Role] = frozenset()
    regions: tuple[str, ...] = ()
    persons: frozenset[str] = frozenset()

    @property
    def prefixes(self) -> tuple[str, ...]:
        """First digits of the regions that the operator works for; empty text for the whole country."""
        return tuple("" if code == _COUNTRY else _prefix(code) for code in self.regions)

    def works_for(self, admdvs: str) -> bool:
        """Whether a region is among those that the operator works for: 330000 holds 330106, 100000 every region."""
        return admdvs.startswith(self.prefixes)


def parse(text: str) -> dict[str, Operator]:
    """Operators by id from YAML text. Raises `ValueError` naming the operator and what is wrong."""
    operators: dict[str, Operator] = {}
    for row in yaml.safe_load(text)["operators"] or ():
        operator = _operator(row)
        if operator.id in operators:
            raise ValueError(f"operators.yaml: {operator.id} stands there twice")
        operators[operator.id] = operator
    return operators


def _operator(row: Mapping[str, Any]) -> Operator:
    name = row.get("id")
    if unknown := row.keys() - {"id", "roles", "regions", "persons"}:
        raise ValueError(f"operators.yaml: {name}: unknown key {sorted(unknown)}")
    if not isinstance(name, str) or not name:
        raise ValueError("operators.yaml: an operator without id, for example reviewer-01")
    roles, regions = row.get("roles", ()), tuple(row.get("regions", ()))
    if wrong := set(roles) - set(Role):
        raise ValueError(f"operators.yaml: {name}: unknown role {sorted(wrong)}; roles: {', '.join(Role)}")
    for code in regions:
        if not isinstance(code, str) or len(code) != _CODE_DIGITS or not code.isdecimal():
            raise ValueError(f'operators.yaml: {name}: region {code!r} is no six-digit text such as "330000"')
    return Operator(name, frozenset(map(Role, roles)), regions, frozenset(map(str, row.get("persons", ()))))


def _prefix(code: str) -> str:
    while code.endswith("00"):
        code = code[:-2]
    return code


def load() -> Mapping[str, Operator]:
    """The committed operators, and those of the file that `GONGJI_OPERATORS` names. Read once for each such file."""
    return _load(os.environ.get("GONGJI_OPERATORS"))


@lru_cache(maxsize=8)
def _load(extra: str | None) -> Mapping[str, Operator]:
    operators = parse(_FILE.read_text(encoding="utf-8"))
    return operators | parse(Path(extra).read_text(encoding="utf-8")) if extra else operators


def registered(operator_id: str) -> bool:
    """Whether somebody of that id is registered."""
    return operator_id in load()
