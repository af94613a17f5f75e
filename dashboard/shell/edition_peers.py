"""``tandem edition load``: another city's portable edition, as a line to compare with."""

from pathlib import Path
from typing import Annotated

import typer

from dashboard import peers
from dashboard.measures.compute import pilot_to_date, several
from dashboard.model import Audience
from dashboard.shell import opened
from db.commands.peers import LARGEST, load_peer
from db.engine import record_session
from db.errors import Unreadable


def load(
    file: Annotated[Path, typer.Argument(help="The JSON file that the other city exported.", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come of it; store nothing.")] = False,
) -> None:
    """Load another city's portable edition; refused with the reason where its definitions are not ours."""
    bind, pilot, viewer = opened()
    content = _content(file)
    results = several(bind, viewer, peers.COMPARED, pilot_to_date(pilot, viewer.today), Audience.public)
    with record_session(bind, viewer) as session:
        loaded = load_peer(session, viewer, content, peers.definitions(results), dry_run=dry_run)
    did = "would be loaded" if dry_run else "was loaded before" if loaded.again else "is loaded"
    print(f"Edition {loaded.number} of {loaded.city} {did}: {len(loaded.comparable)} figures can be compared.")
    for title, why in loaded.refused.items():
        print(f"Not compared: “{title}” {why}.")


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened_file:
            return opened_file.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(f"{file} cannot be read: {error.strerror}. Check the name.") from None
