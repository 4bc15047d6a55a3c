"""The demo's photos as evidence: drawn, since nobody's yard shall be in it."""

from __future__ import annotations

from io import BytesIO
from random import Random

_SIZE = (480, 360)
_LEAVES = ("#5f8f3e", "#3f7a3a", "#7fa653", "#4c6b2f")


def draw_photo(random: Random) -> bytes:
    """Trees before hills, no two alike."""
    # Only where a demo is made.
    from PIL import Image, ImageDraw

    width, height = _SIZE
    image = Image.new("RGB", _SIZE, random.choice(("#bcd7e8", "#d9e4e6", "#e8d9c3")))
    draw = ImageDraw.Draw(image)
    horizon = random.randrange(height // 3, height * 2 // 3)
    for _ in range(3):
        middle, spread = random.randrange(width), random.randrange(width // 3, width)
        top = random.randrange(height // 8, horizon)
        draw.polygon([(middle - spread, horizon), (middle, top), (middle + spread, horizon)], "#8a9a8f")
    draw.rectangle((0, horizon, width, height), random.choice(("#b59a6c", "#a88d5f", "#9c8f5a")))
    for _ in range(random.randrange(2, 9)):
        x, foot = random.randrange(width), random.randrange(horizon, height)
        size = 20 + (foot - horizon) // 2 + random.randrange(20)
        draw.rectangle((x - 3, foot - size, x + 3, foot), "#6b4a2f")
        draw.ellipse((x - size // 2, foot - 2 * size, x + size // 2, foot - size // 2), random.choice(_LEAVES))
    output = BytesIO()
    image.save(output, "JPEG", quality=85)
    return output.getvalue()
