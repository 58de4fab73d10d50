"""What each data set and each preset stands for; without torch, for the command line.

Ours fits each data set's windows to its trials and its network to what a window holds: at the model
rate of 8 Hz a window of 60 s has 480 samples, so that an input of 500 carries all of them. The
`paper-*` presets are the released system's: the whole trial stretched to 2500 samples, its
hyper-parameters and its heads. What it did to choose a model, looking at the test fold, is not
here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from training.fitting.settings import Settings

PRESETS = ("ours", "paper-deap", "paper-amigos", "paper-pmemo")
_PAPER_ORDER = ("tonic", "phasic", "origin")


@dataclass(frozen=True, kw_only=True)
class Frame:
    """How a data set's trials are cut and labelled by default.

    Attributes
    ----------
    context_s, window_s : float
        Of the contract; both and 0.375 s more must fit the shortest trial.
    labels : str
        Rule of annotation.
    folds : int
        1 holds out a fifth of the subjects once.
    stimuli_apart : bool
        Whether stimuli are held out with the subjects.
    normalisation : str
        Of the contract: "personal" where files hold whole sessions of real people. Trials by
        themselves are z-scored: the reference would take the first minutes of each person.
    """

    context_s: float = 5.0
    window_s: float = 60.0
    labels: str = "midpoint"
    folds: int = 10
    stimuli_apart: bool = False
    normalisation: str = "zscore"


FRAMES = {
    # A quick look: one split.
    "synthetic": Frame(labels="fixed:5", folds=1),
    # A sitting of a baseline and eight videos, few for clusters; the scale is 1 to 5.
    "eevr": Frame(labels="fixed:3", normalisation="personal"),
    # Tasks and rests of two to twenty minutes.
    "stress-predict": Frame(normalisation="personal"),
    # Whoever has no valence has no pairs for the clusters.
    "e4": Frame(labels="median", normalisation="personal"),
    # 3 s of rest and 60 s of video.
    "deap": Frame(context_s=2.5),
    # 5 s of rest and 51 to 150 s of video.
    "amigos": Frame(window_s=40.0),
    # 28 to 84 s of song, nothing before.
    "pmemo": Frame(context_s=2.5, window_s=25.0, stimuli_apart=True),
}


def personal() -> dict[str, Any]:
    """Return the contract's keys of windows in personal units.

    Two minutes come before the first answer. 25 minutes of past lie in the middle of what does
    alike on Stress-Predict; a constant baseline tells tonic and phasic apart in the most windows.
    """
    from runtime.preprocessing.contract import CvxEdaParameters
    from runtime.preprocessing.features import FEATURES

    return {
        "normalisation": "personal",
        "reference_s": 120.0,
        "reference_span_s": 1500.0,
        "features": FEATURES,
        "cvxeda": CvxEdaParameters(baseline="constant"),
    }


@dataclass(frozen=True, kw_only=True)
class Preset:
    """How windows are shaped and networks fitted.

    Attributes
    ----------
    settings : Settings
        How to fit.
    protocol : str
        Default protocol.
    input_length : int
        Samples per channel.
    channels : tuple of str
        Their order.
    whole_trial : bool
        Whether a whole trial, whatever its length, becomes one input; never for live use.
    music : bool
        Whether music is joined.
    unit_attention : bool
        See `NetworkConfig`.
    head : str
        See `NetworkConfig`.
    """

    settings: Settings = field(default_factory=Settings)
    protocol: str = "subject"
    input_length: int = 500
    channels: tuple[str, ...] = _PAPER_ORDER
    whole_trial: bool = False
    music: bool = False
    unit_attention: bool = False
    head: str = "logits"


def preset(name: str) -> Preset:
    """Return a preset of `PRESETS`."""
    if name == "ours":
        return Preset()
    rate, epochs, decay = {
        "paper-pmemo": (1e-3, 100, 0.0),
        "paper-deap": (0.1, 300, 1e-3),
        "paper-amigos": (1e-3, 1000, 1e-2),
    }[name]
    settings = Settings(
        epochs=epochs,
        batch_size=300,
        optimiser="sgd",
        learning_rate=rate,
        weight_decay=decay,
        patience=epochs,
        balanced=False,
        epoch_windows=0,
        least_slice=1.0,
    )
    songs = name == "paper-pmemo"
    return Preset(
        settings=settings,
        protocol="paper",
        input_length=2500,
        channels=("origin", "tonic", "phasic") if songs else _PAPER_ORDER,
        whole_trial=True,
        music=songs,
        unit_attention=songs,
        head="softmax" if songs else "relu",
    )
