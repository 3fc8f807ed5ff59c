"""The supervisor as a process of its own: `python -m deploy.local HOME [--cast]`. What `gongji up --detach` starts."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from deploy.local import up
from deploy.local.errors import StackError

CAST = "--cast"


def main(arguments: list[str]) -> int:
    """Run until a signal; 1 after a failure, whose line is the last one of the output."""
    try:
        asyncio.run(up.run(Path(arguments[0]), with_cast=CAST in arguments[1:]))
    except StackError as error:
        print(f"error: {error}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
