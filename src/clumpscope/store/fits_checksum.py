"""Checksums of FITS files (FITS standard 4.0, section 4.4.2.7 and appendix J), of any size."""

from typing import IO

import numpy as np

_PIECE = 2**22  # bytes, a multiple of 4
_SIGNS = [*range(0x3A, 0x41), *range(0x5B, 0x61)]  # between figures and letters, not to be used


def checksum(stream: IO[bytes], total: int = 0) -> int:
    """Ones'-complement sum of the 32-bit words from where ``stream`` is to its end.

    Parameters
    ----------
    total
        Sum of what was summed before.
    """
    while piece := stream.read(_PIECE):
        words = np.frombuffer(piece + bytes(-len(piece) % 4), dtype=">u4")
        total += int(words.sum(dtype=np.uint64))
        while total >> 32:
            total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def encoded(total: int) -> str:
    """The 16 letters and figures which, in a card in place of zeros, bring the sum to -0.

    Parameters
    ----------
    total
        Sum of the whole HDU with 16 zeros there.
    """
    columns = []
    for byte in (~total & 0xFFFFFFFF).to_bytes(4, "big"):
        four = [byte // 4 + 0x30 + (byte % 4 if k == 0 else 0) for k in range(4)]
        while any(one in _SIGNS for one in four):
            for k in (0, 2):
                if {four[k], four[k + 1]} & set(_SIGNS):
                    four[k], four[k + 1] = four[k] + 1, four[k + 1] - 1
        columns.append(four)
    letters = [chr(four[row]) for row in range(4) for four in columns]
    return "".join(letters[-1:] + letters[:-1])
