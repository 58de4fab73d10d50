"""Every error that RTCAN raises on purpose, in one place.

    RtcanError
    ├── DeviceError                  something about the sensor or its port
    │   ├── PortNotFoundError        no such port
    │   ├── PortBusyError            the port is open in another program
    │   ├── PortPermissionError      the user may not open the port
    │   ├── SensorDisconnectedError  the port went away while it was read
    │   ├── UnrecognisedDataError    bytes arrive, but no sensor that we know sends such bytes
    │   ├── SilentPortError          the port is open, but nothing on it talks or answers
    │   └── RecordingEndedError      a recording that is played as a sensor has come to its end
    ├── ArgumentError                an argument that cannot be used (also a ValueError)
    ├── SignalError                  samples that cannot be used (also a ValueError)
    ├── ContractError                a contract that is incomplete, out of range or too new
    ├── ModelError                   a file that is not an RTCAN ONNX model
    ├── CheckpointError              a file that is not an RTCAN checkpoint
    ├── DatasetError                 a data set that is missing or damaged
    ├── RecordingError               a recording that cannot be written, read or repaired
    │   └── RecordingInUseError      a recording that is still being written
    ├── ProfileError                 a person's profile that cannot be read, written or used
    │   └── ProfileInUseError        a profile that another process has
    ├── SinkError                    a receiver of predictions that cannot be set up as asked
    ├── WorkerError                  a cluster that cannot be used, or that lost a task for good
    ├── FitError                     a network that cannot be fitted
    ├── ExportError                  an exported model that does not equal its source
    └── MissingExtraError            an optional package that is needed and not installed

and one warning, SignalWarning: samples that can be used, but are hardly what was meant.

A message says what was found, what was expected, and what to do next.
"""

from __future__ import annotations


class RtcanError(Exception):
    """Base of all errors that RTCAN raises on purpose."""


class DeviceError(RtcanError):
    """Something is wrong with the sensor or its port."""


class PortNotFoundError(DeviceError):
    """There is no such port."""


class PortBusyError(DeviceError):
    """The port is open in another program."""


class PortPermissionError(DeviceError):
    """The user may not open the port."""


class SensorDisconnectedError(DeviceError):
    """The port went away while it was read."""


class UnrecognisedDataError(DeviceError):
    """Bytes arrive, but not in the form that the chosen sensor sends."""


class SilentPortError(DeviceError):
    """The port is open, but nothing on it talks or answers."""


class RecordingEndedError(DeviceError):
    """A recording that is played as a sensor has come to its end."""


class ArgumentError(RtcanError, ValueError):
    """An argument that cannot be used; the message begins with its name."""


class SignalError(RtcanError, ValueError):
    """Samples that cannot be used as they are."""


class SignalWarning(UserWarning):
    """Samples that can be used, but are hardly what was meant."""


class ContractError(RtcanError, ValueError):
    """A contract that is incomplete, out of range or newer than this code."""


class ModelError(RtcanError):
    """A file that is not an RTCAN ONNX model."""


class CheckpointError(RtcanError):
    """A file that is not an RTCAN checkpoint."""


class DatasetError(RtcanError):
    """A data set that is missing or damaged."""


class RecordingError(RtcanError):
    """A recording that cannot be written, read or repaired."""


class RecordingInUseError(RecordingError):
    """A recording that is still being written."""


class ProfileError(RtcanError):
    """A person's profile that cannot be read, written or used with this model."""


class ProfileInUseError(ProfileError):
    """A profile that another process has."""


class SinkError(RtcanError):
    """A receiver of predictions that cannot be set up as asked."""


class WorkerError(RtcanError):
    """A cluster that cannot be used, or that lost a task for good."""


class FitError(RtcanError):
    """A network that cannot be fitted."""


class ExportError(RtcanError):
    """An exported model that does not equal its source."""


class MissingExtraError(RtcanError):
    """An optional package that is needed and not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed. "
            f"Install it with: pip install 'rtcan[{extra}]'"
        )
