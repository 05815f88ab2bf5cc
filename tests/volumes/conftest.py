"""The harbour, and the Redis that logs need."""

from tests.deployments.rig import harbour
from tests.redis_rig import redis_server, redis_url

__all__ = ["harbour", "redis_server", "redis_url"]
