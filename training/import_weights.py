"""`python -m training.import_weights`: the authors' released weights as a checkpoint of ours.

The released files are plain state dictionaries of Yin et al. 2022 (arXiv 2008.09743), saved by
torch 1.1. Names are mapped one to one; which attentions a network has is recognised from its names.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.cli import RtcanCommand
from device.errors import CheckpointError, MissingExtraError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from runtime.preprocessing.contract import Contract
    from training.network.checkpoint import Checkpoint
    from training.network.model import RTCAN

NETWORKS = ("deap", "amigos", "pmemo")
_INPUT_LENGTH = 2500
_EDA_FEATURES = 896
# Left unused by the released network itself.
_UNUSED = ("Res_sub.fc.weight", "Res_sub.fc.bias")
_NOT_LIVE = (
    "its weights are of the released system, which stretched whole trials; the DEAP and AMIGOS "
    "networks moreover saw signals folded into a square image"
)


@click.command(cls=RtcanCommand)
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE.pt")
@click.option("--network", type=click.Choice(NETWORKS), required=True, help="Which of the three.")
@click.option("--target", type=click.Choice(["arousal", "valence"]), required=True)
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("save/imported.pt"), show_default=True
)
def main(path: Path, network: str, target: str, output: Path) -> None:
    """Turn FILE.pt, a released state dictionary, into a checkpoint that can be exported."""
    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError("torch", "train", "Importing weights")
    from training.network import checkpoint

    made = convert(read(path), network, target)
    checkpoint.save(made, output)
    config = made.networks[target].config
    parts = [
        name
        for name, there in (
            ("temporal attention", config.temporal_attention),
            ("channel attention", config.channel_attention),
            (f"music ({config.music} features)", config.music > 0),
        )
        if there
    ]
    click.echo(
        f"Wrote {output}: {network}'s network for {target}, {', '.join(parts) or 'no attention'}, "
        f"head {config.head}. Next: python -m export.onnx {output}"
    )


def read(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dictionary; nothing in the file is executed.

    Raises
    ------
    CheckpointError
        If there is no such file, or it is no dictionary of tensors.
    """
    import pickle

    import torch

    if not path.is_file():
        raise CheckpointError(f"There is no {path}; expected: a state dictionary saved by torch")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, LookupError) as error:
        raise CheckpointError(
            f"{path} is not a state dictionary of torch, is cut short, or holds more than tensors, "
            "which is not loaded because it could run code"
        ) from error
    if not isinstance(state, Mapping) or not all(torch.is_tensor(v) for v in state.values()):
        raise CheckpointError(
            f"{path} is a torch file, but not a plain state dictionary of names and tensors"
        )
    # Networks that were trained on several GPUs carry this in front of each name.
    return {str(name).removeprefix("module."): value for name, value in state.items()}


def convert(state: Mapping[str, torch.Tensor], network: str, target: str) -> Checkpoint:
    """Return a checkpoint with the released weights, its one target, and the released head.

    Parameters
    ----------
    state : mapping of str to Tensor
        Names and weights as released.
    network : "deap", "amigos" or "pmemo"
        Which of the three networks they are of: it decides the head and the channel order.
    target : "arousal" or "valence"
        What it was trained for.

    Raises
    ------
    CheckpointError
        Naming every weight that is missing, unknown or of the wrong shape.
    """
    from training.network.checkpoint import Checkpoint
    from training.network.model import RTCAN, NetworkConfig
    from training.network.wide_and_deep import WideAndDeep

    temporal = any(name.startswith("Non_local.") for name in state)
    channel = any(name.startswith("Attention.") for name in state)
    in_units = any(".Attention.conv_du." in name for name in state)
    first = state.get("regression.0.weight")
    music = max(int(first.shape[1]) - _EDA_FEATURES, 0) if first is not None else 0
    ours = RTCAN(
        NetworkConfig(
            input_length=_INPUT_LENGTH,
            temporal_attention=temporal,
            channel_attention=channel,
            unit_attention=in_units,
            music=music,
            head="softmax" if music else "relu",
        )
    )
    names = dict(_names(ours))
    shapes = {name: tuple(value.shape) for name, value in ours.state_dict().items()}
    missing = [theirs for theirs in names.values() if theirs not in state
               and not theirs.endswith("num_batches_tracked")]  # fmt: skip
    unknown = sorted(set(state) - set(names.values()) - set(_UNUSED))
    misfits = [
        f"{theirs} {tuple(state[theirs].shape)} instead of {shapes[mine]}"
        for mine, theirs in names.items()
        if theirs in state and tuple(state[theirs].shape) != shapes[mine]
    ]
    faults = [
        f"{what}: {', '.join(which)}"
        for what, which in (("missing", missing), ("unknown", unknown), ("wrong shape", misfits))
        if which
    ]
    if faults:
        raise CheckpointError(
            f"These are not the weights of a released {network} network. " + "; ".join(faults)
        )
    current = ours.state_dict()
    ours.load_state_dict({mine: state.get(theirs, current[mine]) for mine, theirs in names.items()})
    import numpy as np

    contract = _contract(network, target, music)
    examples, songs = _examples(contract, music)
    return Checkpoint(
        contract,
        {target: WideAndDeep([ours]).eval()},
        examples,
        # Nobody rated the simulated windows.
        {target: np.full(len(examples), -1, dtype=np.int64)},
        examples,
        {"imported": f"released weights of the {network} network"},
        songs,
        songs,
    )


