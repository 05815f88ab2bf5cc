"""Tests once more, on PostgreSQL: `python -m tests.on_postgres`, further words go to pytest."""

import os
import subprocess
import sys

from tests.flows.postgres import private_postgres


def main() -> int:
    with private_postgres() as database_url:
        command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
        return subprocess.run(command, env={**os.environ, "DATABASE_URL": database_url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
