"""How fast one host may speak: who is faster is read more slowly, others are not harmed."""

import asyncio
import time
from dataclasses import dataclass, field


@dataclass
class Quota:
    """A bucket of bytes, filled at `rate` a second up to `burst`."""

    rate: float
    burst: float
    _level: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._level, self._at = self.burst, time.monotonic()

    async def spend(self, size: int) -> None:
        """Take `size` bytes, waiting until they are there."""
        moment = time.monotonic()
        self._level = min(self.burst, self._level + (moment - self._at) * self.rate) - size
        self._at = moment
        if self._level < 0:
            await asyncio.sleep(-self._level / self.rate)
