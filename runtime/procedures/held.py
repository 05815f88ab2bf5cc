"""Does the engine hold an image of this name?"""

from runtime.engine.base import Engine
from runtime.engine.errors import NotFound


def holds(engine: Engine, name: str) -> bool:
    """By tag, digest or ID. EngineError but for NotFound."""
    try:
        engine.image(name)
    except NotFound:
        return False
    return True
