"""Kafka's jars from Maven Central, each pinned by version and SHA-256 in the committed lock file.

`python -m deploy.local.jars` resolves the coordinates anew and rewrites the lock file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import tomllib
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.local import paths
from deploy.local.errors import StackError, require_space

KAFKA = "4.2.0"
COORDINATES = (f"org.apache.kafka:kafka_2.13:{KAFKA}", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3")
LOCK = Path(__file__).with_name("jgo.lock.toml")
MEGABYTES = 60


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned jar, in the words of jgo's lock file."""

    groupId: str
    artifactId: str
    version: str
    packaging: str
    sha256: str
    is_modular: bool = False
    module_name: str | None = None

    @property
    def file(self) -> str:
        """Its file name."""
        return f"{self.artifactId}-{self.version}.{self.packaging}"


def folder() -> Path:
    """Where this version's jars are kept, shared by all clones of the user."""
    return paths.cache() / f"kafka-{KAFKA}"


def class_path() -> str:
    """The class path of Kafka, downloading what is missing (43 MB, once).

    Raises StackError without network, without space, or when a jar is not the one that the lock file pins.
    """
    pinned = [Jar(**entry) for entry in tomllib.loads(LOCK.read_text(encoding="utf-8"))["dependencies"]]
    target = folder() / "jars"
    missing = [jar for jar in pinned if not (target / jar.file).exists()]
    if missing:
        target.mkdir(parents=True, exist_ok=True)
        require_space(target, MEGABYTES << 20)
        _download(missing, target)
    return os.pathsep.join(str(target / jar.file) for jar in pinned)


def _download(jars: Sequence[Jar], target: Path) -> None:
    import requests

    bar = Progress(
        TextColumn("Apache Kafka {task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with tempfile.TemporaryDirectory(dir=target.parent) as repository, bar:
        whole = bar.add_task(f"({len(jars)} jars)", total=None)
        context = _context(Path(repository), bar, whole)
        with ThreadPoolExecutor(8) as pool:
            tasks = [pool.submit(_fetch, context, jar, target) for jar in jars]
            for done in as_completed(tasks):
                try:
                    done.result()
                except requests.RequestException as error:
                    pool.shutdown(cancel_futures=True)
                    raise StackError(
                        f"no network: Kafka's jars cannot be fetched from Maven Central ({type(error).__name__})",
                        f"Connect once, set HTTPS_PROXY, or copy {target.parent} from a machine that has it.",
                    ) from error


def _fetch(context: Any, jar: Jar, target: Path) -> None:
    found = context.project(jar.groupId, jar.artifactId).at_version(jar.version).artifact().resolve()
    if hashlib.sha256(found.read_bytes()).hexdigest() != jar.sha256:
        raise StackError(
            f"{jar.file} is not the file that {LOCK.name} pins",
            "A proxy may have altered it: check the network, then run `gongji up` again.",
        )
    draft = target / f".{jar.file}.{os.getpid()}"  # another clone may be doing the same
    shutil.move(found, draft)
    draft.replace(target / jar.file)


def _context(repository: Path, bar: Progress | None = None, task: Any = None) -> Any:
    with warnings.catch_warnings():  # one of jgo's own imports warns about XDG_RUNTIME_DIR
        warnings.simplefilter("ignore")
        from jgo.constants import MAVEN_CENTRAL_URL
        from jgo.maven import MavenContext, PythonResolver

    total = 0

    @contextmanager
    def progress(_name: str, size: int) -> Iterator[Any]:
        nonlocal total
        total += size
        if bar is not None:
            bar.update(task, total=total)
        yield lambda count: bar.advance(task, count) if bar is not None else None

    return MavenContext(
        resolver=PythonResolver(progress_callback=progress),
        repo_cache=repository,
        remote_repos={"central": os.environ.get("GONGJI_MAVEN", MAVEN_CENTRAL_URL)},
    )


def write_lock() -> None:
    """Resolve the coordinates and rewrite the lock file.

    Each coordinate is resolved by itself and the earlier one wins: resolved together, the dependency
    management of log4j's parent would replace kafka-clients 4.2.0 by an older one.
    """
    from jgo.env._lockfile import LockedDependency, LockFile
    from jgo.parse import Coordinate

    chosen: dict[tuple[str, str], Any] = {}
    with tempfile.TemporaryDirectory() as repository:
        context = _context(Path(repository))
        for coordinate in COORDINATES:
            inputs, others = context.resolver.resolve(
                [context.create_dependency(Coordinate.parse(coordinate))]
            )
            for dependency in [*inputs, *(d for d in others if d.scope in ("compile", "runtime"))]:
                chosen.setdefault((dependency.groupId, dependency.artifactId), dependency)
        locked = [LockedDependency.from_dependency(chosen[key]) for key in sorted(chosen)]
        LockFile(locked, environment_name=f"kafka-{KAFKA}", min_java_version=17).save(LOCK)


if __name__ == "__main__":
    write_lock()
