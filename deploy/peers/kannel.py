"""A real SMS gateway as a peer: `python -m deploy.peers.kannel --smsc PORT --out DIR`, where Debian's package `kannel` is installed.

Starts its two programs, bearerbox (an SMPP client of the SMS centre on PORT) and smsbox (the HTTP interface), on free ports of
127.0.0.1, and starts each again when it ends. Passwords are made at the start. How to send is in `DIR/kannel.json`:
`{"url", "username", "password"}`; the port of `url` is in `DIR/kannel.port`, once texts can be sent; `DIR/bearerbox.pid` and
`DIR/smsbox.pid` name the programs that run now, `DIR/*.log` is what they said. What is not sent yet is kept in `DIR/store`
over a crash; who waits for a receipt is kept in memory only, as Kannel does by default.
"""

import argparse
import asyncio
import json
import os
import secrets
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from deploy.local.ports import HOST, free_port, listening
from deploy.peers.ending import end
from deploy.peers.serving import serve_until_signalled, tell_ready

_BOXES: Final = ("bearerbox", "smsbox")
_PLACES: Final = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
"""A user's PATH lacks the folders of servers."""
_AGAIN: Final = 0.2
_LAST: Final = 1.0


def programs() -> dict[str, str]:
    """Where Kannel's programs are; empty if it is not installed."""
    found = {box: path for box in _BOXES if (path := shutil.which(box, path=_PLACES))}
    return found if len(found) == len(_BOXES) else {}


class Kannel:
    """One gateway: two programs that live as long as this."""

    def __init__(self, smsc: int, out: Path) -> None:
        """`smsc`: port of the SMS centre; `out` is made if missing."""
        self._out, self._smsc = out, smsc
        self._boxes, self._admin, self._send = free_port(), free_port(), free_port()
        self._password, self._admin_password = secrets.token_hex(8), secrets.token_hex(8)

    async def run(self) -> None:
        """Serve until cancelled."""
        store = self._out / "store"
        for folder in (store, self._out / "receipts"):
            folder.mkdir(parents=True, exist_ok=True)
        self._keep("kannel.conf", self._configuration(store))
        how = {
            "url": f"http://{HOST}:{self._send}/cgi-bin/sendsms",
            "username": "gongji",
            "password": self._password,
        }
        self._keep("kannel.json", json.dumps(how))
        telling = asyncio.create_task(self._tell_ready())
        try:
            while True:
                await self._both()
        finally:
            telling.cancel()

    def _configuration(self, store: Path) -> str:
        groups: list[dict[str, object]] = [
            {
                "group": "core", "admin-port": self._admin, "admin-interface": HOST, "admin-password": self._admin_password,
                "smsbox-port": self._boxes, "smsbox-interface": HOST, "box-allow-ip": HOST, "sms-resend-freq": 1,
                "dlr-storage": "spool", "dlr-spool": self._out / "receipts", "store-type": "spool", "store-location": store,
            },
            {
                "group": "smsc", "smsc": "smpp", "smsc-id": "centre", "host": HOST, "port": self._smsc,
                "smsc-username": "kannel", "smsc-password": self._password[:8], "system-type": '""',
                "transceiver-mode": "true", "reconnect-delay": 1, "enquire-link-interval": 10, "max-pending-submits": 20,
                "alt-charset": "UTF-8",
            },
            {
                "group": "smsbox", "bearerbox-host": HOST, "sendsms-port": self._send, "sendsms-interface": HOST,
                "http-request-retry": 60, "http-queue-delay": 1,  # reports come again until we have taken them
            },
            {"group": "sendsms-user", "username": "gongji", "password": self._password, "max-messages": 10, "concatenation": "true"},
        ]  # fmt: skip
        return "\n".join("".join(f"{name} = {value}\n" for name, value in group.items()) for group in groups)

    def _keep(self, name: str, text: str) -> None:
        """For nobody else to read: it holds passwords."""
        path = self._out / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")

    async def _both(self) -> None:
        """Runs both programs until one ends; then the other is ended.

        smsbox, left alone, goes too, comes back by itself after 10 s, and is then nobody's child.
        """
        running: dict[str, asyncio.subprocess.Process] = {}
        try:
            for box, path in programs().items():
                running[box] = await self._start(box, path)
                if box == _BOXES[0]:
                    await self._listens(running[box])
            ends = [asyncio.create_task(process.wait()) for process in running.values()]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await asyncio.gather(*(end(one, _LAST) for one in running.values()))
        await asyncio.sleep(_AGAIN)

    async def _listens(self, bearerbox: asyncio.subprocess.Process) -> None:
        """smsbox gives up if bearerbox is not there yet."""
        while bearerbox.returncode is None and not listening(self._boxes):
            await asyncio.sleep(0.05)

    async def _start(self, box: str, path: str) -> asyncio.subprocess.Process:
        with (self._out / f"{box}.log").open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                path,
                "-v",
                "1",
                str(self._out / "kannel.conf"),
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        (self._out / f"{box}.pid").write_text(str(process.pid))
        return process

    async def _tell_ready(self) -> None:
        """Ready is: the SMS centre is bound, and smsbox is there to take texts."""
        while not await asyncio.to_thread(self._works):
            await asyncio.sleep(0.1)
        tell_ready(self._out / "kannel.port", self._send)

    def _works(self) -> bool:
        status = f"http://{HOST}:{self._admin}/status.txt?password={self._admin_password}"
        try:
            with urllib.request.urlopen(status, timeout=5) as answer:
                said = answer.read().decode()
        except OSError:
            return False
        return "(online" in said and "smsbox:" in said


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Kannel on 127.0.0.1, as a client of an SMS centre there")
    parser.add_argument("--smsc", type=int, required=True, help="port of the SMS centre")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of kannel.json, logs and what is not sent yet"
    )
    args = parser.parse_args()
    if not programs():
        parser.exit(1, "Kannel is not installed: apt-get install kannel\n")
    serve_until_signalled(Kannel(args.smsc, args.out).run())


if __name__ == "__main__":
    main()
