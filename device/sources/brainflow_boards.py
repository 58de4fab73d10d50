"""Which board BrainFlow is to open, and where in its data skin conductance is."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from device.errors import ArgumentError, MissingExtraError

_PRESETS = ("default", "auxiliary", "ancillary")
_OWN_KEYS = ("preset", "config")
# Boards that hand on the data of another one.
_HANDING_ON = ("PLAYBACK_FILE_BOARD", "STREAMING_BOARD")
# BrainFlow's word for no other board.
_NO_BOARD = -100


@dataclass(frozen=True)
class Board:
    """A board that has skin conductance.

    Attributes
    ----------
    name : str
        As in BrainFlow's BoardIds.
    preset : str
        The part of its channels in which skin conductance is: "default", "auxiliary", "ancillary".
    preset_id : int
        Its number.
    rows : tuple of int
        Of skin conductance, in what BrainFlow returns.
    time_row, number_row : int
        Of times and of package numbers.
    rate_hz : float
        Samples per second.
    """

    name: str
    preset: str
    preset_id: int
    rows: tuple[int, ...]
    time_row: int
    number_row: int
    rate_hz: float


@dataclass(frozen=True)
class Asked:
    """What an address asks for.

    Attributes
    ----------
    name, number : str, int
        In BrainFlow's BoardIds.
    params : BrainFlowInputParams
        What else is said about it.
    board : Board
        How its data are laid out: its own, or those of the board whose data it hands on.
    config : str or None
        A command to the board before it starts.
    """

    name: str
    number: int
    params: Any
    board: Board
    config: str | None


def library() -> Any:
    """Return BrainFlow's module of boards, its log turned off.

    Raises
    ------
    MissingExtraError
        If it, or pkg_resources, by which it finds its own parts, cannot be imported.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that pkg_resources is deprecated
            from brainflow import board_shim

            board_shim.BoardShim.disable_board_logger()
    except ImportError as error:
        missing = error.name or "brainflow"
        raise MissingExtraError(missing, "brainflow", "Reading --port brainflow:") from error
    return board_shim


def boards_with_eda() -> list[Board]:
    """Return the boards that have skin conductance, by name."""
    boards = []
    for board in library().BoardIds:
        boards += _layouts(board.value, board.name)[:1]
    return sorted(boards, key=lambda board: board.name)


def _layouts(number: int, name: str) -> list[Board]:
    """Return a board's presets with skin conductance, in BrainFlow's order."""
    found = library()
    shim, presets = found.BoardShim, found.BrainFlowPresets
    try:
        # Asked for a preset that a board lacks, BrainFlow 5.23 can no longer start it.
        there = set(shim.get_board_presets(number))
    except found.BrainFlowError:  # a board that hands on another one's data
        return []
    layouts = []
    for preset in _PRESETS:
        preset_id = int(presets[f"{preset.upper()}_PRESET"].value)
        if preset_id not in there:
            continue
        described = shim.get_board_descr(number, preset_id)
        if rows := described.get("eda_channels"):
            layouts.append(
                Board(
                    name,
                    preset,
                    preset_id,
                    tuple(rows),
                    described["timestamp_channel"],
                    described["package_num_channel"],
                    float(described["sampling_rate"]),
                )
            )
    return layouts


def parse_address(address: str) -> Asked:
    """Return what follows "brainflow:", read; see `device.sources.brainflow.BrainflowSensor`.

    Raises
    ------
    ArgumentError
        For an unknown board or key, or a board without skin conductance.
    """
    name, _, query = address.partition("?")
    name, number = board_id(name)
    given = dict(parse_qsl(query, keep_blank_values=True))
    params = _input_params(given)
    layout = number if params.master_board == _NO_BOARD else params.master_board
    board = _layout(name, layout, given.get("preset"))
    return Asked(name, number, params, board, given.get("config"))


def board_id(name: str) -> tuple[str, int]:
    """Return a board's name and number in BoardIds, given either, with or without _BOARD."""
    ids = {board.name: board.value for board in library().BoardIds}
    wanted = name.strip().upper()
    for known in (wanted, f"{wanted}_BOARD"):
        if known in ids:
            return known, ids[known]
    by_number = {str(value): known for known, value in ids.items()}
    if wanted in by_number:
        return by_number[wanted], int(wanted)
    names = ", ".join(board.name for board in boards_with_eda())
    raise ArgumentError(
        f"port is 'brainflow:{name}'; expected: brainflow: and a name of BrainFlow's BoardIds. "
        f"With skin conductance: {names}"
    )


def _input_params(given: dict[str, str]) -> Any:
    params = library().BrainFlowInputParams()
    for key, value in given.items():
        if key in _OWN_KEYS:
            continue
        if not hasattr(params, key):
            keys = ", ".join([*sorted(vars(params)), *_OWN_KEYS])
            raise ArgumentError(f"port has {key}={value}; expected, after '?': {keys}")
        if key == "master_board":
            params.master_board = board_id(value)[1]
        elif isinstance(getattr(params, key), int):
            if not value.isdecimal():
                raise ArgumentError(f"port has {key}={value}; expected: a whole number")
            setattr(params, key, int(value))
        else:
            setattr(params, key, value)
    return params


def _layout(name: str, layout: int, preset: str | None) -> Board:
    if preset is not None and preset not in _PRESETS:
        raise ArgumentError(f"port has preset={preset}; expected: {', '.join(_PRESETS)}")
    found = _layouts(layout, name)
    fitting = [board for board in found if preset in (None, board.preset)]
    if fitting:
        return fitting[0]
    names = ", ".join(board.name for board in boards_with_eda())
    master = " Say what sends, with ?master_board=NAME." if name in _HANDING_ON else ""
    raise ArgumentError(
        f"port is brainflow:{name}, which has no rows of skin conductance"
        f"{'' if preset is None else ' in the preset ' + preset}.{master} Boards that have: "
        f"{names}"
    )
