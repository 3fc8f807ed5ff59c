"""YAML as region files and cases are written in it: strict where PyYAML would guess."""

from __future__ import annotations

import re
from typing import Any

import yaml


class Yaml(yaml.SafeLoader):
    """YAML where `on` is a word and no mapping names a key twice (PyYAML would keep the last one)."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - how PyYAML is told
        first: [(tag, pattern) for tag, pattern in found if not tag.endswith(":bool")]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    names = [loader.construct_object(k, deep=True) for k, _ in node.value if not k.tag.endswith(":merge")]
    for name in names:
        if names.count(name) > 1:
            raise yaml.YAMLError(f"line {node.start_mark.line + 1}: key {name!r} is there twice")
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


Yaml.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)$"), list("tf"))
Yaml.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


class Tree(dict[Any, Any]):
    """A mapping that knows the line of each of its keys, counted from 1."""

    lines: dict[Any, int]


class Lined(Yaml):
    """The same YAML; its mappings are `Tree`s."""


def _tree(loader: yaml.SafeLoader, node: yaml.MappingNode) -> Tree:
    tree = Tree(_mapping(loader, node))
    tree.lines = {loader.construct_object(k, deep=True): k.start_mark.line + 1 for k, _ in node.value}
    return tree


Lined.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _tree)
