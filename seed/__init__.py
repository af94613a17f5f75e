"""The fictional city of Harbor: ``python -m seed`` fills an empty database with it."""

from seed.world import ACCOUNTS, PASSWORD, Counts, build

__all__ = ["ACCOUNTS", "PASSWORD", "Counts", "build"]
