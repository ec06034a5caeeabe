"""Where the public data is that some tests need: TRIPO_DATA, then ../shared/data, else skip."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def real_data() -> Path:
    for folder in (os.environ.get("TRIPO_DATA"), str(ROOT.parent / "shared" / "data")):
        if folder and Path(folder).is_dir():
            return Path(folder)
    pytest.skip("no public data: set TRIPO_DATA")
