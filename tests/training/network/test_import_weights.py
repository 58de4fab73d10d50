"""Released weights give the released outputs.

`Released` is the published network written down plainly from its description, module names as in
the released files, and shares nothing with `training.network.model`.
"""

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torch import Tensor, nn
from torch.nn import functional

from device.errors import CheckpointError, ModelError
from export import graph, parity
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from training import import_weights
from training.network import checkpoint


class SCA(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv_du = nn.Sequential(
            nn.Conv1d(64, 8, 1), nn.ReLU(), nn.Conv1d(8, 64, 1), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.conv_du(functional.adaptive_avg_pool1d(x, 1))


class Block(nn.Module):
    """One embedded-Gaussian non-local block."""

    def __init__(self) -> None:
        super().__init__()
        self.origin_conv = nn.Sequential(nn.Conv1d(64, 32, 1), nn.MaxPool1d(2))
        self.theta = nn.Conv1d(64, 32, 1)
        self.phi = nn.Sequential(nn.Conv1d(64, 32, 1), nn.MaxPool1d(2))
        self.W = nn.Sequential(nn.Conv1d(32, 64, 1), nn.BatchNorm1d(64))

    def forward(self, x: Tensor) -> Tensor:
        g = self.origin_conv(x).permute(0, 2, 1)
        weight = functional.softmax(torch.bmm(self.theta(x).permute(0, 2, 1), self.phi(x)), dim=-1)
        return self.W(torch.bmm(weight, g).permute(0, 2, 1)) + x


class RNTA(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.non_local = Block()

    def forward(self, x: Tensor) -> Tensor:
        n = x.size(2)
        parts = x[:, :, : n // 3], x[:, :, n // 3 : 2 * n // 3], x[:, :, 2 * n // 3 :]
        return torch.cat([self.non_local(part) for part in parts], 2)


class Unit(nn.Module):
    def __init__(self, stride: int, attention: bool) -> None:
        super().__init__()
        if attention:
            self.Attention = SCA()
        self.conv1 = nn.Conv1d(64, 64, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm1d(64)
        if stride == 2:
            self.downsample = nn.Sequential(nn.Conv1d(64, 64, 1, 2, bias=False), nn.BatchNorm1d(64))

    def forward(self, x: Tensor) -> Tensor:
        before = x
        if hasattr(self, "Attention"):
            x = self.Attention(x)
        out = torch.relu(self.bn1(self.conv1(x)))
        residual = self.downsample(x) if hasattr(self, "downsample") else before
        return torch.relu(out + residual)


class Stages(nn.Module):
    def __init__(self, attends: bool, units: bool) -> None:
        super().__init__()
        if not attends:
            self.conv1 = nn.Conv1d(3, 64, 7, 2, 3, bias=False)
            self.bn1 = nn.BatchNorm1d(64)
        for stage in range(1, 5):
            setattr(self, f"layer3x3_{stage}", nn.Sequential(Unit(2, units), Unit(1, units)))
        self.final_downsample = nn.Sequential(
            nn.Conv1d(64, 64, 1, 3, bias=False), nn.BatchNorm1d(64)
        )
        self.fc = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> Tensor:
        if hasattr(self, "conv1"):
            x = torch.relu(self.bn1(self.conv1(x)))
        for stage in range(1, 5):
            x = getattr(self, f"layer3x3_{stage}")(x)
        return functional.avg_pool1d(self.final_downsample(x), 14, 1).flatten(1)


class Released(nn.Module):
    def __init__(self, temporal: bool, channel: bool, units: bool, music: int) -> None:
        super().__init__()
        if temporal or channel:
            self.origin_block = nn.Sequential(nn.Conv1d(3, 64, 7, 2, 3), nn.BatchNorm1d(64))
        if temporal:
            self.Non_local = RNTA()
        if channel:
            self.Attention = SCA()
        self.Res_sub = Stages(temporal or channel, units)
        self.regression = nn.Sequential(
            nn.Linear(896 + music, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(),
            nn.Linear(128, 2),
        )  # fmt: skip
        self.music = music

    def forward(self, x: Tensor, music: Tensor | None = None) -> Tensor:
        for name in ("origin_block", "Non_local", "Attention"):
            if hasattr(self, name):
                x = getattr(self, name)(x)
        x = self.Res_sub(x)
        if music is not None:
            x = torch.cat([x, music], 1)
        out = self.regression(x)
        return torch.softmax(out, 1) if self.music else torch.relu(out)


def released(
    temporal: bool = True, channel: bool = True, units: bool = False, music: int = 0
) -> Released:
    torch.manual_seed(3)
    network = Released(temporal, channel, units, music)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    # Both logits above zero, so that the ReLU on them hides nothing.
    nn.init.constant_(network.regression[4].bias, 2.0)
    return network.eval()


def test_the_reference_has_the_published_size() -> None:
    assert sum(p.numel() for p in released().parameters()) == 396_916


@pytest.mark.parametrize(
    ("network", "temporal", "channel", "units", "music"),
    [
        ("deap", True, True, False, 0),
        ("deap", False, True, False, 0),
        ("amigos", True, False, False, 0),
        ("amigos", False, False, False, 0),
        ("pmemo", True, True, True, 6373),
        ("pmemo", True, True, True, 0),
    ],
)
def test_outputs_equal_the_released_ones(
    network: str, temporal: bool, channel: bool, units: bool, music: int
) -> None:
    theirs = released(temporal, channel, units, music)
    made = import_weights.convert(theirs.state_dict(), network, "valence")
    ours = made.networks["valence"]
    assert list(made.networks) == ["valence"]
    inputs = [torch.randn(3, 3, 2500)] + ([torch.randn(3, music)] if music else [])
    with torch.inference_mode():
        expected, got = theirs(*inputs), ours.members[0](*inputs)
    assert (expected > 0).all() and expected.std() > 1e-3
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6)
    order = ("origin", "tonic", "phasic") if network == "pmemo" else ("tonic", "phasic", "origin")
    assert made.contract.channels == order


def test_from_the_released_file_to_one_output_in_onnx(tmp_path: Path) -> None:
    # As torch 1.1 saved it: no zip; and as several GPUs name it.
    state = {f"module.{k}": v for k, v in released().state_dict().items()}
    torch.save(state, tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    out = tmp_path / "save" / "x.pt"
    result = CliRunner().invoke(
        import_weights.main,
        [str(tmp_path / "a.pt"), "--network", "deap", "--target", "arousal", "--output", str(out)],
    )
    assert result.exit_code == 0, result.output
    assert "temporal attention, channel attention, head relu" in result.output
    stored = checkpoint.load(out)
    source = graph.Graph(dict(stored.networks), stored.contract)
    exported = graph.build(source, stored.contract)
    assert parity.compare(stored.networks, stored.contract, exported, stored.examples).holds
    classifier = Classifier(exported)
    assert list(classifier(stored.examples[:2])) == ["arousal"]
    with pytest.raises(ModelError, match="not for live use"):
        Pipeline(classifier)


def test_the_released_softmax_is_not_applied_twice() -> None:
    made = import_weights.convert(released(units=True, music=6373).state_dict(), "pmemo", "arousal")
    assert made.music is not None
    source = graph.Graph(dict(made.networks), made.contract).eval()
    inputs = torch.from_numpy(made.examples[:2]), torch.from_numpy(made.music[:2])
    with torch.inference_mode():
        expected = made.networks["arousal"].members[0](*inputs)
        torch.testing.assert_close(source(inputs[0], music=inputs[1])[0], expected)


def test_unknown_missing_and_misshapen_names_are_listed() -> None:
    state = released().state_dict()
    del state["Res_sub.layer3x3_2.1.conv1.weight"]
    state["Res_sub.surprise"] = torch.zeros(1)
    state["regression.4.bias"] = torch.zeros(3)
    with pytest.raises(CheckpointError) as caught:
        import_weights.convert(state, "deap", "arousal")
    for said in ("missing: Res_sub.layer3x3_2.1.conv1.weight", "unknown: Res_sub.surprise",
                 "regression.4.bias (3,) instead of (2,)"):  # fmt: skip
        assert said in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"garbage"])
def test_what_is_no_state_dictionary_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "w.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"w\.pt"):
        import_weights.read(path)


def test_a_dictionary_of_other_things_is_refused(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "state": {}}, tmp_path / "w.pt")
    with pytest.raises(CheckpointError, match="plain state dictionary"):
        import_weights.read(tmp_path / "w.pt")
