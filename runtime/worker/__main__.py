"""`python -m runtime.worker`: a host's processes, kept running. With `worker`, `agent` or `edge`: that one alone; with
`enroll URL CODE`: become a host.
"""

import asyncio
import logging
import os
import sys

from runtime.worker import enroll
from runtime.worker.agent import run_agent
from runtime.worker.app import run_worker
from runtime.worker.config import AUTHORITIES, Misconfigured, read_config
from runtime.worker.edge import run_edge
from runtime.worker.supervise import children_of, own_command, supervise

USAGE = "usage: python -m runtime.worker [worker|agent|edge|enroll URL CODE]"
MISCONFIGURED = 78  # EX_CONFIG


def main(words: list[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Each request would be a line otherwise.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if words[:1] == ["enroll"]:
        return enroll.main(words[1:], os.environ)
    try:
        config = read_config(os.environ)
        if config.authorities:
            os.environ.setdefault(AUTHORITIES, config.authorities)  # where TLS looks for it
        match words:
            case []:
                asyncio.run(supervise(own_command(), children=children_of(config)))
            case ["worker"]:
                run_worker(config)
            case ["agent"]:
                asyncio.run(run_agent(config))
            case ["edge"]:
                asyncio.run(run_edge(config))
            case _:
                print(USAGE, file=sys.stderr)
                return os.EX_USAGE
    except Misconfigured as error:
        print(f"This worker cannot start: {error}", file=sys.stderr)
        return MISCONFIGURED
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
