"""`rtcan.live`: predictions of a sensor as an iterator.

It is the run of `rtcan live` with one more sink, which hands predictions to the caller's thread
(`runtime.live.predictions`).
"""

from __future__ import annotations

import logging
import os
import warnings

from numpy.typing import ArrayLike

from device import arguments
from runtime.inference.classifier import ModelSource
from runtime.inference.decision import Decider, DecisionSettings
from runtime.inference.pipeline import Pipeline
from runtime.live.person import take_up
from runtime.live.predictions import Predictions
from runtime.live.sensors import make_sensor, model_for
from runtime.person.adaptation import Learner
from runtime.person.keeper import ProfileKeeper
from runtime.person.person import Person
from runtime.sinks.words import learnt

_LOG = logging.getLogger("rtcan")


def live(
    port: str | os.PathLike[str],
    sensor: str = "auto",
    *,
    model: ModelSource | None = None,
    music: ArrayLike | None = None,
    settings: DecisionSettings | None = None,
    reconnect: bool = True,
    baud: int | None = None,
    rate_hz: float | None = None,
    calibration: str | None = None,
    column: str | None = None,
    channel: int | str | None = None,
    speed: float | None = 1.0,
    profile: str | os.PathLike[str] | None = None,
    adapt: bool | None = None,
) -> Predictions:
    """Read a sensor and return an iterator of its predictions, each with its decisions.

        for prediction in rtcan.live("/dev/ttyUSB0"):
            print(prediction.window.end_s, prediction.decisions["arousal"].state)

    The sensor is read in a thread of its own from now on; `close()`, `with` or dropping the
    iterator ends that. It ends by itself where a recording does. News of the sensor, such as that
    it went away, go to the log "rtcan".

    Parameters
    ----------
    port, sensor, baud, rate_hz, calibration, column, channel, speed
        See `rtcan.open_sensor`.
    model : str, Path, bytes or None
        The exported model. None takes the one that a recording was made with, else save/best.onnx,
        else, with a warning, the package's model.
    music : array-like (features,) or None
        Features of the song that is heard, for a model that was trained with music.
    settings : DecisionSettings or None
        Smoothing, threshold and so on; None for the usual ones.
    reconnect : bool
        Whether to wait for a sensor that goes away; otherwise that raises.
    profile : str, Path or None
        Go on from what earlier runs learnt of this person, and keep it: a name, or the path of a
        .json file; None for a stranger. It is in use until the run has ended.
    adapt : bool or None
        Whether `Prediction.adapted` has the answer adapted to this person by labels (`say`); None
        for those targets where that was measured to help.

    Raises
    ------
    ArgumentError
        If an argument cannot be used.
    device.errors.ProfileError
        If the profile is in use, cannot be read or written, or belongs to a model with other units.
    device.errors.RtcanError
        If the port cannot be opened, the model cannot be used, or the sensor is too slow for it.
    """
    source = make_sensor(
        port,
        sensor,
        baud=baud,
        rate_hz=rate_hz,
        calibration=calibration,
        column=column,
        channel=channel,
        speed=speed,
    )
    note = None
    if model is None:
        model, note = model_for(source)
    pipeline = Pipeline(model, music)
    if note is not None:
        warnings.warn(f"{note}. {learnt(pipeline.contract)}", stacklevel=2)
    decider = Decider(pipeline, settings)
    learner = Learner(pipeline.classifier, decider.settings, adapt)
    if learner.note is not None:
        warnings.warn(learner.note, stacklevel=2)
    person, keeper = Person(learner=learner), None
    if profile is None:
        take_up(source, pipeline)
    else:
        arguments.path("profile", profile)
        keeper = ProfileKeeper(os.fspath(profile), pipeline, learner)
        person.profile = keeper.profile.name
        for status in keeper.news():
            _LOG.log(logging.WARNING if status.text == keeper.damage else logging.INFO, status.text)
    return Predictions(source, pipeline, decider, reconnect=reconnect, person=person, keeper=keeper)
