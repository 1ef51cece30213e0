"""Logging with the same privacy as telemetry: what local logs hold names nobody either."""
