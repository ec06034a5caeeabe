import json
import os
from pathlib import Path

import pytest

from benchmarks.calibration import derive
from tests.small_city import ROOT


@pytest.fixture
def public_data():
    for folder in (os.environ.get("TRIPO_DATA"), str(ROOT.parent / "shared" / "data")):
        if folder and (Path(folder) / "trips").is_dir():
            return Path(folder)
    pytest.skip("no public trips: set TRIPO_DATA")


@pytest.mark.real_data
def test_the_figures_of_the_city_are_those_of_the_public_trips(public_data):
    assert derive(public_data) == json.loads((ROOT / "data" / "calibration.json").read_text())
