"""`gongji up` in the foreground: servers, roles, topics, services; until a signal."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy import cast, registry, topics
from deploy.local import process, stack, state
from deploy.local.console import Console
from deploy.local.databases import (
    DESK,
    ROLES,
    SERVICES,
    create_roles,
    create_schemas,
    service_url,
    variable_of,
)
from deploy.local.errors import StackError, tail
from deploy.local.paths import PROJECT
from deploy.local.ports import choose
from deploy.local.programs import DATA_KEYS, Program, service, stand_ins
from deploy.local.stack import Stack
from deploy.local.supervisor import Supervisor
from shared import clock
from shared.contracts.binding_requests import MaterialKind
from shared.testing import documents
from shared.testing.proofs import material

READY_PATIENCE = 120.0
SERVERS = ("kafka", "postgres")
SUPERVISOR = "gongji"
DOCUMENTS = "documents"
"""The folder of a stack in which channels put documents."""


def chosen(text: str) -> tuple[str, ...]:
    """Services of a comma separated list; `none` for the servers alone. Raises StackError for an unknown name."""
    names = () if text == "none" else tuple(name.strip() for name in text.split(","))
    if unknown := [name for name in names if name not in SERVICES]:
        raise StackError(f"there is no service {unknown[0]!r}", f"Choose of {', '.join(SERVICES)}, or none.")
    return names


async def provision(servers: Stack, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Make roles, schemas and topics that are missing; returns each service's database URL, and the desk's where it is known.

    A service whose `GONGJI_<SERVICE>_DATABASE_URL` is set keeps it, and nothing is made for it; nor for the desk if audit's is set.
    """
    given = {name: environ[variable_of(name)] for name in ROLES if environ.get(variable_of(name))}
    ours = [name for name in ROLES if name not in given and (name != DESK or "audit" not in given)]
    passwords = {name: stack.service_secret(servers, name) for name in ours}
    await create_roles(servers.database_url, passwords)
    await create_schemas(servers.database_url, [name for name in ours if name != DESK])
    await topics.apply_at(servers.kafka)
    made = {name: service_url(servers.database_url, name, passwords[name]) for name in ours}
    return {**made, **given}


async def publish_cast(servers: Stack, console: Console) -> None:
    """Publish the made-up persons of `deploy/cast/cast.yaml`, once in the life of a stack's data. Raises aiokafka's errors.

    The documents that samples and examples refer to are put into the stack's folder.
    """
    memory = stack.remembered(servers.home)
    if memory.get("cast"):
        return
    now = clock.from_setting(os.environ.get("GONGJI_CLOCK")).now()
    records = registry.from_cast(cast.FILE, now)
    await registry.publish(servers.kafka, records)
    kinds = [material(kind, number=number) for kind in MaterialKind for number in (1, 2)]
    documents.upload(servers.home / DOCUMENTS, kinds)
    console.say(
        f"published {len(records)} records about made-up persons, see {cast.FILE.relative_to(PROJECT)}"
    )
    memory["cast"] = now.isoformat()
    stack.remember(servers.home, memory)


def anchored(setting: str, left: Mapping[str, Any] | None) -> str:
    """`GONGJI_CLOCK` with its anchor.

    A stack that a killed supervisor left (`left`, its state) goes on by its old anchor: time must not run backwards for
    data that are there.
    """
    before = str((left or {}).get("clock", ""))
    return before if setting and before.startswith(f"{setting.strip()}@") else clock.with_anchor(setting)


def store_of(home: Path) -> dict[str, str]:
    """Audit's store of documents, a folder of the stack; nothing where the environment names another store."""
    if os.environ.get("GONGJI_AUDIT_STORE"):
        return {}
    folder = home / DOCUMENTS
    folder.mkdir(exist_ok=True)
    return {"GONGJI_AUDIT_STORE": str(folder)}


def services(
    servers: Stack, urls: Mapping[str, str], names: Sequence[str] = SERVICES, with_stand_ins: bool = False
) -> list[Program]:
    """The services' programs, each on a remembered free port, all by one clock; before them the stand-ins of notify."""
    text = anchored(os.environ.get("GONGJI_CLOCK", ""), state.read(servers.home))
    memory = stack.remembered(servers.home)
    programs: list[Program] = []
    found: dict[str, str] = {}

    def port_of(name: str) -> int:
        port = choose(f"GONGJI_{name.upper()}_PORT", memory["ports"].get(name))
        memory["ports"][name] = port
        return port

    if with_stand_ins and "notify" in names:
        programs, found = stand_ins(servers.home / "peers", port_of("smsc"), port_of("phone"))
    keys = os.environ.get(DATA_KEYS) or stack.data_key(memory)
    own = {"notify": {**found, DATA_KEYS: keys}, "audit": store_of(servers.home)}
    for name in names:
        port, more = port_of(name), own.get(name)
        programs.append(
            service(name, kafka=servers.kafka, database_url=urls[name], port=port, clock=text, more=more)
        )
    stack.remember(servers.home, memory)
    return programs


