"""Where the recipes, the documentation and the shared data lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECIPES = ROOT / "recipes"
DOCS = ROOT / "docs"
SHARED = ROOT.parent / "shared" / "data"  # beside the checkout, where there is one
