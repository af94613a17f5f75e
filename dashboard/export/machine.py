"""What this machine must have for some kinds of file: a browser for pictures, pango for PDF; nothing else does."""

import os
import shutil
from ctypes.util import find_library

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PANGO = ("pango-1.0", "pango-1.0-0", "libpango-1.0-0")
"""Names of the library on Linux and macOS, and on Windows."""


def browser() -> str | None:
    """The path of a browser that can draw, or None. BROWSER_PATH names another one than those on the PATH."""
    named = os.environ.get("BROWSER_PATH", "")
    return (shutil.which(named) if named else None) or next(filter(None, map(shutil.which, BROWSERS)), None)


def no_browser() -> str:
    """Why no picture can be made here, and the way out; empty where one can."""
    if browser():
        return ""
    return (
        "No Chromium: charts cannot be saved as pictures (PNG) here. "
        "Install it (Debian: apt install chromium), or name a browser in BROWSER_PATH."
    )


def no_pango() -> str:
    """Why no PDF can be made here, and the way out; empty where one can."""
    if any(map(find_library, PANGO)):
        return ""
    return (
        "No pango: PDF files cannot be made here. Take another format, or install it "
        "(Debian: apt install libpango-1.0-0 libpangoft2-1.0-0)."
    )
