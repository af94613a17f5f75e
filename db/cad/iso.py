"""Moments written like 2018-01-01 18:19:00, a whole column at once."""

import numpy as np

ISO_WIDTH = 19
_FIRST = 1970


def read_iso(letters: np.ndarray, years: range) -> tuple[np.ndarray, np.ndarray] | None:
    """(local days since 1970, seconds after midnight) of cells as ASCII bytes, rows × :data:`ISO_WIDTH`.

    Date and time are parted by a space or T, the date by dashes or slashes; None where any cell is written otherwise
    or no such moment exists in ``years``.
    """
    if letters.shape[1] != ISO_WIDTH or not _parted(letters):
        return None
    digits = letters - np.uint8(ord("0"))  # what is no digit wraps to 10 or more
    if digits[:, _DIGITS].max(initial=0) > 9:
        return None

    def number(start: int, end: int) -> np.ndarray:
        value = digits[:, start].astype(np.int64)
        for k in range(start + 1, end):
            value = 10 * value + digits[:, k]
        return value

    year, month, day = number(0, 4), number(5, 7), number(8, 10)
    hour, minute, second = number(11, 13), number(14, 16), number(17, 19)
    good = (year >= years.start) & (year < years.stop) & (month >= 1) & (month <= 12) & (day >= 1)
    if not (good & (hour <= 23) & (minute <= 59) & (second <= 59)).all():
        return None
    months = (year - _FIRST) * 12 + month - 1
    if (day > _LENGTHS[months]).any():
        return None
    return _STARTS[months] + day - 1, hour * 3600 + minute * 60 + second


_DIGITS = [k for k in range(ISO_WIDTH) if k not in (4, 7, 10, 13, 16)]
_MONTHS = np.arange(12 * 200 + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
_STARTS, _LENGTHS = _MONTHS[:-1], np.diff(_MONTHS)
"""For each month since 1970 its first day and how many it has."""


def _parted(letters: np.ndarray) -> bool:
    dash, other, gap = letters[:, 4], letters[:, 7], letters[:, 10]
    return bool(
        ((dash == ord("-")) | (dash == ord("/"))).all()
        and (dash == other).all()
        and ((gap == ord(" ")) | (gap == ord("T"))).all()
        and (letters[:, [13, 16]] == ord(":")).all()
    )
