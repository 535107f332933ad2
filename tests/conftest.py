"""What all processes of one run of the tests share."""

import os
from pathlib import Path

import pytest

from tests import fast_road


def common_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that every process of this run sees."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", autouse=True)
def _compiled_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    fast_road.compiled_in = common_folder(tmp_path_factory)
