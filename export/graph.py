"""The graph that is exported: all networks, the same input, probabilities out."""

from __future__ import annotations

import dataclasses
import logging
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from export.card import CARD_KEY
from export.lower import lowered
from export.portable import portable
from runtime.inference import golden, prior
from runtime.inference.music import MOST_DEVIATIONS
from runtime.inference.seal import seal
from runtime.preprocessing.contract import METADATA_KEY, Contract
from training.network.wide_and_deep import WideAndDeep

# The oldest that torch's exporter writes without converting.
OPSET = 18


class Graph(nn.Module):
    """All targets at once: (batch, 3, L) to one (batch, 2) of probabilities per target.

    Parameters
    ----------
    networks : mapping of str to WideAndDeep
        One per target, in evaluation mode.
    contract : Contract
        Its targets give the order of the outputs and their temperatures.
    """

    music_mean: Tensor
    music_rest: Tensor
    music_std: Tensor

    def __init__(self, networks: Mapping[str, WideAndDeep], contract: Contract) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks[target.name] for target in contract.targets)
        self.temperatures = [target.temperature for target in contract.targets]
        # A mean in two parts: float32 alone would round a large one by more than a small deviation.
        mean = torch.tensor(contract.music_mean, dtype=torch.float64)
        self.register_buffer("music_mean", mean.float())
        self.register_buffer("music_rest", (mean - mean.float().double()).float())
        self.register_buffer("music_std", torch.tensor(contract.music_std))

    def forward(
        self, eda: Tensor, features: Tensor | None = None, music: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Return probabilities, one float32 (batch, 2) per target; `music` is as computed."""
        scaled = None
        if music is not None:
            scaled = ((music - self.music_mean) - self.music_rest) / self.music_std
            scaled = scaled.clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS)
        return tuple(
            torch.softmax(network(eda, features, scaled) / temperature, dim=1)
            for network, temperature in zip(self.networks, self.temperatures, strict=True)
        )


def build(
    graph: Graph,
    contract: Contract,
    card: str = "{}",
    stretch: golden.Golden | None = None,
    priors: Mapping[str, prior.Prior] | None = None,
) -> bytes:
    """Export to ONNX with a dynamic batch, the contract in the metadata, and a seal.

    What is written is the lowered form of the networks (`export.lower`); that it equals them is
    for `export.parity` to prove.
    """
    form = Graph(
        {
            target.name: lowered(network)
            for target, network in zip(contract.targets, graph.networks, strict=True)
            if isinstance(network, WideAndDeep)
        },
        contract,
    )
    examples = {"eda": torch.randn(3, len(contract.channels), contract.input_length)}
    for name, values in (("features", contract.features), ("music", contract.music_mean)):
        if values:
            examples[name] = torch.randn(3, len(values))
    batch = torch.export.Dim("batch", min=1)
    names = [target.name for target in contract.targets]
    # The exporter only writes to files; its own directory keeps a failed export from leaving any.
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # torch's exporter warns of its own deprecated calls.
        warnings.simplefilter("ignore")
        # ... and of torchvision, which nothing here uses.
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            form.eval(),
            (),
            path,
            kwargs=examples,
            dynamo=True,
            external_data=False,
            opset_version=OPSET,
            input_names=list(examples),
            output_names=names,
            dynamic_shapes={name: {0: batch} for name in examples},
            verbose=False,
        )
        model = onnx.load(path)
    return finish(model, contract, card, stretch, priors)


def finish(
    model: onnx.ModelProto,
    contract: Contract,
    card: str = "{}",
    stretch: golden.Golden | None = None,
    priors: Mapping[str, prior.Prior] | None = None,
) -> bytes:
    """Return the file's content: portable, checked and sealed, all that the edge needs inside.

    Parameters
    ----------
    model : onnx.ModelProto
        The graph; it is changed on the way.
    contract : Contract
        Its contract.
    card : str
        Facts for the model card, JSON.
    stretch : Golden or None
        Raw samples and what they were in training; None to make them with the code at hand. The
        answer to them is added here.
    priors : mapping of str to Prior or None
        How people differ, by target, where that was learnt.
    """
    portable(model)
    onnx.checker.check_model(model)
    stretch = stretch or golden.make(contract)
    stretch = dataclasses.replace(stretch, answer=_answer(model, contract, stretch))
    told = {METADATA_KEY: contract.to_json(), CARD_KEY: card, golden.KEY: stretch.to_json()}
    if priors:
        told[prior.KEY] = prior.priors_to_json(priors)
    onnx.helper.set_model_props(model, told)
    return seal(model.SerializeToString())


def _answer(model: onnx.ModelProto, contract: Contract, stretch: golden.Golden) -> dict[str, float]:
    """Return per target the probability of the second class for a golden stretch."""
    import onnxruntime

    inputs, features = golden.check_input(stretch, contract, "The checkpoint")
    given = {"eda": inputs, "features": features, "music": golden.music(contract)}
    feeds = {name: values[None] for name, values in given.items() if values is not None}
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [target.name for target in contract.targets]
    return {
        name: float(row[0, 1]) for name, row in zip(names, session.run(names, feeds), strict=True)
    }
