"""The options that `training.run` and `training.ablate` share, and what they make of them."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from device.errors import DatasetError, MissingExtraError
from training.datasets.names import GSR_UNITS, NAMES
from training.presets import FRAMES, PRESETS, Preset, preset

if TYPE_CHECKING:
    import torch

    from runtime.preprocessing.contract import Contract
    from training.evaluation.problem import Problem
    from training.evaluation.runner import Runner
    from training.evaluation.splits import Plan

_Function = TypeVar("_Function", bound=Callable[..., Any])
_BY_PRESET = "by preset and data set"
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
    """

    problem: Problem
    contract: Contract
    compared: Plan | None


def shared(function: _Function) -> _Function:
    """Add the shared options to a command."""
    positive = click.FloatRange(min=0, min_open=True)
    options = [
        click.option("--dataset", type=click.Choice(NAMES), required=True, help="What to learn."),
        click.option(
            "--data-root",
            type=click.Path(path_type=Path),
            help="Folder with the data set's files [default: $RTCAN_DATA/NAME or data/NAME].",
        ),
        click.option("--prepared", is_flag=True, help="The published code's own prepared folder."),
        click.option(
            "--gsr-unit",
            type=click.Choice(GSR_UNITS),
            default="auto",
            show_default=True,
            help="Of deap and amigos, where it is disputed.",
        ),
        click.option(
            "--preset", "preset_name", type=click.Choice(PRESETS), default="ours", show_default=True
        ),
        click.option(
            "--protocol",
            type=click.Choice(["subject", "paper", "both"]),
            help="subject: people held out. paper: pairs, as published; people stand on both "
            f"sides. both: beside each other [default: {_BY_PRESET}].",
        ),
        click.option(
            "--folds",
            type=click.IntRange(min=1),
            help="1 holds out a fifth once [default: 10, or as many as people; 1 for synthetic].",
        ),
        click.option("--loso", is_flag=True, help="Leave one subject out, each in turn."),
        click.option(
            "--repeat",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            help="Draw the folds so often.",
        ),
        click.option("--labels", help=f"midpoint, median or fixed:5 [default: {_BY_PRESET}]."),
        click.option("--target", type=click.Choice(["both", "arousal", "valence"]), default="both"),
        click.option("--epochs", type=click.IntRange(min=1), help=f"At most [{_BY_PRESET}]."),
        click.option("--batch-size", type=click.IntRange(min=2), help="Windows a step."),
        click.option("--learning-rate", type=positive, help="Of AdamW at its highest, or of SGD."),
        click.option("--window", "window_s", type=float, help=f"Seconds [{_BY_PRESET}]."),
        click.option("--context", "context_s", type=float, help=f"Seconds [{_BY_PRESET}]."),
        click.option("--input-length", type=int, help="Samples that a window becomes."),
        click.option("--width", type=click.IntRange(min=8), default=64, help="Channels a layer."),
        click.option(
            "--stride",
            "stride_s",
            type=positive,
            default=10.0,
            show_default=True,
            help="Seconds from one training window to the next.",
        ),
        click.option(
            "--seed", type=int, default=0, show_default=True, help="The same gives the same model."
        ),
        click.option(
            "--device",
            type=str,
            default="auto",
            show_default=True,
            help="auto, cpu, cuda, cuda:1, mps.",
        ),
        click.option("--jobs", type=click.IntRange(min=1), help="Fits at a time [one a core]."),
        click.option(
            "--stack",
            type=click.IntRange(min=1),
            help="Fits computed as one program [1 on a CPU, all on a GPU].",
        ),
        click.option(
            "--precision",
            type=click.Choice(["auto", "fp32", "bf16"]),
            default="auto",
            show_default=True,
            help="Of matrix products; auto is bf16 on a GPU.",
        ),
        click.option("--scheduler", help="Dask's, such as tcp://host:8786: work on its cluster."),
        click.option(
            "--cache",
            type=click.Path(path_type=Path),
            help="Where windows are kept [default: $RTCAN_CACHE or ~/.cache/rtcan].",
        ),
        click.option("--no-cache", is_flag=True, help="Keep no windows."),
        click.option("--resume", is_flag=True, help="Go on where an interrupted run stopped."),
        click.option("--again", is_flag=True, help="Do it anew, even if the same is done already."),
        click.option(
            "--tensorboard", is_flag=True, help="Write event files too; epochs.csv is always."
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def require_packages() -> None:
    """Raise `MissingExtraError` where the extra `train` is not installed."""
    for package in ("torch", "sklearn", "joblib", "matplotlib"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, "train", "Training")


@contextmanager
def runner(output: Path, o: dict[str, Any]) -> Iterator[Runner]:
    """Return what carries out a run as the options `o` say, for as long as the block lasts.

    Raises
    ------
    RtcanError
        If the device is not there, or the cluster cannot be used.
    """
    from rich.console import Console

    from training.compute.workers import Workers
    from training.evaluation.runner import Runner, choose_device

    device = choose_device(o["device"])
    with Workers(o["jobs"], o["scheduler"]) as workers:
        yield Runner(
            device=device,
            output=output,
            console=Console(),
            workers=workers,
            stack=o["stack"],
            resume=o["resume"],
            again=o["again"],
            tensorboard=o["tensorboard"],
        )


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
    from training.datasets.recordings import TARGETS
    from training.datasets.registry import Source
    from training.evaluation.problem import Problem
    from training.evaluation.splits import Plan
    from training.labels import annotation
    from training.network.model import NetworkConfig
    from training.windows import cache
    from training.windows.prepare import annotated, prepare

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
    )
    labels = o["labels"] or frame.labels
    annotation.check_rule(labels)
    source = Source(
        name=o["dataset"],
        root=o["data_root"],
        gsr_unit=o["gsr_unit"],
        prepared=o["prepared"],
        music=with_music,
        seed=o["seed"] if o["dataset"] == "synthetic" else 0,
    )
    folder = None if o["no_cache"] else o["cache"] or cache.default_folder()
    data, windows = prepare(
        source, contract, o["stride_s"], whole, folder, runner.console, runner.workers
    )
    protocol = o["protocol"] or chosen.protocol
    plan = Plan(
        protocol="subject" if protocol == "both" else protocol,
        # Where nobody asked for a number, few people make fewer groups.
        folds=o["folds"] or min(frame.folds, max(len(data.subjects), 2)),
        leave_one_out=o["loso"],
        songs_apart=frame.songs_apart and protocol != "paper",
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
        annotation=annotated(data, labels, runner.console),
        targets=TARGETS if o["target"] == "both" else (o["target"],),
        config=config,
        settings=settings,
        plan=plan,
    )
    compared = None
    if protocol == "both":
        compared = dataclasses.replace(
            plan, protocol="paper", songs_apart=False, leave_one_out=False
        )
    return Choice(problem, contract, compared)


def _precision(wanted: str, device: torch.device) -> str:
    if wanted != "auto":
        return wanted
    return "bf16" if device.type == "cuda" else "fp32"
