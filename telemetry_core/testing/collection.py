"""The block in which what telemetry sends is collected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import sentry_sdk

from telemetry_core import session as sessions
from telemetry_core.diversion import Diversion, diverting, switches
from telemetry_core.process import initialize_telemetry, running_telemetry, stop_telemetry
from telemetry_core.testing.outbox import Outbox


@contextmanager
def collect_telemetry() -> Iterator[Outbox]:
    """Collect what telemetry sends within the block, in place of sending it.

    The application's own clients stay, with their options and hooks; only the transport behind
    the gate is another, so what is collected is what would have left, byte for byte. Where
    telemetry is off, it is switched on until the end of the block: in Django, in the Flask
    applications that there are or are made in it, or else for the process, with the rest of the
    application's settings and a DSN that leads nowhere.

    Promises: nothing of the block reaches a network, nothing from before it is in the outbox, and
    telemetry is afterwards as it was, with whatever was switched on in the block off again. What
    the block sets in the SDK's scopes is forgotten with it.

    Does not promise to see other processes, nor what a client sends that ``sentry_sdk.init`` made
    within the block: then the outbox raises when it is looked at.

    :raises telemetry_core.SettingsError: when telemetry has to be switched on and a setting is
        wrong.
    """
    outbox = Outbox()
    diversion = outbox.diversion
    before = running_telemetry()
    token = sessions.bind(None)
    try:
        with ExitStack() as switched, sentry_sdk.isolation_scope():
            try:
                with diverting(diversion):
                    for config in before:
                        diversion.divert(config.client, config.gate)
                    _switch_on(diversion, switched)
                    outbox.clear()
                    yield outbox
                    outbox.flush()
            finally:
                stop_telemetry([config for config in running_telemetry() if config not in before])
    finally:
        sessions.unbind(token)


def _switch_on(diversion: Diversion, switched: ExitStack) -> None:
    """See that there is a client, the application's own if it has one, and that it is diverted."""
    client = sentry_sdk.Scope.get_global_scope().client
    if client is not None and client.is_active() and not diversion.diverts(client):
        # The application's own sentry_sdk.init(), with whatever stands in place of a gate there.
        diversion.divert(client, None)
        return
    for switch in switches:
        switched.enter_context(switch())
    if not running_telemetry():
        diversion.provisional = initialize_telemetry()
