"""Stress-Predict: 35 people with an Empatica E4 on the wrist, three tasks with rest between.

Iqbal et al., "Stress Monitoring Using Wearable Sensors: A Pilot Study and Stress-Predict Dataset",
Sensors 22(21), 2022 (doi:10.3390/s22218135); MIT licence. Read as git clone gives it:

- `Raw_data/SNN/EDA.csv`: Empatica's form, 4 Hz, microsiemens; exact zeros are no contact;
- `Processed_data/Improved_All_Combined_hr_rsp_binary.csv`: a row per second with the participant,
  Unix seconds and the label, 0 rest and 1 task; participants 2 to 35.

The order of the tasks is the same for all: Stroop colour words, interview, hyperventilation. What
lies before the first task is kept in the session without a label: nobody is at rest who waits for
it. There is no valence: high arousal is a task, low arousal is rest between or after the tasks.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from pathlib import Path

from device.errors import DatasetError
from training.datasets.parsers.empatica import NAME, E4Recording, read_eda
from training.datasets.parsers.tables import number_rows
from training.datasets.recordings import Dataset
from training.datasets.sessions import Segment, Session, usable

LABELS = "Improved_All_Combined_hr_rsp_binary.csv"
TASKS = ("Stroop", "interview", "hyperventilation")
BEFORE = "before the tasks"
REST, TASK = 0, 1
NOTE = (
    "Labels: high arousal is a mental task or hyperventilation, low arousal is rest between or "
    "after them. Tasks came at fixed times and in the same order for everybody."
)
HOW_TO_GET = (
    "Stress-Predict is open (MIT): clone its repository "
    "(github.com/italha-d/Stress-Predict-Dataset) and give its path with --data-root."
)


def load(root: Path) -> Dataset:
    """Read everybody's session as recordings of its labelled segments.

    Parameters
    ----------
    root : Path
        The repository.

    Raises
    ------
    DatasetError
        Naming what is missing or damaged, and how to get it.
    """
    found, skipped = sessions(root)
    recordings = usable(found, skipped)
    if not recordings:
        raise DatasetError(f"No segment under {root} can be used: {dict(skipped)}")
    people = len({recording.subject for recording in recordings})
    return Dataset(
        "stress-predict",
        f"Stress-Predict ({people} people, task or rest)",
        recordings,
        (0.0, 1.0),
        skipped,
        (NOTE,),
        class_rule="task is high, rest between or after the tasks is low",
        words={"arousal": ("as at rest", "as in a mental task")},
        sessions=tuple(found),
    )


def sessions(root: Path) -> tuple[list[Session], Counter[str]]:
    """Read everybody's session, sorted by subject, and count those without labels.

    Raises
    ------
    DatasetError
        Naming the file at fault.
    """
    folders = sorted(path.parent for path in (root / "Raw_data").glob(f"S*/{NAME}"))
    if not folders:
        raise DatasetError(f"There is no Raw_data/S02/{NAME} in {root}. {HOW_TO_GET}")
    labels = _labels(root / "Processed_data" / LABELS)
    known = {folder.name for folder in folders}
    unknown = sorted(set(labels) - known)
    if unknown:
        raise DatasetError(
            f"{LABELS} has labels of {unknown[0]}, but there is no Raw_data/{unknown[0]}/{NAME}. "
            f"{HOW_TO_GET}"
        )
    skipped: Counter[str] = Counter()
    out = []
    for folder in folders:
        if folder.name not in labels:
            skipped["session without labels"] += 1
            continue
        recorded = read_eda(folder)
        segments = _segments(folder.name, labels[folder.name], recorded)
        out.append(Session(folder.name, folder.name, recorded.samples, segments))
    return out, skipped


def _labels(path: Path) -> dict[str, list[tuple[int, float, int]]]:
    """Return (line, Unix second, label) of each subject, in the file's order."""
    if not path.is_file():
        raise DatasetError(f"There is no {path}. {HOW_TO_GET}")
    rows: dict[str, list[tuple[int, float, int]]] = {}
    with path.open(newline="", encoding="utf-8-sig") as lines:
        columns = ("Participant", "Time(sec)", "Label")
        for line, (who, second, label) in enumerate(number_rows(lines, path.name, columns), 2):
            if float(label) not in (REST, TASK):
                raise DatasetError(f"{path.name}, line {line}: the label is {label}; 0 or 1 was "
                                   "expected")  # fmt: skip
            own = rows.setdefault(f"S{int(float(who)):02d}", [])
            if own and float(second) <= own[-1][1]:
                raise DatasetError(
                    f"{path.name}, line {line}: participant {who}'s time {second} does not come "
                    f"after {own[-1][1]:.0f}; rows in order were expected"
                )
            own.append((line, float(second), int(float(label))))
    return rows


def _segments(
    subject: str, rows: list[tuple[int, float, int]], recorded: E4Recording
) -> tuple[Segment, ...]:
    """Return the runs of equal labels, a second a row, as segments of the session."""
    end_s = float(recorded.samples.time_s[-1])
    line, second, _ = rows[0]
    if second - recorded.start_unix_s > end_s or rows[-1][1] < recorded.start_unix_s:
        raise DatasetError(
            f"{LABELS}, line {line}: {subject}'s labels begin at {second:.0f}, but its {NAME} goes "
            f"from {recorded.start_unix_s:.0f} to {recorded.start_unix_s + end_s:.0f}"
        )
    segments = []
    tasks = 0
    for label, run in groupby(rows, key=lambda row: row[2]):
        seconds = [second for _, second, _ in run]
        start_s = max(seconds[0] - recorded.start_unix_s, 0.0)
        stop_s = min(seconds[-1] + 1.0 - recorded.start_unix_s, end_s + 1 / recorded.rate_hz)
        if label == TASK:
            name = TASKS[tasks] if tasks < len(TASKS) else f"task {tasks + 1}"
            tasks += 1
        else:
            name = f"rest {tasks}" if tasks else BEFORE
        if stop_s <= start_s:
            continue
        classes = {} if name == BEFORE else {"arousal": label}
        segments.append(Segment(name, start_s, stop_s, classes=classes))
    return tuple(segments)