async def run(
    home: Path,
    *,
    console: Console | None = None,
    names: Sequence[str] = SERVICES,
    with_cast: bool = False,
    with_stand_ins: bool = False,
) -> None:
    """Bring everything up at `home` and keep it up until SIGINT, SIGTERM or SIGHUP. Raises StackError.

    `with_cast` publishes the made-up cast, the first time; `with_stand_ins` also runs an SMS centre and a telephone,
    for what the environment does not name.
    """
    console = console or Console()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the probes of a dead broker are told by us
    with state.lock(home):
        begun = time.monotonic()
        servers = await stack.start(home)
        try:
            await asyncio.to_thread(_clear_services, home, console)
            urls = await provision(servers)
            if with_cast:
                await publish_cast(servers, console)
            programs = services(servers, urls, names, with_stand_ins)
        except BaseException:
            await stack.stop(servers)
            raise
        supervisor = Supervisor(servers, programs, console)
        supervisor.extra["clock"] = next((c for p in programs if (c := p.env.get("GONGJI_CLOCK"))), "")
        supervisor.database_urls = urls
        if DESK in urls:
            supervisor.extra[DESK] = {"database_url": urls[DESK]}
        _on_signals(supervisor.stopping)
        console.say(f"Kafka {servers.kafka}, PostgreSQL {servers.database_url.rpartition('@')[2]}")
        await supervisor.run(
            lambda: console.say(f"ready after {time.monotonic() - begun:.1f} s; {state.file_of(home)}")
        )
        console.say("stopped")


def _on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, stopping.set)


def _clear_services(home: Path, console: Console) -> None:
    """Stop programs that a killed supervisor left, so that their ports are free again. The servers are used on."""
    for pid_file in (home / "run").glob("*.pid"):
        if pid_file.stem not in (*SERVERS, SUPERVISOR) and (left := process.find(pid_file)):
            console.say(f"ending {pid_file.stem} ({left.pid}), left by a supervisor that was killed")
            process.stop(left, signal.SIGTERM, 25.0)


def detach(home: Path, arguments: Sequence[str] = (), patience: float = READY_PATIENCE) -> dict[str, Any]:
    """Start the supervisor in the background and return the state once everything is ready.

    Raises StackError with the supervisor's own line if it gives up.
    """
    if state.supervised(home):
        raise StackError(
            f"the stack at {home} is up already", "See `gongji status`, or stop it with `gongji down`."
        )
    log = home / "log" / "gongji.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    argv = [sys.executable, "-m", "deploy.local", str(home), *arguments]
    child = process.spawn(argv, log=log, pid_file=home / "run" / "gongji.pid", env=os.environ, cwd=Path.cwd())
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        told = state.read(home)
        if told and told.get("ready") and told["supervisor"]["pid"] == child.pid:
            process.disown(child)
            return told
        if child.poll() is not None:
            line = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:] or ["no word"]
            what, _, remedy = line[0].removeprefix("error: ").partition(". ")
            raise StackError(what, remedy or f"Its log is {log}.")
        if told and (failed := [n for n, s in told.get("services", {}).items() if s["state"] == "failed"]):
            down(home)
            raise StackError(
                f"{failed[0]} does not start: {tail(home / 'log' / f'{failed[0]}.log', 1)}",
                f"See {log.parent}.",
            )
        time.sleep(0.1)
    down(home)
    raise StackError(f"the services were not ready within {patience:.0f} s", f"See {log.parent}.")


def down(home: Path, patience: float = 60.0) -> bool:
    """Stop what runs at `home`, also what a killed supervisor left. Returns whether anything ran."""
    told = state.read(home)
    ran = False
    if told and state.supervised(home):
        ran = True
        os.kill(int(told["supervisor"]["pid"]), signal.SIGTERM)
        deadline = time.monotonic() + patience
        while state.supervised(home) and time.monotonic() < deadline:
            time.sleep(0.1)
    for pid_file in sorted((home / "run").glob("*.pid"), key=_servers_last):
        if left := process.find(pid_file):
            ran = True
            patient = 25.0 if _servers_last(pid_file)[0] == 0 else 20.0
            how = signal.SIGINT if pid_file.stem == "postgres" else signal.SIGTERM
            process.stop(left, how, patient)
        pid_file.unlink(missing_ok=True)
    state.file_of(home).unlink(missing_ok=True)
    return ran


def _servers_last(pid_file: Path) -> tuple[int, str]:
    return int(pid_file.stem in SERVERS), pid_file.stem


def status(home: Path) -> dict[str, Any]:
    """Which processes live and are ready: `{"up", "ready", "servers": {...}, "services": {...}}`. Without passwords."""
    told = state.read(home)
    if told is None:
        return {"up": False, "ready": False, "servers": {}, "services": {}}
    found: dict[str, Any] = {
        "up": state.supervised(home),
        "ready": bool(told.get("ready")),
        "kafka": told["kafka"],
    }
    found["clock"] = told.get("clock", "")
    for group in ("servers", "services", "stand_ins"):
        found[group] = {}
        for name, row in told.get(group, {}).items():
            alive = process.find(home / "run" / f"{name}.pid") is not None
            shown = {key: value for key, value in row.items() if key != "database_url"}
            found[group][name] = {**shown, "alive": alive}
    found["ready"] = found["ready"] and found["up"]
    return found


def as_json(value: Any) -> str:
    """JSON for scripts and people."""
    return json.dumps(value, indent=1, ensure_ascii=False)
