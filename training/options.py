"""The options that `training.run` and `training.ablate` share, and what carries out their runs."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from device.errors import MissingExtraError
from training.datasets.names import GSR_UNITS, NAMES
from training.presets import PRESETS

if TYPE_CHECKING:
    from training.evaluation.runner import Runner

_Function = TypeVar("_Function", bound=Callable[..., Any])
_BY_PRESET = "by preset and data set"


def shared(function: _Function) -> _Function:
    """Add the shared options to a command."""
    positive = click.FloatRange(min=0, min_open=True)
    options = [
        click.option(
            "--dataset",
            type=click.Choice(NAMES),
            callback=_asked_for,
            help="What to learn.  [required]",
        ),
        click.option(
            "--data-root",
            type=click.Path(path_type=Path),
            help="Folder with the data set's files [default: $RTCAN_DATA/NAME or data/NAME].",
        ),
        click.option(
            "--labels-csv",
            type=click.Path(path_type=Path),
            help="Of e4: table of session, start, stop, person, arousal, valence.",
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
            "--stimuli-apart/--no-stimuli-apart",
            "--songs-apart/--no-songs-apart",
            "stimuli_apart",
            default=None,
            help="Hold stimuli out with the people: songs, videos, tasks [default: only pmemo].",
        ),
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
        click.option(
            "--normalisation",
            type=click.Choice(["personal", "zscore"]),
            help="personal: in the person's own running units, which needs sittings as they "
            "happened. zscore: each window by itself, as published [default: personal for "
            "eevr, stress-predict and e4, zscore for others, paper-* and --prepared].",
        ),
        click.option("--input-length", type=int, help="Samples that a window becomes."),
        click.option(
            "--ensemble",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            help="Networks whose answers are averaged; each leaves out other training people, by "
            "whom it is calibrated.",
        ),
        click.option(
            "--wide/--no-wide",
            default=None,
            help="A linear path on plain features beside the network [default: where windows are "
            "in personal units].",
        ),
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
        click.option(
            "--cache-limit",
            "cache_limit_gb",
            type=positive,
            default=20.0,
            show_default=True,
            help="GB that the cache may hold; what was not used for longest goes.",
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


def _asked_for(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Let a data set be missing only where nothing is learnt."""
    if value is None and not ctx.params.get("cache_info") and not ctx.resilient_parsing:
        raise click.MissingParameter(ctx=ctx, param=param)
    return value


def cache_folder(o: dict[str, Any]) -> Path:
    """Return where the options `o` have windows kept."""
    from training.windows import cache

    return o["cache"] or cache.default_folder()


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
