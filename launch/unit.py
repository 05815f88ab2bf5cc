"""The systemd unit that starts a worker with its machine."""

import os
import pwd
from pathlib import Path

from launch.places import ROOT, Places
from launch.say import say, stop, title

UNIT = Path("/etc/systemd/system/slipway-worker.service")
RUNNING = Path("/run/systemd/system")  # is there where systemd runs
STOP_SECONDS = 30  # the worker takes its time to let go of what it does

TEXT = """\
[Unit]
Description=Slipway worker
Wants=network-online.target
After=network-online.target docker.service

[Service]
User={user}
WorkingDirectory={root}
Environment="SLIPWAY_HOME={home}" "SLIPWAY_VENV={venv}"
ExecStart="{root}/bin/worker"
Restart=always
RestartSec=5
KillMode=mixed
TimeoutStopSec={stop_seconds}

[Install]
WantedBy=multi-user.target
"""


def unit_text(here: Places) -> str:
    """For the user, the tree and the home of this call."""
    values = {"user": pwd.getpwuid(os.geteuid()).pw_name, "root": ROOT, "home": here.home, "venv": here.venv}
    for name, value in values.items():
        if any(character in str(value) for character in '"\\\n%'):
            stop(f"Systemd: the {name} {value} has a character that a unit cannot have. Choose another place.")
    return TEXT.format(stop_seconds=STOP_SECONDS, **values)


def install_unit(here: Places, unit: Path = UNIT) -> None:
    """Write the unit where systemd looks for it. Starting it is left to the one who reads the words."""
    try:
        unit.write_text(unit_text(here))
    except FileNotFoundError:
        stop(f"Systemd: there is no {unit.parent} here. bin/worker --systemd prints the unit.")
    say("Systemd", f"wrote {unit}")
    if not RUNNING.is_dir():
        say("", "systemd does not run here")
    title(f"Start it now and with the machine: systemctl daemon-reload && systemctl enable --now {unit.stem}")
