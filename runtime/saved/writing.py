"""A saved image as the engine gets it: an archive of our own making, of what was looked at and of nothing else."""

import json
from collections.abc import Iterator

from runtime import tar_writing
from runtime.saved.reading import SavedImage


def engine_archive(image: SavedImage, *, name: str) -> Iterator[bytes]:
    """Docker's own archive of the image, called `name` alone. The configuration stays as it is, to the byte."""
    config = f"{image.image_id.partition(':')[2]}.json"
    layers = {layer.diff_id: layer for layer in image.layers}
    paths = {diff_id: f"{diff_id.partition(':')[2]}.tar" for diff_id in layers}
    told = [{"Config": config, "RepoTags": [name], "Layers": [paths[layer.diff_id] for layer in image.layers]}]
    yield from tar_writing.text("manifest.json", json.dumps(told).encode())
    yield from tar_writing.text(config, image.config)
    for diff_id, layer in layers.items():
        yield from tar_writing.member(paths[diff_id], layer.size, layer.content())
    yield tar_writing.END


def engine_bytes(image: SavedImage) -> int:
    """How many bytes of layers that archive holds."""
    return sum(layer.size for layer in {layer.diff_id: layer for layer in image.layers}.values())
