"""What the supervisor keeps running beside the servers: the four services, each a process with its own settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.local.databases import SERVICES, variable_of

# Never handed to a service: the administrator's database, and the other services' databases.
SECRETS = {"DATABASE_URL", *map(variable_of, SERVICES)}


@dataclass(frozen=True, slots=True)
class Program:
    """One process to keep running. `env` is added to the caller's environment; `port` is its HTTP port, None without HTTP."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None

    @property
    def http(self) -> str | None:
        """The address of its `/live`, `/ready` and `/metrics`."""
        return f"http://127.0.0.1:{self.port}" if self.port else None

    def environment(self) -> dict[str, str]:
        """The whole environment of the process, without what is not its business."""
        own = {key: value for key, value in os.environ.items() if key not in SECRETS}
        return {**own, "PYTHONUNBUFFERED": "1", **self.env}


def service(name: str, *, kafka: str, database_url: str, port: int, clock: str) -> Program:
    """The program of one of the four services."""
    env = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        variable_of(name): database_url,
        "GONGJI_HTTP_PORT": str(port),
        "GONGJI_INSTANCE": f"{name}-1",
    }
    if clock:
        env["GONGJI_CLOCK"] = clock
    return Program(name, (sys.executable, "-m", f"services.{name}"), env, port)
