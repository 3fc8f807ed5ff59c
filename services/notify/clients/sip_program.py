"""Places SIP calls with the program `baresip`, one process a call: `python -m services.notify.clients.sip_program` (see `sip_serving.py`).

For machines on which `baresip-python` cannot be used. The program (1.0.0) plays files, one for all of its calls, which is why each call
has its own; its events and commands are netstrings of JSON (module `ctrl_tcp`). Ports are free ones: of `--listen` only the host counts.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import socket
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from services.notify.clients.numbers import digits
from services.notify.clients.sip import RATE
from services.notify.clients.sip_call import Call, Script
from services.notify.clients.sip_serving import run

_ON_THE_WAY: Final = 0.5  # seconds that words take to the callee's ear
_SILENCE: Final = b"\0" * RATE * 70
"""After the words, for longer than a key is waited for: the program ends a call when its file ends."""
_GOES: Final = 1.0  # seconds that the program has to say goodbye to everybody
_STARTS: Final = 10.0
_NOT_DIALLED: Final = "not dialled"
_PORTS: Final = (20000, 26000)
_TRIES: Final = 3
_FOLDER: Final = "gongji-call-"
_LEFT_BEHIND: Final = 3600.0
"""Seconds after which a call's folder is no living call's: it was killed in the middle."""
_MODULES: Final = ("g711", "aufile", "aubridge")
_APPS: Final = ("account", "menu", "ctrl_tcp")


def program() -> Path | None:
    """The program, if it and its modules are installed."""
    found = shutil.which("baresip")
    return Path(found) if found and _modules(Path(found)).is_dir() else None


def _modules(baresip: Path) -> Path:
    return baresip.parent.parent / "lib" / "baresip" / "modules"


class ProgramLine:
    """One call of one process."""

    def __init__(self, folder: Path, writer: asyncio.StreamWriter) -> None:
        self._folder, self._writer = folder, writer
        self._ends: float | None = None
        self._files = 0

    def say(self, words: bytes, left: Callable[[int], None]) -> None:
        """Has the program play another file. It does not say which words a callee on hold has missed."""
        self._files += 1
        file = self._folder / f"{self._files}.wav"
        _write(file, words)
        self.command("ausrc", f"aufile,{file}")
        self._ends = time.monotonic() + len(words) / RATE

    def hush(self) -> bool:
        """Whether the words were out, by the clock."""
        ends, self._ends = self._ends, None
        return ends is not None and time.monotonic() >= ends - _ON_THE_WAY

    async def hang_up(self) -> None:
        """CANCEL or BYE."""
        self.command("hangup")

    def command(self, name: str, params: str = "") -> None:
        """Orders something; the program's answer is not waited for."""
        order = json.dumps({"command": name, "params": params, "token": name}).encode()
        self._writer.write(b"%d:%b," % (len(order), order))


