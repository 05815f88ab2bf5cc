"""The Redis that logs and tickets need."""

from tests.redis_rig import redis_server, redis_url

__all__ = ["redis_server", "redis_url"]
