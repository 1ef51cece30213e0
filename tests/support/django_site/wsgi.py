"""For WSGI servers."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

import telemetry_core

application = get_wsgi_application()

if os.environ.get("SITE_SAYS_HELLO"):
    # Has a connection to the server open when it forks.
    telemetry_core.get_telemetry_config().capture_message("loaded")
    telemetry_core.get_telemetry_config().flush()
