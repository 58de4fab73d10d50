"""Set an sdist's times and owners, so that its bytes depend on nothing but the sources.

setuptools heeds SOURCE_DATE_EPOCH in a wheel, not in an sdist.
"""

import gzip
import io
import os
import sys
import tarfile
from pathlib import Path

EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])
path = Path(sys.argv[1])
settled = io.BytesIO()
with (
    tarfile.open(path) as before,
    gzip.GzipFile(filename="", fileobj=settled, mode="wb", mtime=EPOCH) as packed,
    tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as after,
):
    for member in sorted(before.getmembers(), key=lambda item: item.name):
        member.mtime, member.uid, member.gid, member.uname, member.gname = EPOCH, 0, 0, "", ""
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        member.pax_headers = {}
        after.addfile(member, before.extractfile(member) if member.isfile() else None)
path.write_bytes(settled.getvalue())
