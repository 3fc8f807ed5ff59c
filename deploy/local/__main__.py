"""The supervisor as a process of its own: `python -m deploy.local HOME`. What `gongji up --detach` starts."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from deploy.local import up
from deploy.local.databases import SERVICES
from deploy.local.errors import StackError


def main(arguments: list[str]) -> int:
    """Run until a signal; 1 after a failure, whose line is the last one of the output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="folder of data, logs and stack.json")
    parser.add_argument("--cast", action="store_true", help="publish the cast, the first time")
    parser.add_argument("--stand-ins", action="store_true", help="run an SMS centre and a telephone, too")
    parser.add_argument("--services", default=",".join(SERVICES), help="names, comma separated, or none")
    told = parser.parse_args(arguments)
    try:
        names = up.chosen(told.services)
        asyncio.run(up.run(told.home, names=names, with_cast=told.cast, with_stand_ins=told.stand_ins))
    except StackError as error:
        print(f"error: {error}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
