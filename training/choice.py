"""What the options of `training.run` and `training.ablate` come to: data, network, fit, split."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from device.errors import DatasetError
from training.options import cache_folder
from training.presets import FRAMES, Frame, Preset, personal, preset

if TYPE_CHECKING:
    import torch

    from runtime.preprocessing.contract import Contract
    from training.datasets.recordings import Dataset
    from training.datasets.registry import Source
    from training.evaluation.runner import Runner
    from training.folds.problem import Problem
    from training.folds.splits import Plan
    from training.labels.annotation import Annotation
    from training.windows.cut import Windows

_WHOLE_TRIAL = "it takes whole trials, whatever their length, which a live stream does not have"
_PREPARED = "its input was decomposed by other code"


@dataclass(frozen=True)
class Choice:
    """What the options come to.

    Attributes
    ----------
    problem : Problem
        What is learnt.
    contract : Contract
        All constants of the preprocessing.
    compared : Plan or None
        The other protocol, where both are wanted.
    tested : Problem or None
        Another data set on which the final model is tested.
    """

    problem: Problem
    contract: Contract
    compared: Plan | None
    tested: Problem | None = None


def choose(
    runner: Runner,
    *,
    music: bool | None,
    temporal_attention: bool,
    channel_attention: bool,
    o: dict[str, Any],
) -> Choice:
    """Read the data and return what the options `o` come to.

    Raises
    ------
    DatasetError
        If the data cannot be read, or options do not go together.
    """
    from runtime.preprocessing.contract import Contract
    from training.datasets.registry import Source
    from training.evaluation import transfer
    from training.folds.problem import Problem
    from training.folds.splits import Plan
    from training.labels import annotation
    from training.network.model import NetworkConfig
    from training.windows.prepare import prepare

    chosen: Preset = preset(o["preset_name"])
    frame = FRAMES[o["dataset"]]
    if o["loso"] and (o["folds"] or o["protocol"] == "paper"):
        raise DatasetError("--loso makes one fold per subject; it goes with neither --folds nor "
                           "--protocol paper")  # fmt: skip
    with_music = chosen.music if music is None else music
    given = {
        "epochs": o["epochs"],
        "batch_size": o["batch_size"],
        "learning_rate": o["learning_rate"],
    }
    settings = dataclasses.replace(
        chosen.settings,
        stride_s=o["stride_s"],
        precision=_precision(o["precision"], runner.device),
        seed=o["seed"],
        **{name: value for name, value in given.items() if value is not None},
    )
    whole = chosen.whole_trial and not o["prepared"]
    contract = Contract(
        window_s=o["window_s"] or frame.window_s,
        context_s=frame.context_s if o["context_s"] is None else o["context_s"],
        input_length=o["input_length"] or chosen.input_length,
        channels=chosen.channels,
        not_live=_PREPARED if o["prepared"] else _WHOLE_TRIAL if whole else "",
        **(personal() if _is_personal(o, chosen, frame) else {}),
    )
    labels = o["labels"] or frame.labels
    annotation.check_rule(labels)
    protocol = o["protocol"] or chosen.protocol
    apart = _stimuli_apart(o, frame, protocol)
    source = Source(
        name=o["dataset"],
        root=o["data_root"],
        gsr_unit=o["gsr_unit"],
        prepared=o["prepared"],
        music=with_music,
        seed=o["seed"] if o["dataset"] == "synthetic" else 0,
        labels_csv=o["labels_csv"],
    )
    other = _other_source(o, source)
    folder = None if o["no_cache"] else cache_folder(o)

    def prepared(which: Source, rule: str) -> tuple[Dataset, Windows, Annotation]:
        return prepare(
            which, contract, o["stride_s"], whole, rule, folder, runner.console, runner.workers,
            limit_gb=o["cache_limit_gb"],
        )  # fmt: skip

    data, windows, classes = prepared(source, labels)
    plan = Plan(
        protocol="subject" if protocol == "both" else protocol,
        # Where nobody asked for a number, few people make fewer groups.
        folds=o["folds"] or min(frame.folds, max(len(data.subjects), 2)),
        leave_one_out=o["loso"],
        stimuli_apart=apart,
        repeat=o["repeat"],
        seed=o["seed"],
    )
    config = NetworkConfig(
        input_length=contract.input_length,
        width=o["width"],
        temporal_attention=temporal_attention,
        channel_attention=channel_attention,
        unit_attention=chosen.unit_attention and channel_attention,
        music=len(next(iter(data.music.values()))) if with_music else 0,
        # The released network without music ends in a ReLU, whatever the data set.
        head="relu" if chosen.head == "softmax" and not with_music else chosen.head,  # type: ignore[arg-type]
    )
    problem = Problem(
        data=data,
        windows=windows,
        annotation=classes,
        targets=_targets(data, o["target"]),
        config=config,
        settings=settings,
        plan=plan,
        ensemble=o["ensemble"],
        wide=_is_wide(o, contract),
    )
    compared = None
    if protocol == "both":
        compared = dataclasses.replace(
            plan, protocol="paper", stimuli_apart=False, leave_one_out=False
        )
    tested = None
    if other is not None:
        tested = transfer.other(problem, *prepared(other, FRAMES[other.name].labels))
    return Choice(problem, contract, compared, tested)


def _other_source(o: dict[str, Any], source: Source) -> Source | None:
    """Return the data set that the final model is tested on, if there is one."""
    name = o.get("test_on")
    if name is None:
        for option in ("test_root", "test_labels_csv"):
            if o.get(option) is not None:
                raise DatasetError(
                    f"--{option.replace('_', '-')} goes with --test-on, which names the data set"
                )
        return None
    from training.datasets.registry import find_root

    for option, given in (("--prepared", source.prepared), ("--music", source.music)):
        if given:
            raise DatasetError(
                f"--test-on needs input that both data sets have; {option} is of one. Leave one of "
                "them out."
            )
    other = dataclasses.replace(
        source, name=name, root=o["test_root"], labels_csv=o["test_labels_csv"],
        seed=o["seed"] if name == "synthetic" else 0,
    )  # fmt: skip
    roots = [None if root is None else root.resolve() for root in map(find_root, (source, other))]
    if name == source.name and roots[0] == roots[1]:
        raise DatasetError(
            f"--test-on {name}: these are the people that are learnt from; another data set, or "
            "another --test-root, was expected"
        )
    return other


def _is_personal(o: dict[str, Any], chosen: Preset, frame: Frame) -> bool:
    """Return whether windows are seen in the person's own units."""
    stream = not (chosen.whole_trial or o["prepared"])
    if o["normalisation"] == "personal" and not stream:
        what = "--prepared" if o["prepared"] else f"--preset {o['preset_name']}"
        raise DatasetError(
            f"--normalisation personal needs each person's signal as a stream; {what} has whole "
            "trials. Leave one of them out."
        )
    return stream and (o["normalisation"] or frame.normalisation) == "personal"


