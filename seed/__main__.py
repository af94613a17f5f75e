"""``python -m seed``: make the database when it is missing, fill it with the fictional city, say what is in it."""

import sys

import seed
from db import engine, migrate, settings
from db.errors import TandemError
from seed.story import ZONE


def main() -> None:
    """Migrate and build; exit code 1 and one line when the database already holds a pilot."""
    try:
        bind = engine.engine()
        migrate.upgrade(bind)
        counts = seed.build(bind, settings.load().today(ZONE))
    except TandemError as error:
        print(f"seed: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    print(f"Harbor, a fictional city: {counts}.")
    print(f"Sign in as {', '.join(name for name, *_ in seed.ACCOUNTS)}; the password is {seed.PASSWORD}")


if __name__ == "__main__":
    main()
