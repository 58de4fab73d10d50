SIMD: str

def size(n: int, splines: int, spacing: int, /) -> int: ...
def offsets(
    arena: bytearray,
    sizes: tuple[int, int, int, int],
    constants: tuple[float, float, float, float, float],
    /,
) -> dict[str, int]: ...
def measure(
    arena: bytearray,
    sizes: tuple[int, int, int, int],
    constants: tuple[float, float, float, float, float],
    /,
) -> tuple[float, float]: ...
def advance(
    arena: bytearray,
    sizes: tuple[int, int, int, int],
    constants: tuple[float, float, float, float, float],
    /,
) -> bool: ...
