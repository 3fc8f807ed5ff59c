"""Every kind of entry that the code books has a Chinese name in a person's statement. Kinds are found in the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import services.settlement
from services.settlement.domain.statements import KINDS

SOURCES = sorted(Path(services.settlement.__file__).parent.rglob("*.py"))
BOOKING = {"move": 4, "counter": 3, "held": 3}
"""Functions that make an entry, and which argument its kind is; those that hand their own `kind` on to one of them are added."""


class Code:
    """The service's code: functions, constants of modules, and who calls what with which kind."""

    def __init__(self) -> None:
        self.trees = {path: ast.parse(path.read_text("utf-8")) for path in SOURCES}
        self.constants: dict[str, dict[Path | None, set[str]]] = {}
        self.functions: list[tuple[Path, ast.FunctionDef]] = []
        for path, tree in self.trees.items():
            self.functions += [(path, node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
            for node in tree.body:
                if isinstance(node, ast.Assign):
                    self._constant(path, node.targets[0], node.value)
        self.sinks = dict(BOOKING)
        self._grow()

    def _constant(self, path: Path, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, its in zip(target.elts, value.elts, strict=False):
                self._constant(path, one, its)
        elif isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):  # fmt: skip
            for place in (path, None):
                self.constants.setdefault(target.id, {}).setdefault(place, set()).add(value.value)

    def _grow(self) -> None:
        before = -1
        while before != len(self.sinks):
            before = len(self.sinks)
            for path, function in self.functions:
                names = [a.arg for a in function.args.args if a.arg not in ("self", "cls")]
                if "kind" not in names or _name(path, function.name) in self.sinks:
                    continue
                if any(isinstance(arg, ast.Name) and arg.id == "kind" for arg, _ in self.kinds_in(path, function)):  # fmt: skip
                    self.sinks[_name(path, function.name)] = names.index("kind")

    def kinds_in(self, path: Path, tree: ast.AST) -> Iterator[tuple[ast.expr, int]]:
        """What is given as the kind of an entry, and the line."""
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call):
                continue
            called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            name = _name(path, called)
            if name not in self.sinks:
                continue
            named = [k.value for k in call.keywords if k.arg == "kind"]
            if named or len(call.args) > self.sinks[name]:
                yield from self._parts(named[0] if named else call.args[self.sinks[name]], call.lineno)

    def _parts(self, given: ast.expr, line: int) -> Iterator[tuple[ast.expr, int]]:
        if isinstance(given, ast.IfExp):
            yield from self._parts(given.body, line)
            yield from self._parts(given.orelse, line)
        else:
            yield given, line

    def words(self, path: Path, given: ast.expr) -> set[str] | None:
        """The kinds that an argument can be, a constant of the file before one of another; empty for one that is handed on, `None` if that cannot be told."""
        if isinstance(given, ast.Constant):
            return {str(given.value)}
        name = given.attr if isinstance(given, ast.Attribute) else getattr(given, "id", None)
        if name == "kind":
            return set()
        known = self.constants.get(str(name), {})
        return known.get(path) or known.get(None)


def _name(path: Path, function: str) -> str:
    """A function's name; a private one is known in its own file only."""
    return f"{path}:{function}" if function.startswith("_") else function


def booked() -> tuple[set[str], list[str]]:
    """Every kind that is booked, and the places where it cannot be told."""
    code, found, dark = Code(), set(), []
    for path, tree in code.trees.items():
        for given, line in code.kinds_in(path, tree):
            words = code.words(path, given)
            if words is None:
                dark.append(f"{path.name}:{line}: {ast.unparse(given)}")
            found |= words or set()
    return found, dark


def test_every_kind_that_the_code_books_has_a_chinese_name() -> None:
    found, dark = booked()
    assert dark == [], "the kind of an entry is a constant, or a parameter named `kind`"
    assert {"credit", "turn", "settle", "cancelled", "refunded", "earmark", "premium-back", "released"} <= found  # fmt: skip
    assert found - KINDS.keys() == set()


def test_names_are_chinese_and_refunds_are_what_came_back_of_a_payment() -> None:
    assert all("一" <= kind.zh[0] <= "鿿" for kind in KINDS.values())
    refunds = {"cancelled", "reversed", "refunded", "premium-back"}
    assert {name for name, kind in KINDS.items() if kind.refund} == refunds