def _names(ours: RTCAN) -> list[tuple[str, str]]:
    """Return (our name, released name) of every weight."""
    attends = ours.config.temporal_attention or ours.config.channel_attention
    stem = ("origin_block.0", "origin_block.1") if attends else ("Res_sub.conv1", "Res_sub.bn1")
    parts = {
        "origin.0": stem[0],
        "origin.1": stem[1],
        "temporal.theta": "Non_local.non_local.theta",
        "temporal.phi": "Non_local.non_local.phi.0",
        "temporal.g": "Non_local.non_local.origin_conv.0",
        "temporal.out": "Non_local.non_local.W.0",
        "temporal.norm": "Non_local.non_local.W.1",
        "channel.down": "Attention.conv_du.0",
        "channel.up": "Attention.conv_du.2",
        "final.0": "Res_sub.final_downsample.0",
        "final.1": "Res_sub.final_downsample.1",
        "head.0": "regression.0",
        "head.2": "regression.2",
        "head.4": "regression.4",
    }
    for number in range(8):
        unit = f"Res_sub.layer3x3_{number // 2 + 1}.{number % 2}"
        parts |= {
            f"stages.{number}.conv": f"{unit}.conv1",
            f"stages.{number}.norm": f"{unit}.bn1",
            f"stages.{number}.shortcut.0": f"{unit}.downsample.0",
            f"stages.{number}.shortcut.1": f"{unit}.downsample.1",
            f"stages.{number}.attention.down": f"{unit}.Attention.conv_du.0",
            f"stages.{number}.attention.up": f"{unit}.Attention.conv_du.2",
        }
    return [
        (name, f"{parts[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}")
        for name in ours.state_dict()
    ]


def _contract(network: str, target: str, music: int) -> Contract:
    from runtime.preprocessing.contract import Contract, Target

    order = ("origin", "tonic", "phasic") if network == "pmemo" else ("tonic", "phasic", "origin")
    return Contract(
        window_s={"deap": 60.0, "amigos": 60.0, "pmemo": 30.0}[network],
        context_s=2.5,
        input_length=_INPUT_LENGTH,
        channels=order,
        targets=(Target(name=target),),
        labels="each subject's two cluster centres, as published",
        trained_on=f"{network.upper()}, by the authors of RTCAN-1D",
        not_live=_NOT_LIVE,
        # What the authors did to the features before the network is not known: they go in as given.
        music_mean=(0.0,) * music,
        music_std=(1.0,) * music,
    )


def _examples(
    contract: Contract, music: int
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return simulated windows to prove an export with, float32 (n, 3, 2500), and music."""
    import numpy as np

    from device.simulation.physiology import Person, simulate
    from runtime.preprocessing.windows import Preprocessor

    samples = simulate(Person(), 90.0, 16.0, arousal=lambda s: 0.9 if s > 45 else 0.1, seed=1)
    windows = Preprocessor(contract).push(samples.time_s, samples.eda_us)
    inputs = np.stack([w.input for w in windows if w.input is not None])
    songs = np.random.default_rng(0).normal(size=(len(inputs), music)).astype(np.float32)
    return inputs, songs if music else None


if __name__ == "__main__":
    main()
