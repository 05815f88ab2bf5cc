"""git and ssh, with which a host fetches the sources of builds."""

import shutil

from launch.commands import apt_command, apt_install, may_install
from launch.places import Places
from launch.say import say

PACKAGES = {"git": "git", "ssh": "openssh-client"}  # program -> the distribution's package


def ensure_git(places: Places) -> None:
    """Install what is missing where that is allowed. Without it only builds from Git fail, so nothing is stopped."""
    lacking = missing_programs()
    packages = [PACKAGES[program] for program in lacking]
    if lacking and may_install():
        apt_install("Git", packages, log=places.logs / "setup.log")
    elif lacking:
        say("Git", f"no {' and no '.join(lacking)} here; builds from Git need it (as root: {apt_command(packages)})")


def missing_programs() -> list[str]:
    """Which of the programs are not here."""
    return [program for program in PACKAGES if shutil.which(program) is None]
