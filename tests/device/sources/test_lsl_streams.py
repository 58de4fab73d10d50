"""Which stream, channel and unit is meant, from what streams say of themselves."""

from __future__ import annotations

import pytest

from device.errors import ArgumentError, PortNotFoundError
from device.sources.lsl_streams import (
    Channel,
    Stream,
    choose_channel,
    choose_stream,
    described,
    parse_address,
)


def _stream(name: str = "one", kind: str = "Physio", *channels: Channel, **more: str) -> Stream:
    place = {"source_id": "", "hostname": "lab", **more}
    return Stream(name, kind, **place, rate_hz=10.0, channels=channels, exact=False, info=None)


@pytest.mark.parametrize(
    ("address", "criteria"),
    [
        ("", {}),
        ("My stream", {"name": "My stream"}),
        ("a=b, c", {"name": "a=b, c"}),
        ("type=EDA", {"type": "EDA"}),
        ("type=EDA,source_id=x,y=2", {"type": "EDA", "source_id": "x,y=2"}),
        ("name=a,hostname=b", {"name": "a", "hostname": "b"}),
    ],
)
def test_addresses(address: str, criteria: dict[str, str]) -> None:
    assert parse_address(address) == criteria


@pytest.mark.parametrize(
    ("kind", "label", "is_eda"),
    [
        ("EDA", "", True), ("gsr", "", True), ("EEG", "Cz", False), ("Physio", "GSR_left", True),
        ("00:07:80:3B", "EDABITREV", True), ("Physio", "skin conductance", True),
        ("Markers", "median", False), ("HeadAcceleration", "ax", False),
    ],
)  # fmt: skip
def test_skin_conductance_is_known_by_type_or_channel(kind: str, label: str, is_eda: bool) -> None:
    assert _stream("one", kind, Channel("x"), Channel(label)).is_eda == is_eda
    assert _stream("one", kind, Channel("x"), Channel("", label)).is_eda == is_eda


def test_the_one_stream_that_fits_is_chosen() -> None:
    eda, eeg = _stream("a", "EDA", Channel()), _stream("b", "EEG", Channel())
    assert choose_stream([eda, eeg], {}, 1.0) is eda
    assert choose_stream([eda, eeg], {"name": "b"}, 1.0) is eeg
    with pytest.raises(PortNotFoundError, match=r"none within 5 s. Seen instead: lsl:b \(LSL"):
        choose_stream([eeg], {}, 5.0)
    with pytest.raises(PortNotFoundError, match=r"No stream of numbers was seen at all.*firewall"):
        choose_stream([], {"type": "EDA"}, 5.0)


def test_of_several_streams_each_is_named_by_what_tells_it_apart() -> None:
    streams = [
        _stream("a", "EDA", Channel(), source_id="1"),
        _stream("a", "EDA", Channel(), source_id="2"),
        _stream("type=EDA", "EDA", Channel()),
    ]
    with pytest.raises(ArgumentError) as caught:
        choose_stream(streams, {}, 1.0)
    for stream, port in zip(
        streams,
        ("lsl:name=a,source_id=1", "lsl:name=a,source_id=2", "lsl:name=type=EDA"),
        strict=True,
    ):
        assert f"--port '{port}'" in str(caught.value)
        assert choose_stream(streams, parse_address(port.removeprefix("lsl:")), 1.0) is stream


def test_channels() -> None:
    three = _stream("a", "Physio", Channel("HR"), Channel("EDA_left"), Channel("EDA_right"))
    assert choose_channel(three, 3) == 2
    assert choose_channel(three, "eda_left") == 1
    assert choose_channel(_stream("a", "EEG", Channel("whatever")), None) == 0
    assert choose_channel(_stream("a", "", Channel("HR"), Channel("x", "GSR")), None) == 1
    assert choose_channel(_stream("a", "", Channel("EDA"), Channel("EDA_raw")), None) == 0
    for wanted, said in (
        (4, "channel is 4; a has 3: 1 .HR., 2 .EDA_left., 3"),
        ("ECG", "channel is 'ECG'; a has 1 .HR."),
        (None, "several channels may be meant. Choose one with --channel LABEL"),
    ):
        with pytest.raises(ArgumentError, match=said):
            choose_channel(three, wanted)
    with pytest.raises(ArgumentError, match="no channel says EDA or GSR"):
        choose_channel(_stream("a", "EDA", Channel("x"), Channel("y")), None)


def test_the_undescribed_first_channel_of_opensignals_is_left_out() -> None:
    try:
        import pylsl
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"pylsl is not installed: {error}")
    info = pylsl.StreamInfo("OpenSignals", "00:07:80:3B:46:61", 3, 100, pylsl.cf_float32, "os")
    channels = info.desc().append_child("channels")
    for sensor, unit in (("ECG", "mV"), ("EDABITREV", "uS")):
        channel = channels.append_child("channel")
        channel.append_child_value("sensor", sensor)
        channel.append_child_value("unit", unit)
    stream = described(info)
    assert [channel.label for channel in stream.channels] == ["", "ECG", "EDABITREV"]
    assert choose_channel(stream, None) == 2 and stream.channels[2].unit == "uS"
    assert not stream.exact and stream.rate_hz == 100
    info.desc().append_child("synchronization").append_child_value("can_drop_samples", "true")
    assert described(info).exact
