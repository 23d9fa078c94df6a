"""Any terminal: what it cannot show is spelt with what it can."""

import codecs
import io
import sys

_SPELT = {
    **{"≥": ">=", "≤": "<=", "→": "->", "×": "x", "–": "-", "−": "-", "…": "..."},
    **{"′": "'", "″": '"', "±": "+-", "σ": "sigma", "α": "alpha"},
}


def _spell(error: UnicodeError) -> tuple[str, int]:
    """Spell what an encoding lacks; without a spelling, such as a name's bytes, escaped."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    words = (_SPELT.get(one) or one.encode("ascii", "backslashreplace").decode() for one in lacking)
    return "".join(words), error.end


def speak_to_any_terminal() -> None:
    """Let standard output and error take any text, whatever their encoding."""
    codecs.register_error("clumpscope.spell", _spell)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="clumpscope.spell")
