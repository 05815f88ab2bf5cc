"""In the environment, before the servers start: tables, static files, the first administrator, host `local`.

One process for all of it, because each start of the framework costs a second. Prints one line of JSON.
"""

import hashlib
import io
import json
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

STATIC_STAMP = ".stamp"


def main() -> None:
    credential = Path(sys.argv[1])
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    _collect_static()
    administrator = io.StringIO()
    call_command("first_admin", stdout=administrator)
    call_command("enroll_host", "local", credential_file=str(credential), every_team=True, stdout=io.StringIO())
    print(json.dumps({"administrator": administrator.getvalue().strip()}))


def _collect_static() -> None:
    """Gather and compress the static files when one of them changed."""
    target = Path(settings.STATIC_ROOT)
    wanted, stamp = _static_digest(), target / STATIC_STAMP
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(wanted)


def _static_digest() -> str:
    known = hashlib.sha256(f"{django.__file__} {settings.STORAGES}".encode())
    for folder in settings.STATICFILES_DIRS:
        for file in sorted(Path(folder).rglob("*")):
            facts = file.stat()
            known.update(f"{file} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return known.hexdigest()


if __name__ == "__main__":
    main()
