"""`python -m deploy.provision`: roles, schemas and topics on servers that exist. The job of compose and of clusters.

Reads DATABASE_URL (the administrator's), KAFKA_BOOTSTRAP_SERVERS, a `GONGJI_<SERVICE>_PASSWORD` per service and `GONGJI_DESK_PASSWORD` for
the role that the review desk reads with. Safe to run again.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping

import asyncpg
from aiokafka.errors import KafkaError

from deploy import topics
from deploy.local.databases import ROLES, SERVICES, create_roles, create_schemas
from deploy.local.errors import StackError


def password_variable(service: str) -> str:
    """The environment variable of a role's password: a service's, or the desk's."""
    return f"GONGJI_{service.upper()}_PASSWORD"


async def provision(environ: Mapping[str, str]) -> topics.Plan:
    """Make what is missing; returns what the broker had. Raises StackError when a variable or a server is missing."""
    names = ["DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", *map(password_variable, ROLES)]
    if missing := [name for name in names if not environ.get(name)]:
        raise StackError(f"{missing[0]} is not set", f"This job needs {', '.join(names)}.")
    try:
        await create_roles(
            environ["DATABASE_URL"], {name: environ[password_variable(name)] for name in ROLES}
        )
        await create_schemas(environ["DATABASE_URL"])
        return await topics.apply_at(environ["KAFKA_BOOTSTRAP_SERVERS"])
    except (OSError, asyncpg.PostgresError, KafkaError) as error:
        raise StackError(
            f"a server refused or is away: {type(error).__name__}: {error}", "Check both URLs."
        ) from error


def main() -> int:
    """1 and one line on stderr if it could not be done; 2 if a topic differs from topics.yaml."""
    try:
        found = asyncio.run(provision(os.environ))
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for topic, setting, actual, declared in found.differing:
        print(f"{topic}: {setting} is {actual}, declared is {declared}", file=sys.stderr)
    print(f"{len(SERVICES)} schemas; {len(found.missing)} topics created")
    return 2 if found.differing else 0


if __name__ == "__main__":
    sys.exit(main())
