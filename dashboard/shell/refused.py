"""``--refused FILE`` of an import: the rows that were not taken, to be mended and loaded again."""

from collections.abc import Sequence
from pathlib import Path

from db.cad.mapping import Mapped
from db.cad.read import Refusal
from db.cad.refused import refused_csv
from db.cad.sniff import CadFile
from db.errors import Unreadable
from db.vocab import counted


def write_refused(target: Path, file: CadFile, mapping: Mapped, sheet: str | None, refusals: Sequence[Refusal]) -> str:
    """Write the refused rows of ``file`` with their reasons; the sentence that says so.

    Raises Unreadable where ``target`` cannot be written.
    """
    if not refusals:
        return f"No row was refused: {target} was not written."
    try:
        with target.open("w", encoding="utf-8-sig", newline="") as out:
            out.writelines(refused_csv(file, mapping, refusals, sheet or None))
    except OSError as error:
        raise Unreadable(f"{target} cannot be written ({error.strerror}). Name another file with --refused.") from None
    stand = counted(len(refusals), "refused row stands", "refused rows stand")
    return f"{stand} in {target}: mend {'it' if len(refusals) == 1 else 'them'} there and load that file."
