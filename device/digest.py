"""SHA-256 without OpenSSL.

`hashlib` loads OpenSSL, 3.5 MB of memory for one function that Python brings itself; the standard
library's own `random` takes its SHA-512 in this way too.
"""

from __future__ import annotations

import functools
from pathlib import Path
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

__all__ = ["sha256", "source_digest"]


@functools.cache
def source_digest(*folders: Path) -> str:
    """Return the SHA-256 of all Python source in these folders, the same wherever it is installed.

    Compiled code is left out: an installation has no source of it.
    """
    digest = sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.relative_to(folder.parent).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
