"""Prints the published list of what is sent: ``python -m telemetry_core.policy``."""

from __future__ import annotations

import sys

from telemetry_core.policy.catalogue import what_is_sent

sys.stdout.write(what_is_sent())
