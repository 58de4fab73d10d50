"""The ONNX classifier: one file in, probabilities out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import MissingExtraError, ModelError
from runtime.contract import METADATA_KEY, Contract


class Classifier:
    """An exported model.

    Parameters
    ----------
    model : Path or bytes
        The `.onnx` file that `python -m export.onnx` writes, or its content.
    threads : int
        Threads within an operator; 1 is fastest for networks of this size on small machines.

    Attributes
    ----------
    contract : Contract
        All constants, read from the file.
    name : str
        The file's name, for people.

    Raises
    ------
    ModelError
        If there is no such file, it is no ONNX file, or it holds no contract of ours.
    device.errors.ContractError
        If the contract is refused.
    MissingExtraError
        If onnxruntime is not installed.
    """

    def __init__(self, model: Path | bytes, threads: int = 1) -> None:
        self.name = model.name if isinstance(model, Path) else "model"
        if isinstance(model, Path) and not model.is_file():
            raise ModelError(
                f"There is no model {model}. Make one: python -m training.run --dataset synthetic, "
                "then python -m export.onnx save/best.pt"
            )
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtraError("onnxruntime", "edge", "Running a model") from error
        data = model.read_bytes() if isinstance(model, Path) else model
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # A live classifier works for milliseconds a second: threads that spin meanwhile cost power.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                data, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has no common base for its own errors
            if type(error).__module__.split(".")[0] != "onnxruntime":
                raise
            raise ModelError(
                f"{self.name} is not an ONNX model ({len(data)} bytes, beginning with "
                f"{data[:12]!r}). Expected: the save/best.onnx that python -m export.onnx writes."
            ) from error
        metadata = self._session.get_modelmeta().custom_metadata_map
        if METADATA_KEY not in metadata:
            raise ModelError(
                f"{self.name} is an ONNX model without RTCAN's contract, so how to feed it is not "
                "known. Expected: the save/best.onnx that python -m export.onnx writes."
            )
        self.contract = Contract.from_json(metadata[METADATA_KEY])
        self._check_interface()
        self._targets = [target.name for target in self.contract.targets]

    def __call__(self, inputs: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Return probabilities of the classes.

        Parameters
        ----------
        inputs : float32 (n, 3, input_length)
            Network inputs, see `runtime.preprocess.Window.input`.

        Returns
        -------
        dict of str to float32 (n, 2)
            Per target, columns as in the contract's classes, rows summing to 1.
        """
        outputs = self._session.run(self._targets, {"eda": inputs})
        return dict(zip(self._targets, outputs, strict=True))

    def _check_interface(self) -> None:
        contract = self.contract
        inputs = {item.name: item.shape for item in self._session.get_inputs()}
        outputs = [item.name for item in self._session.get_outputs()]
        wanted = [len(contract.channels), contract.input_length]
        if list(inputs) != ["eda"] or inputs["eda"][1:] != wanted:
            raise ModelError(
                f"{self.name} takes {inputs}; its contract says eda (batch, {wanted[0]}, "
                f"{wanted[1]}). The file was changed after its export: export it again."
            )
        for target in contract.targets:
            if target.name not in outputs:
                raise ModelError(f"{self.name} has no output {target.name!r}, only {outputs}")
