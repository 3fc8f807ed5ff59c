"""Wiring: settings become the handler that the core runs, and the sender beside it with its links to the outside."""

import asyncio
from datetime import UTC, datetime

from services.notify.clients.sip import SipClient, SipOptions
from services.notify.clients.smpp import SmppClient, SmppOptions
from services.notify.clients.speech import Speech
from services.notify.gauges import Gauges
from services.notify.handlers import NotifyHandler
from services.notify.links import receipts_into
from services.notify.media import Absent, Calls, Medium, Texts
from services.notify.outcomes import Outcomes
from services.notify.sender import Sender
from services.notify.settings import Settings
from shared import clock, policies
from shared.contracts import sources
from shared.messaging.service import Background, Running
from shared.policies.loader import Policies


def build(settings: Settings) -> NotifyHandler:
    """The handler. Raises `PolicyError` with one line for each fault: it never runs with half a policy."""
    centres = frozenset(one.id for one in sources.load().values() if one.message_centre)
    now = clock.from_setting(settings.clock)
    since = now.now() if settings.rebuilt else datetime.fromtimestamp(0, UTC)
    return NotifyHandler(now, _policies(settings), centres, settings.sign, since)


def sender(settings: Settings) -> Background:
    """The background work: links, sender and outcomes, until the service stops."""

    async def work(running: Running) -> None:
        outcomes = Outcomes(running.apply)
        texts, smpp = _texts(settings, outcomes, running)
        calls, sip = _calls(settings)
        one = Sender(
            running.pool,
            outcomes,
            running.clock,
            _policies(settings),
            (texts, calls),
            Gauges(running.metrics),
        )
        async with asyncio.TaskGroup() as group:
            links = [group.create_task(link.run()) for link in (smpp, sip) if link]
            links += [group.create_task(one.watch())]
            storing, sending = group.create_task(outcomes.run()), group.create_task(one.run())
            await running.stopping.wait()
            sending.cancel()
            await one.drain(3)
            for task in (*links, storing):
                task.cancel()

    return work


def _policies(settings: Settings) -> Policies:
    return policies.load(overlay=settings.regions_dir)


def _texts(settings: Settings, outcomes: Outcomes, running: Running) -> tuple[Medium, SmppClient | None]:
    if not settings.smpp_host:
        return Absent("sms"), None
    options = SmppOptions(
        host=settings.smpp_host,
        port=settings.smpp_port,
        system_id=settings.smpp_system_id,
        password=settings.smpp_password.get_secret_value(),
        source_addr=settings.smpp_source,
        system_type=settings.smpp_system_type,
        window=settings.smpp_window,
        response_timeout=settings.smpp_timeout,
        enquire_every=settings.smpp_enquire,
    )
    client = SmppClient(options, receipts_into(outcomes, running.clock))
    # More texts than the window holds, because each also waits for its row; a text has at most four parts, each waits for
    # its place in the window and for its answer.
    longest = 4 * 4 * settings.smpp_timeout + 30
    return Texts(client, at_once=4 * settings.smpp_window, longest=longest), client


def _calls(settings: Settings) -> tuple[Medium, SipClient | None]:
    if not settings.sip_peer:
        return Absent("call"), None
    options = SipOptions(
        trunk=settings.sip_peer,
        listen=settings.sip_listen,
        user=settings.sip_user,
        auth_user=settings.sip_auth_user,
        password=settings.sip_password.get_secret_value(),
        rtp_ports=settings.sip_rtp_ports,
        at_once=settings.calls_at_once,
        ring=settings.ring,
        wait=settings.key_wait,
    )
    client = SipClient(options)
    longest = settings.ring + settings.key_wait + 180
    speech = Speech(words_per_minute=settings.speech_rate, folder=settings.speech_dir)
    return Calls(client, speech, at_once=settings.calls_at_once, longest=longest), client
