"""The called telephone of another project, Debian's package `sip-tester`: `python -m deploy.peers.sipp --scenario callee --out DIR`.

Scenarios are in `scenarios/`: `callee`, where the number's last two digits decide, and `trunk`, which asks who calls (`--user`, `--password`).
The port is in `DIR/sipp.port`; `DIR/sipp.log` is what the program said. It keeps no speech, so it cannot tell what it heard.
"""

import argparse
import asyncio
import shutil
from pathlib import Path
from typing import Final

from deploy.local.ports import HOST
from deploy.peers.ending import end
from deploy.peers.serving import free_udp_port, serve_until_signalled, tell_ready

_SCENARIOS: Final = Path(__file__).parent / "scenarios"
_TRIES: Final = 5
_LAST: Final = 3.0


def program() -> Path | None:
    """The program, with the files of speech that its package brings; None if they are not installed."""
    found = shutil.which("sipp")
    return Path(found) if found and _key_one(Path(found)).exists() else None


def _key_one(sipp: Path) -> Path:
    """The key 1 as telephone-event of payload type 101."""
    return sipp.parent.parent / "share" / "sip-tester" / "dtmf_2833_1.pcap"


async def serve(sipp: Path, scenario: str, out: Path, user: str, password: str) -> None:
    """Runs the program until cancelled. Raises `RuntimeError` if it does not start."""
    out.mkdir(parents=True, exist_ok=True)
    text = (_SCENARIOS / f"{scenario}.xml").read_text(encoding="utf-8")
    for place, value in (("DTMF_1", str(_key_one(sipp))), ("USER", user), ("PASSWORD", password)):
        text = text.replace(f'"{place}"', f'"{value}"')
    file = out / f"{scenario}.xml"
    file.touch(mode=0o600)  # it holds the password
    file.write_text(text, encoding="utf-8")
    for _ in range(_TRIES):
        port = free_udp_port()
        with (out / "sipp.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                str(sipp), "-sf", str(file), "-i", HOST, "-mi", HOST, "-p", str(port), "-nostdin",
                cwd=out, stdout=asyncio.subprocess.DEVNULL, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            while process.returncode is None and not _bound(port):
                await asyncio.sleep(0.05)
            if process.returncode is None:
                tell_ready(out / "sipp.port", port)
            await process.wait()
        finally:
            await end(process, _LAST)
    raise RuntimeError(f"sipp ended {_TRIES} times: {out / 'sipp.log'}")


def _bound(port: int) -> bool:
    """Whether somebody listens on this UDP port."""
    rows = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    return any(row.split()[1].endswith(f":{port:04X}") for row in rows)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="sipp as a called telephone on 127.0.0.1")
    parser.add_argument(
        "--scenario", choices=sorted(one.stem for one in _SCENARIOS.glob("*.xml")), default="callee"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the port, the scenario and the log"
    )
    parser.add_argument("--user", default="trunk-user", help="who may call (scenario trunk)")
    parser.add_argument("--password", default="", help="of that user")
    args = parser.parse_args()
    sipp = program()
    if sipp is None:
        parser.exit(1, "sipp is not installed: apt-get install sip-tester\n")
    serve_until_signalled(serve(sipp, args.scenario, args.out, args.user, args.password))


if __name__ == "__main__":
    main()
