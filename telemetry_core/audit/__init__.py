"""Proof that nothing personal leaves an application: plant values, make errors, read the bytes.

``telemetry audit`` starts the application in a process of its own (`probe`), whose only way out is
a collector on loopback in this one (`runner`), and looks for what was planted (`canaries`, `plan`)
in all that arrives (`verdict`). What is known of a framework is in its adapter's module ``audit``.
"""

from __future__ import annotations
