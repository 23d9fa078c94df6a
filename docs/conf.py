"""Settings of Sphinx."""

from clumpscope import __version__

project = "clumpscope"
author = copyright = "the clumpscope developers"  # noqa: A001  (Sphinx asks for this name)
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
suppress_warnings = ["ref.python"]  # several classes may have a field of one name

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False

html_theme = "alabaster"
html_theme_options = {"description": "Giant star-forming clumps in galaxy images"}
