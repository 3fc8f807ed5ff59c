"""Which functions of the services read which policy key, found in their source: what the documentation says cannot lag behind."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from shared.policies.entries import SECTIONS, keys

ROOT = Path(__file__).parents[2]
_KINDS = {kind.__name__: name for name, kind in SECTIONS.items()}
_TREES = ("services", "shared/policies/values.py", "shared/policies/moments.py", "shared/national")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def readers() -> Mapping[str, tuple[str, ...]]:
    """Path of a key: what reads it, such as `eligibility rules_family.total`; a table of a module by the module's name.

    Where a domain reads a key, that decides; who else passes it on is left out.
    """
    decides: dict[str, dict[str, None]] = defaultdict(dict)
    passes_on: dict[str, dict[str, None]] = defaultdict(dict)
    for path in _files():
        place = path.relative_to(ROOT).parts
        service = place[1] if place[0] == "services" else "every service:"
        found = decides if place[0] == "shared" or "domain" in place else passes_on
        for name, key in _of_module(ast.parse(path.read_text("utf-8"))):
            found[key][f"{service} {path.stem}{name and '.'}{name}"] = None
    return {key: tuple(decides.get(key) or passes_on.get(key) or ()) for key in keys()}


def _files() -> Iterator[Path]:
    for tree in _TREES:
        path = ROOT / tree
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _of_module(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(function, key) of everything that a module reads."""
    kinds = dict(_kinds(tree))
    by_name = any(_picks_by_name(node) for node in ast.walk(tree))
    for top in tree.body:
        own = _KINDS.get(top.name) if isinstance(top, ast.ClassDef) else None
        functions = [node for node in ast.walk(top) if isinstance(node, _Function)]
        for function in functions:
            names = _sections(function, kinds) | ({"self": own} if own else {})
            yield from ((function.name, key) for key in _attributes(function, names))
        if by_name:
            name = top.name if isinstance(top, _Function) else ""
            yield from ((name, key) for key in _words(top))


def _kinds(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names in a module that mean a section: its class, or a protocol of which every property is one of its keys."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "shared.policies.values":
            yield from ((a.asname or a.name, _KINDS[a.name]) for a in node.names if a.name in _KINDS)
        elif isinstance(node, ast.ClassDef) and any(getattr(b, "id", "") == "Protocol" for b in node.bases):
            properties = [one.name for one in node.body if isinstance(one, ast.FunctionDef)]
            yield from (
                (node.name, s)
                for s in SECTIONS
                if properties and all(f"{s}.{p}" in keys() for p in properties)
            )


def _picks_by_name(node: ast.AST) -> bool:
    """`getattr(policy.binding, ...)`: the keys are words somewhere in the module."""
    if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "getattr" and node.args):
        return False
    target = node.args[0]
    return getattr(target, "attr", getattr(target, "id", "")) in SECTIONS


def _words(tree: ast.AST) -> Iterator[str]:
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return (f"binding.{text}" for text in sorted(texts) if f"binding.{text}" in keys() and "_" in text)


def _attributes(function: _Function, names: Mapping[str, str]) -> Iterator[str]:
    """Keys read as attributes: `policy.binding.max_sponsors`, or of a name that stands for a section."""
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute):
            base = node.value
            section = base.attr if isinstance(base, ast.Attribute) else names.get(getattr(base, "id", ""))
            if section and f"{section}.{node.attr}" in keys():
                yield f"{section}.{node.attr}"


def _sections(function: _Function, kinds: Mapping[str, str]) -> dict[str, str]:
    """Names in a function that stand for a section: assigned from `x.binding`, or annotated with its class."""
    found = {}
    for argument in (*function.args.args, *function.args.kwonlyargs):
        if (name := getattr(argument.annotation, "id", "")) in kinds:
            found[argument.arg] = kinds[name]
    for node in ast.walk(function):
        for name, value in _assigned(node):
            if isinstance(value, ast.Attribute) and value.attr in SECTIONS:
                found[name] = value.attr
    return found


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.NamedExpr):
        yield node.target.id, node.value
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=False))
            yield from ((one.id, value) for one, value in pairs if isinstance(one, ast.Name))
