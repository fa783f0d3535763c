"""Sphinx configuration."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "pytest-wsgiconform"
author = "The pytest-wsgiconform developers"
copyright = f"2026, {author}"
extensions = ["myst_parser", "sphinx.ext.autodoc", "catalogue"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "pytest-wsgiconform"
myst_heading_anchors = 3
myst_enable_extensions = ["fieldlist"]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
nitpicky = False
