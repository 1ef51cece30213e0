"""What holds for every test: where Django's settings are, and that nothing dials out."""

from __future__ import annotations

import importlib.util
import os

from only_this_host import refuse_other_hosts

refuse_other_hosts()

# Holds projects with tests of their own, which tests run.
collect_ignore = ["support"]

if importlib.util.find_spec("django") is not None:
    # Not in pyproject.toml: pytest 9 in strict mode refuses the setting where pytest-django is
    # not installed, as in the environment that has neither framework.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_settings")
