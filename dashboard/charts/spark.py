"""The line on a card: a small SVG picture, since six more charts would cost what they do not tell."""

import base64
from collections.abc import Sequence

from dashboard.charts.theme import DARK, LIGHT

HEIGHT, EDGE = 28, 4


def spark(values: Sequence[float], *, width: int = 84, dark: bool = False) -> str:
    """A data address of the picture, ``width`` pixels; empty for fewer than two values.

    Zero is the foot; the newest value has a dot.
    """
    if len(values) < 2:
        return ""
    p = DARK if dark else LIGHT
    low, high = min(0.0, *values), max(0.0, *values)
    span = (high - low) or 1.0
    points = [
        (
            EDGE + k / (len(values) - 1) * (width - 2 * EDGE),
            HEIGHT - EDGE - (v - low) / span * (HEIGHT - 2 * EDGE),
        )
        for k, v in enumerate(values)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}">'
        f'<polyline points="{path}" fill="none" stroke="{p.observed}" stroke-width="1.8" stroke-linejoin="round"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.8" fill="{p.observed}"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(picture.encode()).decode()
