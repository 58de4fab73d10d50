"""SHA-256 without OpenSSL.

`hashlib` loads OpenSSL, 3.5 MB of memory for one function that Python brings itself; the standard
library's own `random` takes its SHA-512 in this way too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import sha256 as sha256
else:
    try:
        from _sha2 import sha256  # CPython 3.12 and later
    except ImportError:
        try:
            from _sha256 import sha256  # CPython until 3.11
        except ImportError:
            from hashlib import sha256

__all__ = ["sha256"]
