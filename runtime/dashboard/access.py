"""Who may look: skin conductance is nobody else's business.

Served on this computer alone there is no token, but other web pages must not read the stream
either: a browser sends them along with their origin, and a name that was bent to 127.0.0.1 (DNS
rebinding) shows in the host. Served to others there is always a token.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit


@dataclass(frozen=True)
class Access:
    """The rule of one server.

    Attributes
    ----------
    host : str
        What it is bound to.
    token : str or None
        What must be shown; None where nothing need be.
    """

    host: str
    token: str | None

    @staticmethod
    def of(host: str, token: str | None) -> Access:
        """Return the rule for a host; a token is made up where one is needed and none given."""
        if token is None and not is_loopback(host):
            token = secrets.token_urlsafe(16)
        return Access(host, token)

    def refusal(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """Return why a request is refused, or None."""
        asked = headers.get("host", "")
        origin = headers.get("origin")
        if origin is not None and _parts(origin).netloc != asked:
            return "This stream is not for pages of other servers."
        if self.token is not None:
            shown = query.get("token", "")
            if not hmac.compare_digest(shown.encode(), self.token.encode()):
                return "Add ?token=... to the address, as rtcan-live printed it."
        elif not is_loopback(_parts(f"//{asked}").hostname or ""):
            return "This server is for this computer alone: ask for localhost."
        return None


def _parts(address: str) -> SplitResult:
    """Return an address's parts; of what is no address, none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def is_loopback(host: str) -> bool:
    """Say whether a name is this computer's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
