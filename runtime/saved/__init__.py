"""An image that somebody saved as an archive: looked at without trust, and written anew for the engine."""
