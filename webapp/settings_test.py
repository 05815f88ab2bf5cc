"""Settings of the fast tests: no server, no key file, cheap password hashing."""

import os
import tempfile

_home = tempfile.TemporaryDirectory(prefix="slipway-test-")  # gone with the process
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["SLIPWAY_HOME"] = _home.name  # not the one that it inherits: each process tidies up in its own
os.environ.setdefault("SLIPWAY_HOME", _home.name)
os.environ.setdefault("SLIPWAY_SECRET_KEY", "for-tests-only-" + "x" * 40)
os.environ.setdefault("SLIPWAY_ENCRYPTION_KEYS", "bm90LWEtc2VjcmV0LW9ubHktZm9yLXRlc3RzLTEyMzQ=")
os.environ.setdefault("SLIPWAY_ALLOWED_HOSTS", "localhost,127.0.0.1,testserver")

from webapp.settings import *  # noqa: E402, F403
from webapp.settings import DATABASES, SLIPWAY_HOME, SQLITE_OPTIONS  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in life: threads of one test share a database in memory, and with it its table locks.
    DATABASES["default"]["TEST"] = {"NAME": str(SLIPWAY_HOME / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"] = {
        **SQLITE_OPTIONS,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;",
    }
PRIVATE_TARGETS = ["127.0.0.1"]  # where the tests' own servers listen
