"""A file of cases, of policy or of the ledger: YAML in, cases out, every case that is wrong named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import yaml

from deploy.policy import fields
from deploy.policy.fields import CaseError
from shared.policies.yamltext import Lined


class Named(Protocol):
    @property
    def name(self) -> str: ...


C = TypeVar("C", bound=Named)


def cases_of(file: Path, case_of: Callable[[Any, str, int], C]) -> list[C]:
    """The cases of a file; `case_of` makes one of its tree, the file's name and its number. Raises `CaseError` with every fault."""
    try:
        tree = yaml.load(file.read_text("utf-8"), Lined)  # a SafeLoader
    except UnicodeDecodeError:
        raise CaseError(
            f"{file.name}: 读不出，请存为 UTF-8 cannot be read: not UTF-8, save it as UTF-8"
        ) from None
    except (OSError, yaml.YAMLError) as error:
        raise CaseError(f"{file.name}: 读不出 cannot be read: {' '.join(str(error).split())}") from None
    top = fields.read(tree, {"about": fields.text, "cases": fields.anything}, file.name, need=("cases",))
    if not isinstance(top["cases"], list) or not top["cases"]:
        raise CaseError(f"{file.name}: cases: 应为案例的列表 expected a list of cases{fields.line_of(tree, 'cases')}")  # fmt: skip
    cases = fields.each(lambda n, one: case_of(one, file.name, n), top["cases"])
    names = [case.name for case in cases]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise CaseError(f"{file.name}: {twice}: 两个案例同名 two cases have this name")
    return cases
