"""What the supervisor keeps running beside the servers: the four services, each a process with its own settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.databases import SERVICES, variable_of
from deploy.local.ports import HOST

DATA_KEYS = "GONGJI_NOTIFY_DATA_KEYS"
"""Keys of the personal data in notify's tables."""

# Handed to nobody but who owns it: the administrator's database, the services' databases, and notify's keys.
SECRETS = {"DATABASE_URL", DATA_KEYS, *map(variable_of, SERVICES)}


DEMO_SOURCES = Path(__file__).parents[1] / "demo" / "sources.yaml"
"""Face-check providers whose private keys lie beside it: what a local stack accepts where `GONGJI_SOURCES` names nothing else."""

DEMO_OPERATORS = DEMO_SOURCES.with_name("operators.yaml")
"""Who may decide cases where `GONGJI_OPERATORS` names nobody else."""


@dataclass(frozen=True, slots=True)
class Program:
    """One process to keep running. `env` is added to the caller's environment; `port` is its HTTP port, None without HTTP.

    `group` is where `stack.json` tells of it: services, stand_ins.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    group: str = "services"

    @property
    def http(self) -> str | None:
        """The address of its `/live`, `/ready` and `/metrics`."""
        return f"http://127.0.0.1:{self.port}" if self.port else None

    def environment(self) -> dict[str, str]:
        """The whole environment of the process, without what is not its business."""
        own = {key: value for key, value in os.environ.items() if key not in SECRETS}
        return {**own, "PYTHONUNBUFFERED": "1", **self.env}


def service(
    name: str, *, kafka: str, database_url: str, port: int, clock: str, more: Mapping[str, str] | None = None
) -> Program:
    """The program of one of the four services; `more` are further settings of it."""
    env = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        variable_of(name): database_url,
        "GONGJI_HTTP_PORT": str(port),
        "GONGJI_INSTANCE": f"{name}-1",
        **(more or {}),
    }
    if clock:
        env["GONGJI_CLOCK"] = clock
    if not os.environ.get("GONGJI_SOURCES"):
        env["GONGJI_SOURCES"] = str(DEMO_SOURCES)
    if not os.environ.get("GONGJI_OPERATORS"):
        env["GONGJI_OPERATORS"] = str(DEMO_OPERATORS)
    return Program(name, (sys.executable, "-m", f"services.{name}"), env, port)


def stand_ins(out: Path, smsc_port: int, phone_port: int) -> tuple[list[Program], dict[str, str]]:
    """The stand-in SMS centre and telephone, which keep what they receive in `out`, and the settings that notify finds them by.

    What the environment already names is used instead.
    """
    programs: list[Program] = []
    settings: dict[str, str] = {}
    if not os.environ.get("GONGJI_NOTIFY_SMPP_HOST"):
        programs.append(_stand_in("smsc", smsc_port, out))
        settings |= {"GONGJI_NOTIFY_SMPP_HOST": HOST, "GONGJI_NOTIFY_SMPP_PORT": str(smsc_port)}
    if not os.environ.get("GONGJI_NOTIFY_SIP_PEER"):
        programs.append(_stand_in("phone", phone_port, out))
        settings["GONGJI_NOTIFY_SIP_PEER"] = f"{HOST}:{phone_port}"
    return programs, settings


def _stand_in(name: str, port: int, out: Path) -> Program:
    argv = (sys.executable, "-m", f"deploy.peers.{name}", "--port", str(port), "--out", str(out))
    return Program(name, argv, group="stand_ins")
