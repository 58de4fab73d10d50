"""Names of results, by BIDS: https://bids-specification.readthedocs.io/en/stable/derivatives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

# Entities of a raw file's name that its derivatives keep, in BIDS's order.
_ENTITIES = re.compile(r"(?:^|_)(sub|ses|task|acq|run|recording)-([A-Za-z0-9]+)")
# What says nothing of whose recording it is.
_PLAIN = re.compile(r"^(eda|gsr|physio|data|recording|signals?)$", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """Where the results of a recording lie.

    Attributes
    ----------
    folder : Path
        Below the output folder: sub-LABEL/beh.
    stem : str
        What all their names begin with.
    """

    folder: Path
    stem: str

    def file(self, end: str) -> Path:
        """Return the path of one of them, such as "scr.tsv", below the output folder."""
        return self.folder / f"{self.stem}_{end}"


def places(paths: Sequence[Path]) -> list[Place]:
    """Return a place for each recording, all different.

    A name by BIDS keeps its entities. Another recording is a subject by the name of its file, or of
    its folder where the file is only called EDA.csv or the like; equal names are numbered as runs.
    """
    found = [_entities(path) for path in paths]
    stems = ["_".join(f"{key}-{value}" for key, value in one.items()) for one in found]
    # Some systems take Sub and sub for one name.
    given = Counter(stem.casefold() for stem in stems)
    taken = set(given)
    result = []
    for entities, stem in zip(found, stems, strict=True):
        if given[stem.casefold()] > 1:
            key = "desc" if "run" in entities else "run"
            numbered = (f"{stem}_{key}-{number}" for number in count(1))
            stem = next(name for name in numbered if name.casefold() not in taken)
            taken.add(stem.casefold())
        folder = Path(f"sub-{entities['sub']}")
        if "ses" in entities:
            folder /= f"ses-{entities['ses']}"
        result.append(Place(folder / "beh", stem))
    return result


def _entities(path: Path) -> dict[str, str]:
    named = dict(_ENTITIES.findall(path.name))
    if "sub" in named:
        return {key: named[key] for key in ("sub", "ses", "task", "acq", "run", "recording")
                if key in named}  # fmt: skip
    stem = path.name.removesuffix(".gz")
    stem = stem.rpartition(".")[0] or stem if path.suffix else stem
    if _PLAIN.match(stem) and path.resolve().parent.name:
        stem = path.resolve().parent.name
    label = re.sub(r"[^A-Za-z0-9]", "", stem)
    return {"sub": label or "unnamed"}
