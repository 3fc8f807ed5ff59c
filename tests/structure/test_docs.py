"""What the pages say is there: files, headings, commands with their options, make's targets."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from deploy.cli import build
from tests.structure.source import ROOT, files, name_of

MADE = {".git", ".venv", ".gongji", ".hypothesis", ".pytest_cache", "build", "mutants", "node_modules"}
"""Folders of what is no part of the project."""
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(r"`([\w./-]*\w\.(?:py|md|sql|yaml|toml|json|jsonl|txt))`")
CALLED = re.compile(
    r"(?:`|&& |^ {4,}|^)(?:[A-Z_]+=\S+ )*gongji ([a-z-]+(?: [^`\n#|;&)<>{，]*)?)", re.MULTILINE
)
CODE_OF_PAGE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
MADE_BY_USE = {"build/bench.json", "build/settlement-scale.txt"}
"""Files that the pages name and that are there only after a run."""


@cache
def tree() -> frozenset[str]:
    """Every file of the project, as people write it."""
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return frozenset(path.as_posix() for path in found if not MADE & set(path.parts))


def pages() -> list[Path]:
    return [ROOT / name for name in sorted(tree()) if name.endswith(".md")]


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Files of the project that a page leads to, each with the heading, if it names one."""
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if not link.startswith(("http:", "https:")):
            place, _, heading = link.partition("#")
            yield (page.parent / place).resolve() if place else page, heading


def headings(page: Path) -> set[str]:
    """What links to a page's headings are written as."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    dead = [
        f"{place}#{heading}"
        for place, heading in links(page)
        if not place.exists() or (heading and heading not in headings(place))
    ]
    assert dead == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, new = set[Path](), {ROOT / "README.md"}
    while new:
        reached |= new
        new = {place for page in new for place, _ in links(page) if place.suffix == ".md"} - reached
    assert [name_of(page) for page in pages() if page not in reached] == []


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_files_that_are_named_exist(page: Path) -> None:
    """By the whole path, or by the end of one where the page is about a folder."""
    named = set(NAMED.findall(page.read_text(encoding="utf-8"))) - MADE_BY_USE
    assert [name for name in sorted(named) if not any(f"/{one}".endswith(f"/{name}") for one in tree())] == []


def shown() -> Iterator[tuple[str, str]]:
    """Every call of gongji in pages and in the help of the commands: where it stands, and what follows the name."""
    texts = [(page, "\n".join(CODE_OF_PAGE.findall(page.read_text(encoding="utf-8")))) for page in pages()]
    texts += [(path, path.read_text(encoding="utf-8")) for path in files("deploy/commands")]
    for path, text in texts:
        for match in CALLED.finditer(text):
            yield name_of(path), match[1].strip()


@cache
def commands() -> Any:
    return get_command(build())


def fault(call: str) -> str | None:
    """What of a call does not exist."""
    command, words = commands(), call.split()
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        found = command.commands.get(words.pop(0).strip(".,:'\""))
        if found is None:
            return "no such command"
        command = found
    options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help"}
    named = {word.partition("=")[0].strip("'\",.:[]…") for word in words if word.startswith("--")}
    return f"no option {sorted(named - options)}" if named - options else None


def test_commands_that_are_shown_exist_with_their_options() -> None:
    calls = list(shown())
    assert len({call for _, call in calls}) > 100
    assert [f"{where}: gongji {call}: {wrong}" for where, call in calls if (wrong := fault(call))] == []


def test_make_describes_every_target_and_the_pages_name_no_other() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)[0].split()
    assert re.findall(r"^([a-z-]+):.*## \w", text, re.MULTILINE) == phony
    if make := shutil.which("make"):
        told = subprocess.run([make, "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert re.findall(r"^  make ([a-z-]+)", told, re.MULTILINE) == phony
    named = {
        target
        for page in pages()
        for some in re.findall(r"(?:`|^)make ([a-z -]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
        for target in some.split()
    }
    assert named <= set(phony)
