"""What Sphinx lacks: formulas that browsers draw themselves, and short names of array types."""

import re
from typing import Any, NoReturn

from docutils import nodes
from latex2mathml.converter import convert
from numpy.typing import ArrayLike
from sphinx.application import Sphinx
from sphinx.util.typing import stringify_annotation

_ARRAY_LIKE = stringify_annotation(ArrayLike, "smart")
_ARRAY = re.compile(r"~numpy\.ndarray\[tuple\[~typing\.Any, \.\.\.\], ~numpy\.dtype\[(.*?)\]\]")


def _inline(writer: Any, node: nodes.Element) -> NoReturn:
    writer.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.Element) -> NoReturn:
    formula = convert(node.astext(), display="block")
    writer.body.append(f'<div class="formula">{formula}</div>')
    raise nodes.SkipNode


def _short(*event: Any) -> tuple[str | None, str | None]:
    """Arguments and result of a function with ArrayLike and NDArray by their names."""
    *_, arguments, result = event
    return _named(arguments), _named(result)


def _named(types: str | None) -> str | None:
    if types is None:
        return None
    return _ARRAY.sub(r"NDArray[\1]", types.replace(_ARRAY_LIKE, "ArrayLike"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Join Sphinx."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-signature", _short)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
