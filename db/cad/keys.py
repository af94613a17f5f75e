"""Millions of keys put in order, and those that occur again: by one number for each key where that can be."""

import numpy as np

_BITS = 64
_PART = 100_000


def packed(keys: np.ndarray) -> np.ndarray | None:
    """For each key (numpy strings) an uint64, equal and in order where the keys are; None where 64 bits are too few."""
    longest = int(np.strings.str_len(keys).max(initial=0))
    if not longest or longest > _BITS // 3:
        return None
    try:
        letters = keys.astype(f"S{longest}").view(np.uint8).reshape(-1, longest)
    except UnicodeEncodeError:  # not ASCII
        return None
    used = np.zeros(256, bool)
    used[letters.ravel()] = True
    used[0] = False  # what fills short keys up: before any letter
    bits = int(used.sum()).bit_length()
    if bits * longest > _BITS:
        return None
    rank = np.cumsum(used).astype(np.uint64) * used
    codes = np.zeros(len(letters), np.uint64)
    for k in range(longest):
        codes = (codes << np.uint64(bits)) | rank[letters[:, k]]
    return codes


def repeated(keys: np.ndarray, codes: np.ndarray | None) -> np.ndarray:
    """Rows whose key, or by rare chance only its hash, occurs again."""
    if codes is not None:
        order = np.argsort(codes)
        same = np.flatnonzero(np.diff(codes[order]) == 0)
        return np.unique(order[np.concatenate([same, same + 1])])
    parts = (keys[k : k + _PART].tolist() for k in range(0, len(keys), _PART))
    hashes = np.fromiter((hash(key) for part in parts for key in part), np.int64, len(keys))
    ordered = np.sort(hashes)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    return np.flatnonzero(np.isin(hashes, twice)) if len(twice) else twice


def in_order(keys: np.ndarray, codes: np.ndarray | None, changed: np.ndarray) -> np.ndarray:
    """The rows in order of their keys. ``changed``: a mask of the few keys that no longer are what was packed."""
    if codes is None:
        return np.argsort(keys, kind="stable")
    plain, other = np.flatnonzero(~changed), np.flatnonzero(changed)
    order = plain[np.argsort(codes[plain])]
    if not len(other):
        return order
    other = other[np.argsort(keys[other], kind="stable")]
    return np.insert(order, np.searchsorted(keys[order], keys[other]), other)
