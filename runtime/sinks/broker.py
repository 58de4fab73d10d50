"""The address of an MQTT broker."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from device.errors import SinkError
from device.text import clean

# Of the 65535 that MQTT has, some are for what is added to it.
_LONGEST_TOPIC = 60_000


@dataclass(frozen=True)
class Broker:
    """Where to publish.

    Attributes
    ----------
    host, port : str, int
        Of the broker.
    topic : str
        Under which everything lies; %XX in the address is the character.
    user, password : str or None
        The password may also stand in the environment: RTCAN_MQTT_PASSWORD.
    tls : bool
        Whether to encrypt.
    """

    host: str
    port: int
    topic: str
    user: str | None = None
    password: str | None = None
    tls: bool = False

    @staticmethod
    def parse(url: str) -> Broker:
        """Read mqtt[s]://[user[:password]@]host[:port]/topic.

        Raises
        ------
        SinkError
            Saying what is wrong with it.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:  # no port, or half an IPv6 address
            parts, port = urlsplit(""), -1
        topic = unquote(parts.path.strip("/"), errors="surrogateescape")
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or not topic or port == -1:
            raise SinkError(
                f"--mqtt {without_password(url)!r} is not understood; expected was "
                "mqtt://host/topic, or mqtts://user:password@host:port/topic, where / # ? @ in a "
                "password are written %2F %23 %3F %40"
            )
        if parts.query or parts.fragment or url.endswith(("?", "#")) or re.search(r"[+#]", topic):
            raise SinkError(
                f"--mqtt: the topic in {without_password(url)!r} may hold neither + nor #, and a ? "
                "only as %3F"
            )
        # MQTT 5.0, 1.5.4 and 4.7.3: UTF-8 without U+0000; urlsplit leaves line ends out.
        if clean(topic) != topic or clean(url) != url or len(topic.encode()) > _LONGEST_TOPIC:
            raise SinkError(
                f"--mqtt: the topic {topic[:80]!r} may hold no control characters and at most "
                f"{_LONGEST_TOPIC} bytes of UTF-8"
            )
        tls = parts.scheme == "mqtts"
        return Broker(
            parts.hostname,
            port or (8883 if tls else 1883),
            topic,
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else os.environ.get("RTCAN_MQTT_PASSWORD"),
            tls,
        )


def without_password(url: str) -> str:
    """Return an address, well formed or not, with *** for all that may be a password."""
    scheme, slashes, rest = url.partition("//") if "//" in url else ("", "", url)
    before, at, host = rest.rpartition("@")
    if at:
        user, colon, _ = before.partition(":")
        return f"{scheme}{slashes}{user}{colon and ':***'}@{host}"
    host, colon, more = rest.partition(":")
    port = re.match(r"\d*(?=/|$)", more)
    return url if not colon or port else f"{scheme}{slashes}{host}:***"
