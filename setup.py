"""The compiled kernel; everything else about the build stands in pyproject.toml."""

from __future__ import annotations

import shutil

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext


class BuildKernel(build_ext):
    """Build the kernel, with the compiler that can."""

    def build_extensions(self) -> None:
        # Contraction to fused multiply-adds is rounding of its own and harmless; -ffast-math is
        # not: with it the last digits of the duality gap are lost on real windows. Debug
        # information would name the folder of the build.
        arguments = ["-O3", "-g0", "-Wno-psabi"]
        if self.compiler.compiler_type == "msvc":
            arguments = ["/O2"]
            # Microsoft's own compiler has no vector types; clang-cl, which takes the same
            # arguments and comes with Visual Studio, does.
            self.compiler.initialize()
            self.compiler.cc = shutil.which("clang-cl") or self.compiler.cc
        for extension in self.extensions:
            extension.extra_compile_args = arguments
        super().build_extensions()


_HEADERS = ("factor", "layout", "products", "solution", "step")
# Where no compiler can build it, RTCAN computes on SciPy.
KERNEL = Extension(
    "runtime.cvxeda._kernel",
    sources=["runtime/cvxeda/_kernel.c"],
    depends=[f"runtime/cvxeda/_{name}.h" for name in _HEADERS],
    py_limited_api=True,
    optional=True,
)

setup(
    ext_modules=[KERNEL],
    cmdclass={"build_ext": BuildKernel},
    options={"bdist_wheel": {"py_limited_api": "cp310"}},
)
