"""The ONNX classifier: one file in, probabilities out."""

from __future__ import annotations

import logging
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from device import arguments
from device.errors import ArgumentError, ModelError, SignalError
from runtime.inference import golden, prior
from runtime.inference.model_file import ModelSource as ModelSource
from runtime.inference.model_file import content, open_session
from runtime.inference.seal import check
from runtime.preprocessing.contract import METADATA_KEY, Contract

_log = logging.getLogger(__name__)
# What has been checked against its golden stretch in this process: SHA-256 and provider.
_fitting: set[tuple[str, str]] = set()


class Classifier:
    """An exported model; copies are the same object, and it cannot be pickled.

    Parameters
    ----------
    model : str, Path or bytes-like
        The `.onnx` file that `python -m export.onnx` writes, or its content.
    threads : int
        Threads within an operator; 1 is fastest for networks of this size on small machines.
    provider : str
        Where to compute: "cpu", "cuda" or "tensorrt".

    Attributes
    ----------
    contract : Contract
        All constants, read from the file.
    name : str
        The file's name, for people.
    sha256 : str
        Of the whole file, for the record.
    priors : dict of str to Prior
        By target, how people differ: what `runtime.inference.adaptation` begins with.

    Raises
    ------
    ArgumentError
        If an argument is none of the above.
    ModelError
        If there is no such file, it is no ONNX file, it holds no contract of ours, it is not as it
        was exported, or the provider is not there; or if this version's preprocessing makes another
        network input than it was trained with (`runtime.inference.golden`).
    device.errors.ContractError
        If the contract is refused.
    MissingExtraError
        If onnxruntime is not installed.
    """

    def __init__(self, model: ModelSource, threads: int = 1, provider: str = "cpu") -> None:
        self.name, data = content(model)
        threads = arguments.whole("threads", threads, 1)
        self._session = open_session(data, self.name, threads, provider)
        metadata = self._session.get_modelmeta().custom_metadata_map
        if METADATA_KEY not in metadata:
            raise ModelError(
                f"{self.name} is an ONNX model without RTCAN's contract, so how to feed it is not "
                "known. Expected: the save/best.onnx that python -m export.onnx writes."
            )
        self.sha256 = check(data, self.name)
        self.contract = Contract.from_json(metadata[METADATA_KEY])
        self.priors = prior.priors_from_json(metadata.get(prior.KEY), self.contract)
        self._check_interface()
        self._targets = [target.name for target in self.contract.targets]
        # The first run allocates: better now than at the first prediction.
        c = self.contract
        self(
            np.zeros((1, len(c.channels), c.input_length), np.float32),
            np.array(c.music_mean, dtype=np.float32) if c.music_mean else None,
            np.zeros((1, len(c.features)), np.float32) if c.features else None,
        )
        if (self.sha256, provider) not in _fitting:
            self._check_golden(metadata.get(golden.KEY), provider)
            _fitting.add((self.sha256, provider))

    def __copy__(self) -> Classifier:
        """Return this very object: nothing changes it, and threads and streams may share it."""
        return self

    def __deepcopy__(self, memo: object) -> Classifier:
        return self

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled."""
        raise ArgumentError(
            f"{self.name} is open in this process and cannot be pickled; give the other process "
            "the file or its bytes, and make a Classifier there"
        )

    def __call__(
        self,
        inputs: ArrayLike,
        music: ArrayLike | None = None,
        features: ArrayLike | None = None,
    ) -> dict[str, NDArray[np.float32]]:
        """Return probabilities of the classes.

        Parameters
        ----------
        inputs : array-like (n, 3, input_length)
            Network inputs, computed with as float32; see
            `runtime.preprocessing.windows.Window.input`.
        music : array-like (n, features) or (features,), or None
            Music features as computed, for a model that takes them; the graph standardises
            them.
        features : array-like (n, features), or None
            Plain features in the person's own units, for a model that takes them; see
            `runtime.preprocessing.windows.Window.features`.

        Returns
        -------
        dict of str to float32 (n, 2)
            Per target, columns as in the contract's classes, rows summing to 1.

        Raises
        ------
        SignalError
            If an argument has another shape, or holds anything but finite numbers.
        ModelError
            If the model takes music and none is given, the other way round, or the number of
            features is not the model's.
        """
        windows = _float32("inputs", inputs)
        shape = (len(self.contract.channels), self.contract.input_length)
        if windows.ndim != 3 or windows.shape[1:] != shape:
            raise SignalError(
                f"inputs has shape {windows.shape}; {self.name} takes windows of shape "
                f"(n, {shape[0]}, {shape[1]})"
            )
        feeds = {"eda": windows}
        self.check_music(music is not None)
        if music is not None:
            feeds["music"] = self._songs(_float32("music", music), len(windows))
        if self.contract.features or features is not None:
            feeds["features"] = self._features(features, len(windows))
        outputs = self._session.run(self._targets, feeds)
        return dict(zip(self._targets, outputs, strict=True))

    def _features(self, given: ArrayLike | None, count: int) -> NDArray[np.float32]:
        expected = len(self.contract.features)
        if given is None or not expected:
            raise ModelError(
                f"{self.name} takes {expected or 'no'} plain features to each window and was given "
                f"{'none' if given is None else 'some'}; give it Window.features of the windows"
            )
        features = _float32("features", given)
        if features.shape != (count, expected):
            raise SignalError(
                f"features has shape {features.shape}; expected: ({count}, {expected}), a row to "
                "each window"
            )
        return features

    def _songs(self, features: NDArray[np.float32], count: int) -> NDArray[np.float32]:
        expected = len(self.contract.music_mean)
        if features.ndim == 0 or features.shape[-1] != expected:
            found = features.shape[-1] if features.ndim else 1
            raise ModelError(
                f"There are {found} music features; {self.name} was trained with {expected}"
            )
        try:
            return np.ascontiguousarray(np.broadcast_to(features, (count, expected)))
        except ValueError as error:
            raise SignalError(
                f"music has shape {features.shape}; expected: ({expected},), or "
                f"({count}, {expected}) with a song to each window"
            ) from error

    def check_music(self, given: bool) -> None:
        """Raise `ModelError` where music is given to a model without, or not to one with it."""
        wanted = bool(self.contract.music_mean)
        if wanted and not given:
            raise ModelError(
                f"{self.name} was trained with music and needs the song that is heard: --music FILE"
            )
        if given and not wanted:
            raise ModelError(f"{self.name} was trained without music; leave --music out")

    def _check_golden(self, text: str | None, provider: str) -> None:
        """Raise `ModelError` where this preprocessing, or this onnxruntime, is not the model's."""
        if text is None:
            _log.warning(
                "%s was exported by an older RTCAN without a golden stretch, so whether this "
                "version's preprocessing fits it is not known. Export it again: python -m "
                "export.onnx save/best.pt",
                self.name,
            )
            return
        import onnxruntime

        stretch = golden.Golden.from_json(text)
        inputs, features = golden.check_input(stretch, self.contract, self.name)
        answer = self(
            inputs[None],
            golden.music(self.contract),
            None if features is None else features[None],
        )
        golden.check_answer(
            stretch,
            {target: float(row[0, 1]) for target, row in answer.items()},
            self.name,
            f"onnxruntime {onnxruntime.__version__} on {provider}",
        )

    def _check_interface(self) -> None:
        contract = self.contract
        inputs = {item.name: item.shape for item in self._session.get_inputs()}
        outputs = [item.name for item in self._session.get_outputs()]
        wanted = {"eda": [len(contract.channels), contract.input_length]}
        if contract.music_mean:
            wanted["music"] = [len(contract.music_mean)]
        if contract.features:
            wanted["features"] = [len(contract.features)]
        if {name: shape[1:] for name, shape in inputs.items()} != wanted:
            raise ModelError(
                f"{self.name} takes {inputs}; its contract says {wanted} after the batch. The file "
                "was changed after its export: export it again."
            )
        for target in contract.targets:
            if target.name not in outputs:
                raise ModelError(f"{self.name} has no output {target.name!r}, only {outputs}")


def _float32(name: str, value: ArrayLike) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(arguments.real_array(name, value), dtype=np.float32)
    if not np.isfinite(array).all():
        raise SignalError(f"{name} holds values that are not finite in single precision")
    return array
