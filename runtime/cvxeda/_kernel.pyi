SIMD: str

_Sizes = tuple[int, int, int, int]
_Constants = tuple[float, float, float, float, float]

def size(n: int, splines: int, baseline: int, spacing: int, /) -> int: ...
def offsets(arena: bytearray, sizes: _Sizes, constants: _Constants, /) -> dict[str, int]: ...
def solve(
    levels: tuple[tuple[bytearray, _Sizes, _Constants], ...],
    alpha: float,
    tolerance: float,
    most: int,
    /,
) -> tuple[int, float, float, float, float]: ...