def _stimuli_apart(o: dict[str, Any], frame: Frame, protocol: str) -> bool:
    """Return whether stimuli are held out with the people."""
    wanted = o["stimuli_apart"]
    if wanted and protocol == "paper":
        raise DatasetError(
            "--stimuli-apart goes with --protocol subject; under --protocol paper stimuli, and "
            "people, stand on both sides"
        )
    return protocol != "paper" and bool(frame.stimuli_apart if wanted is None else wanted)


def _is_wide(o: dict[str, Any], contract: Contract) -> bool:
    """Return whether a linear path on plain features stands beside the network."""
    if o["wide"] and not contract.features:
        raise DatasetError(
            "--wide needs plain features in personal units: add --normalisation personal, or leave "
            "it out"
        )
    return bool(contract.features) if o["wide"] is None else bool(o["wide"])


def _targets(data: Dataset, wanted: str) -> tuple[str, ...]:
    """Return what is learnt; "both" is all that the data set has."""
    if wanted == "both":
        return data.targets
    if wanted not in data.targets:
        raise DatasetError(
            f"{data.name} has no {wanted}; it has: {', '.join(data.targets) or 'no labels'}"
        )
    return (wanted,)


def _precision(wanted: str, device: torch.device) -> str:
    if wanted != "auto":
        return wanted
    return "bf16" if device.type == "cuda" else "fp32"
