"""The output folder of a run: whose it is, and its description."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from device.errors import RecordingError
from runtime.analysis.runs.sidecars import to_json, versions
from runtime.analysis.runs.task import Batch
from runtime.files import alone, write_whole

DESCRIPTION = "dataset_description.json"


def claim(batch: Batch) -> None:
    """Make the output folder this run's.

    Raises
    ------
    RecordingError
        If it holds files that are not ours, or another run's.
    """
    with alone(batch.out):  # of two runs that begin at once, the later one finds the other
        _refuse_others(batch)
        write_whole(
            batch.out / DESCRIPTION,
            to_json(
                {
                    "Name": "Skin conductance: responses, features, tonic and phasic parts",
                    "BIDSVersion": "1.10.0",
                    "DatasetType": "derivative",
                    "GeneratedBy": [
                        {
                            "Name": "rtcan analyse",
                            "Version": versions().get("rtcan", "n/a"),
                            "Settings": batch.told(),
                        }
                    ],
                }
            ),
        )


def _refuse_others(batch: Batch) -> None:
    # Names that begin with a dot are drafts of a run that was killed, or the system's.
    if any(not item.name.startswith(".") for item in batch.out.iterdir()):
        told = _read(batch.out / DESCRIPTION)
        if told is None:
            raise RecordingError(
                f"{batch.out} holds files that are not of rtcan analyse: choose another --out, or "
                "an empty folder"
            )
        changed = [
            f"{name} was {told.get(name)} and is {value}"
            for name, value in json.loads(json.dumps(batch.told())).items()
            if told.get(name) != value
        ]
        if changed and not batch.overwrite:
            raise RecordingError(
                f"{batch.out} holds another run: {'; '.join(changed)}. Choose another --out, or "
                "replace its results with --overwrite"
            )


def _read(path: Path) -> dict[str, Any] | None:
    """Return the settings of an earlier run; None where the folder is not ours."""
    try:
        maker = json.loads(path.read_text(encoding="utf-8"))["GeneratedBy"][0]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None
    if not isinstance(maker, dict) or maker.get("Name") != "rtcan analyse":
        return None
    settings = maker.get("Settings")
    return settings if isinstance(settings, dict) else None