class Caller:
    """The telephone: a process for each call."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._host = args.listen.rpartition(":")[0]
        self._calls: set[Call] = set()

    async def start(self) -> None:
        """Raises `FileNotFoundError` if the program is not installed."""
        found = program()
        if found is None:
            raise FileNotFoundError("baresip")
        self._program = found
        remove_left_behind()

    def give_up(self) -> None:
        """Ends every call that is in the air."""
        for one in self._calls:
            one.give_up()

    async def call(self, order: dict[str, Any], script: Script) -> dict[str, Any]:
        """One call; what happened as the answer of the protocol. Never raises."""
        began = time.monotonic()
        digit = code = ""
        try:
            number = digits(order["number"])
            events: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
            one = Call(script, events)
            self._calls.add(one)
            try:
                result, code = await self._placed(number, one, events)
                # Somebody else was faster to take a port: nothing was dialled.
                for _ in range(_TRIES - 1):
                    if code != _NOT_DIALLED:
                        break
                    result, code = await self._placed(number, one, events)
                digit = one.digit
            finally:
                self._calls.discard(one)
        except ValueError:
            result, code = "invalid", "not dialable"
        except (OSError, TimeoutError) as error:  # nothing was dialled
            result, code = "failed", type(error).__name__
        return {"id": order["id"], "result": result, "digit": digit, "code": code[:60],
                "seconds": round(time.monotonic() - began, 3)}  # fmt: skip

    async def _placed(
        self, number: str, one: Call, events: "asyncio.Queue[tuple[str, str]]"
    ) -> tuple[str, str]:
        with tempfile.TemporaryDirectory(
            prefix=_FOLDER
        ) as name:  # nobody else's to read: it holds words and the password
            folder = Path(name)
            control = _free_port(self._host, socket.SOCK_STREAM)
            self._configure(folder, control)
            process = await asyncio.create_subprocess_exec(
                str(self._program), "-f", name, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL, env={**os.environ, "HOME": name},
            )  # fmt: skip
            try:
                reader, writer = await _connected(self._host, control, process)
                line = ProgramLine(folder, writer)
                line.command("dial", f"sip:{number}@{self._args.trunk}")
                hearing = asyncio.create_task(_hear(reader, events))
                try:
                    return await one.run(line)
                finally:
                    hearing.cancel()
                    writer.close()
            finally:
                await _end(process)

    def _configure(self, folder: Path, control: int) -> None:
        a, quiet = self._args, folder / "0.wav"
        _write(quiet, b"")
        port = _free_port(self._host, socket.SOCK_DGRAM)
        lines = [
            f"sip_listen {self._host}:{port}", "sip_transports udp", f"net_interface {self._host}",
            "audio_player aubridge,sink", f"audio_source aufile,{quiet}", "audio_alert aubridge,alert",
            "ausrc_srate 8000", "auplay_srate 8000", "ausrc_channels 1", "auplay_channels 1", f"rtp_ports {a.rtp_ports}",
            f"module_path {_modules(self._program)}", *(f"module {one}.so" for one in _MODULES),
            *(f"module_app {one}.so" for one in _APPS), f"ctrl_tcp_listen {self._host}:{control}",
        ]  # fmt: skip
        account = [f"<sip:{a.user}@{self._host}:{port};transport=udp>", "regint=0", "answermode=manual"]
        account += [f"auth_user={a.auth_user}"] if a.auth_user else []
        password = os.environ.get("GONGJI_SIP_PASSWORD", "")
        account += [f'auth_pass="{password}"'] if password else []
        (folder / "config").write_text("\n".join(lines) + "\n")
        (folder / "accounts").write_text(";".join([*account, "audio_codecs=PCMA/8000/1,PCMU/8000/1"]) + "\n")
        (folder / "contacts").touch()


def remove_left_behind() -> None:
    """Takes away the folders, with words and password, of calls whose process was killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        with contextlib.suppress(OSError):
            found = folder.lstat()
            if found.st_uid == os.getuid() and time.time() - found.st_mtime > _LEFT_BEHIND:
                shutil.rmtree(folder)


async def _connected(
    host: str, port: int, process: asyncio.subprocess.Process
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The control connection. Raises `OSError` or `TimeoutError` if the program does not come up."""
    async with asyncio.timeout(_STARTS):
        while True:
            try:
                return await asyncio.open_connection(host, port)
            except ConnectionRefusedError:
                if process.returncode is not None:
                    raise
                await asyncio.sleep(0.02)


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_GOES):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _hear(reader: asyncio.StreamReader, events: "asyncio.Queue[tuple[str, str]]") -> None:
    """Events of the call; a program that dies or refuses to dial ends it."""
    try:
        while True:
            length = int((await reader.readuntil(b":"))[:-1])
            said = json.loads((await reader.readexactly(length + 1))[:-1])
            if said.get("token") == "dial" and not said.get("ok"):
                events.put_nowait(("CALL_CLOSED", _NOT_DIALLED))
            elif "type" in said:
                events.put_nowait((said["type"], said.get("param", "")))
    except (asyncio.IncompleteReadError, OSError, ValueError):
        events.put_nowait(("CALL_CLOSED", "program ended"))


def _write(path: Path, words: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE // 2)
        file.writeframes(words + _SILENCE)


def _free_port(host: str, kind: socket.SocketKind) -> int:
    """A port that is free now and that the kernel gives to nobody by itself. Raises `OSError` if none is found."""
    for _ in range(100):
        port = random.randrange(*_PORTS)
        with socket.socket(socket.AF_INET, kind) as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            return port
    raise OSError("no free port")


if __name__ == "__main__":
    run(Caller)
