"""What holds for every test: where Django's settings are, no host is dialled, no example timed."""

from __future__ import annotations

import importlib.util
import os

from hypothesis import HealthCheck, settings
from only_this_host import refuse_other_hosts

refuse_other_hosts()

# A machine that is busy with other things makes no claim untrue.
settings.register_profile("at leisure", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("at leisure")

# Holds projects with tests of their own, which tests run.
collect_ignore = ["support"]

if importlib.util.find_spec("django") is not None:
    # Not in pyproject.toml: pytest 9 in strict mode refuses the setting where pytest-django is
    # not installed, as in the environment that has neither framework.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_settings")
