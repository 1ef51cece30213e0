"""What gunicorn is told in a file, since it passes over names in it that it doesn't know."""

from __future__ import annotations

# Newer versions make a control socket in the home folder; older ones don't know the option.
control_socket_disable = True
