"""What the installed sentry-sdk knows: its options and its integrations, by name.

Asked of the installed package, not told by version numbers, and only when a function is called.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from telemetry_core.settings.forms import Fault, Refused, check_mapping, did_you_mean, shown


def sdk_version() -> str:
    """Return the version of the installed sentry-sdk, e.g. ``2.42.0``."""
    return importlib.metadata.version("sentry-sdk")


def option_names() -> frozenset[str]:
    """Return the names of all options that ``sentry_sdk.init`` takes."""
    from sentry_sdk.consts import DEFAULT_OPTIONS

    return frozenset(DEFAULT_OPTIONS)


def integration_names() -> frozenset[str]:
    """Return the names of the public modules of ``sentry_sdk.integrations``.

    Nothing is imported, so that what an integration needs need not be installed.
    """
    spec = importlib.util.find_spec("sentry_sdk")
    places = (spec.submodule_search_locations if spec is not None else None) or ()
    folders = [str(Path(place) / "integrations") for place in places]
    names = (module.name for module in pkgutil.iter_modules(folders))
    return frozenset(name for name in names if not name.startswith("_"))


def integration_fault(name: str) -> Fault | None:
    """Say what is wrong with the name of an integration, or return None."""
    known = integration_names()
    if name in known:
        return None
    return Fault(
        got=shown(name),
        allowed=f"a list of integrations that sentry-sdk {sdk_version()} has",
        hint=did_you_mean(name, known) or "Name a module of sentry_sdk.integrations.",
    )


def check_options(value: object) -> Mapping[str, object]:
    """Return options for ``sentry_sdk.init``; raise `Refused` for each that it doesn't know.

    The values are the SDK's business, and are never shown.
    """
    options = check_mapping(value)
    known = option_names()
    faults: list[Fault] = []
    for name in options:
        if name == "dsn":
            hint = "Set TELEMETRY_DSN: a DSN is checked there."
            faults.append(
                Fault(
                    got="the option 'dsn'",
                    allowed="a mapping from options other than dsn",
                    hint=hint,
                )
            )
        elif name not in known:
            got = f"the option {shown(name)}"
            allowed = f"a mapping from options that sentry-sdk {sdk_version()} knows"
            hint = did_you_mean(name, known)
            faults.append(Fault(got=got, kind="unknown", allowed=allowed, hint=hint))
    if faults:
        raise Refused(*faults)
    return MappingProxyType(options)
