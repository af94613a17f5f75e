"""A seal on stored JSON: who reads it can tell whether it is what was written."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def digest(written: Mapping[str, Any]) -> str:
    """SHA-256 of canonical JSON (sorted keys, no spaces, UTF-8), in hexadecimal."""
    text = json.dumps(written, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
