"""What the stand-in telephone's SIP server does beside answering: challenges, INVITEs that come again, calls that move."""

from collections.abc import Callable
from typing import Any

from aiosipua.sdp import serialize_sdp
from aiosipua.transport import UdpSipTransport
from aiosipua.uas import SipUAS

from deploy.peers.digest import Digest


class Uas(SipUAS):
    """Drops an INVITE that comes again, as it does after 0.5 s on a busy machine, and challenges callers if it has a `digest`.

    aiosipua 0.7.1 would take it for a new call under the same Call-ID: the ACK goes to that one, and the first call is released.
    """

    def __init__(
        self,
        transport: UdpSipTransport,
        digest: Digest | None = None,
        challenged: Callable[[str], object] = str,
    ) -> None:
        """`challenged` is told the address that a caller who was challenged wants to reach."""
        super().__init__(transport)
        self._digest, self._challenged = digest, challenged
        self._seen: set[tuple[str, str]] = set()

    def _handle_invite(self, request: Any, addr: tuple[str, int]) -> None:
        one = (request.call_id or "", request.get_header("cseq") or "")
        within = ";tag=" in (request.get_header("to") or "")
        if one in self._seen and not within:
            return
        self._seen.add(one)
        if within or self._digest is None or self._proven(request, self._digest):
            super()._handle_invite(request, addr)

    def _proven(self, request: Any, digest: Digest) -> bool:
        if digest.answered(request.get_header("proxy-authorization") or "", "INVITE"):
            return True
        self._challenged(request.get_header("to") or "")
        fields = {"Proxy-Authenticate": digest.challenge()}
        self._send_error(request, 407, "Proxy Authentication Required", extra_headers=fields)
        return False

    def move(self, call: Any, sdp: Any, *, hold: bool = False) -> None:
        """Asks the caller of an established call to speak to another place, or to nobody (re-INVITE); who agrees gets an ACK."""
        text = serialize_sdp(sdp)
        self._send_within(call, "INVITE", text.replace("a=sendrecv", "a=inactive") if hold else text)

    def _on_message(self, msg: Any, addr: tuple[str, int]) -> None:
        cseq = (msg.get_header("cseq") or "").split()
        if getattr(msg, "status_code", 0) // 100 == 2 and cseq[1:] == ["INVITE"]:
            if call := self.get_call(msg.call_id or ""):
                self._send_within(call, "ACK", cseq=f"{cseq[0]} ACK")
            return
        super()._on_message(msg, addr)

    def _send_within(self, call: Any, method: str, sdp: str = "", cseq: str = "") -> None:
        host, port = self.transport.local_addr
        request = call.dialog.create_request(method, via_host=host, via_port=port)
        request.headers.set_single("Contact", f"<sip:{host}:{port}>")
        if cseq:
            request.headers.set_single("CSeq", cseq)
        if sdp:
            request.text = sdp
            request.headers.set_single("Content-Type", "application/sdp")
        self.transport.send(request, call.source_addr)
