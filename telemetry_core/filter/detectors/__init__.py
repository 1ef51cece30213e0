"""The table of detectors: what is personal or secret in text, and how to find it."""

from __future__ import annotations

from collections.abc import Mapping

from telemetry_core.filter.detectors import (
    assignments,
    contact,
    device,
    identity,
    location,
    network,
    paths,
    payment,
    secrets,
    spoken,
    tokens,
    vendors,
)
from telemetry_core.filter.detectors import build as _build
from telemetry_core.filter.detectors.detector import Detector

DETECTORS: tuple[Detector, ...] = (
    *tokens.DETECTORS,
    *vendors.DETECTORS,
    *secrets.DETECTORS,
    *assignments.DETECTORS,
    *spoken.DETECTORS,
    *paths.DETECTORS,
    # Before addresses of the network: one may be a domain.
    *contact.EMAILS,
    *payment.DETECTORS,
    *device.DETECTORS,
    *identity.DETECTORS,
    *network.DETECTORS,
    *location.DETECTORS,
    *contact.DETECTORS,
)


def build_detectors(config: Mapping[str, object] | None = None) -> tuple[Detector, ...]:
    """Return the built-in detectors, changed as ``TELEMETRY_DETECTORS`` says.

    See :func:`telemetry_core.filter.detectors.build.build_detectors` for its form and errors.
    """
    return _build.build_detectors(config, DETECTORS)


__all__ = ["DETECTORS", "Detector", "build_detectors"]
