"""Code stays small, pure where it decides, and free of what belongs to one machine."""

import ast
import re
import statistics
from pathlib import Path

import pytest

from tests.structure.source import CODE, ROOT, files, imports, name_of, parsed

MAX_FILE, MEDIAN_FILE, MAX_FUNCTION = 300, 120, 40
MAX_TEST_FILE = 500
"""Tests may be long in the telling: only their files have a limit."""
IMPURE = {"asyncio", "asyncpg", "aiokafka", "faststream", "logging", "structlog", "time", "random", "secrets", "socket", "os", "uuid6",
          "pydantic_settings", "shared.db", "shared.log", "shared.messaging.step", "shared.metrics"}  # fmt: skip
NO_CALLS = {
    "now",
    "utcnow",
    "today",
    "uuid4",
    "uuid7",
    "monotonic",
    "perf_counter",
    "open",
    "print",
    "urandom",
}


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_files_are_short() -> None:
    long = {name_of(path): lines(path) for path in files(*CODE) if lines(path) > MAX_FILE}
    long |= {name_of(path): lines(path) for path in files("tests") if lines(path) > MAX_TEST_FILE}
    assert long == {}
    assert statistics.median(lines(path) for path in files(*CODE)) <= MEDIAN_FILE


def test_functions_are_short() -> None:
    long = {
        f"{name_of(path)}:{node.name}": size
        for path in files(*CODE)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (size := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION
    }
    assert long == {}


def domains() -> list[Path]:
    return [path for path in files("services") if "domain" in path.parts]


def test_there_is_a_domain_in_every_service() -> None:
    assert {path.relative_to(ROOT / "services").parts[0] for path in domains()} == {
        "audit", "eligibility", "notify", "settlement"
    }  # fmt: skip


@pytest.mark.parametrize("path", domains(), ids=name_of)
def test_what_decides_is_pure(path: Path) -> None:
    reached = {
        module
        for module in imports(path)
        for impure in IMPURE
        if module == impure or module.startswith(f"{impure}.")
    }
    assert reached == set()
    for node in ast.walk(parsed(path)):
        assert not isinstance(node, ast.Await | ast.AsyncFunctionDef | ast.AsyncWith | ast.AsyncFor), (
            node.lineno
        )
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            has_no_input = not node.args and not node.keywords
            assert not (called in NO_CALLS and has_no_input), f"line {node.lineno}: {called}()"


def test_imports_point_one_way() -> None:
    """The quick part of what import-linter holds in `make check`."""
    for path in files(*CODE):
        top, *rest = path.relative_to(ROOT).parts
        service = rest[0] if top == "services" else ""
        for module in imports(path):
            first, _, tail = module.partition(".")
            where = f"{name_of(path)} imports {module}"
            assert not (top == "shared" and first in ("services", "deploy")), where
            assert not (top == "services" and first == "deploy"), where
            assert not (top == "services" and first == "services" and tail.partition(".")[0] != service), (
                where
            )
            assert not ("domain" in path.parts and "policies.loader" in module), where


TEXTS = {
    ".py",
    ".md",
    ".yaml",
    ".yml",
    ".toml",
    ".sql",
    ".json",
    ".jsonl",
    ".txt",
    ".sh",
    ".js",
    ".java",
    ".cfg",
    ".conf",
    "",
}
MACHINE = re.compile(r"(?<![\w.$}])/(work|root|home/\w+|tmp/[\w.]+|Users/\w+)/")
HOSTS = re.compile(r"https?://[\w.-]*(artifactory|nexus|mirror|proxy|pypi\.org/simple)[\w.-]*", re.IGNORECASE)


def shipped() -> list[Path]:
    tops = [*CODE, "tests", "docs", "requirements"]
    found = [path for top in tops for path in (ROOT / top).rglob("*") if path.is_file()]
    found += [path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(".cov")]
    return [
        path
        for path in found
        if path.suffix in TEXTS and "__pycache__" not in path.parts and path != Path(__file__)
    ]


def test_no_path_of_a_machine_and_no_host_of_a_registry() -> None:
    found = [
        f"{name_of(path)}: {match[0]}"
        for path in shipped()
        for pattern in (MACHINE, HOSTS)
        if (match := pattern.search(path.read_text(encoding="utf-8", errors="replace")))
    ]
    assert found == []


SECTIONS = ["Topics", "Tables", "Options", "Failure modes"]


@pytest.mark.parametrize("service", ["eligibility", "audit", "notify", "settlement"])
def test_every_service_explains_itself_in_the_same_order(service: str) -> None:
    readme = ROOT / "services" / service / "README.md"
    assert readme.exists(), f"services/{service}/README.md is missing; its sections are {SECTIONS}"
    headings = re.findall(r"^## (.+)$", readme.read_text(encoding="utf-8"), re.MULTILINE)
    found = [section for heading in headings for section in SECTIONS if heading.startswith(section)]
    assert list(dict.fromkeys(found)) == SECTIONS
