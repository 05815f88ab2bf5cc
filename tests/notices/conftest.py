"""The harbour, the Redis that logs need, and somebody who listens."""

from tests.deployments.rig import harbour
from tests.notices.receiver import receiver
from tests.redis_rig import redis_server, redis_url

__all__ = ["harbour", "receiver", "redis_server", "redis_url"]
