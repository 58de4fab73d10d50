"""Compile the kernel for every platform that has a wheel, as strictly as compilers can.

Clang, out of PyPI's `ziglang`, has the headers of all of them. Nothing is linked or run: the wheels
themselves are built where they belong (.github/workflows/wheels.yml), on Windows by clang-cl, whose
headers are Microsoft's where these are MinGW's.
"""

import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "runtime" / "cvxeda" / "_kernel.c"
TARGETS = (
    "x86_64-linux-gnu.2.17",
    "aarch64-linux-gnu.2.17",
    "x86_64-macos",
    "aarch64-macos",
    "x86_64-windows-gnu",
)
STRICT = ["-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O3"]
# What Python.h asks of Windows's pyconfig.h, which no other system has.
WINDOWS = """
#define MS_WINDOWS
#define MS_WIN64
#define HAVE_STDDEF_H 1
#define HAVE_STDINT_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_SYS_STAT_H 1
#define HAVE_WCHAR_H 1
#define SIZEOF_VOID_P 8
#define SIZEOF_SIZE_T 8
#define SIZEOF_INT 4
#define SIZEOF_LONG 4
#define SIZEOF_LONG_LONG 8
#define SIZEOF_SHORT 2
#define SIZEOF_PID_T 4
#define SIZEOF_WCHAR_T 2
#define ALIGNOF_SIZE_T 8
#define ALIGNOF_LONG 4
typedef long long Py_ssize_t;
#define HAVE_PY_SSIZE_T 1
#define PY_SSIZE_T_MAX ((Py_ssize_t)(((size_t)-1) >> 1))
#define Py_ENABLE_SHARED 1
#include <stdio.h>
#include <io.h>
"""


def compile_for(target: str, folder: Path) -> bool:
    """Compile for one target and print how it went."""
    include = Path(sysconfig.get_paths()["include"])
    if "windows" in target:
        include = Path(shutil.copytree(include, folder / target))
        (include / "pyconfig.h").write_text(WINDOWS)
    command = [sys.executable, "-m", "ziglang", "cc", "-target", target, *STRICT, f"-I{include}"]
    made = folder / f"{target}.o"
    done = subprocess.run(
        [*command, "-c", str(SOURCE), "-o", str(made)], capture_output=True, text=True, check=False
    )
    print(f"{target:24} {made.stat().st_size if made.exists() else 'failed'}")
    print(done.stderr, end="")
    return done.returncode == 0


def main() -> None:
    """Compile for all of them; exit with 1 if one failed."""
    with tempfile.TemporaryDirectory() as folder:
        compiled = [compile_for(target, Path(folder)) for target in TARGETS]
    sys.exit(not all(compiled))


if __name__ == "__main__":
    main()
