"""Settings of Sphinx."""

import sys
from pathlib import Path

import fastapi  # noqa: F401  (autodoc would import it as if types were checked, which it cannot be)

from clumpscope import __version__

sys.path.insert(0, str(Path(__file__).parent))  # extras.py

project = "clumpscope"
author = copyright = "the clumpscope developers"  # noqa: A001  (Sphinx asks for this name)
release = version = __version__

extensions = [
    "extras",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
suppress_warnings = ["ref.python"]  # several classes may have a field of one name

default_role = "code"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
python_maximum_signature_line_length = 80

html_theme = "furo"
html_theme_options = {"top_of_page_buttons": []}
html_title = f"clumpscope {version}"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["extra.css"]
html_copy_source = False
