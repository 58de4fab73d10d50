"""The optional compiled kernel; everything else about the build stands in pyproject.toml."""

from setuptools import Extension, setup

# Contraction to fused multiply-adds is rounding of its own and harmless; -ffast-math is not: with
# it the last digits of the duality gap are lost on real windows.
KERNEL = Extension(
    "runtime.cvxeda._kernel",
    sources=["runtime/cvxeda/_kernel.c"],
    extra_compile_args=["-O3", "-Wno-psabi"],
    py_limited_api=True,
    optional=True,
)

setup(ext_modules=[KERNEL], options={"bdist_wheel": {"py_limited_api": "cp310"}})
