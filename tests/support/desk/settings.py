"""Settings of the project. Its database is where the environment says."""

from __future__ import annotations

import importlib
import json
import os

SECRET_KEY = "only-for-tests"
ROOT_URLCONF = "desk.urls"
AUTH_USER_MODEL = "desk.Clerk"
DATABASES = {"default": json.loads(os.environ["DESK_DATABASE"])}
if DATABASES["default"]["ENGINE"].endswith(".mysql"):
    # In the place of mysqlclient, which has to be compiled.
    importlib.import_module("pymysql").install_as_MySQLdb()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
INSTALLED_APPS = [
    "telemetry_django",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "desk",
]
MIDDLEWARE = [
    "telemetry_django.middleware.TelemetryMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
