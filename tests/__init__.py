"""The tests, in folders named as those of the package; the programs that they judge are in ``corpora``."""

from pathlib import Path

#: The checkout.
ROOT = Path(__file__).resolve().parents[1]
