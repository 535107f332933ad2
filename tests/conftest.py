"""How tests are shared out between processes: a file at a time, and the files that read one release together."""

import pytest

# Fixtures of integration/conftest.py that take a minute each, once per process.
RELEASES = {"first", "second"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, since they share what its fixtures built."""
    reading = {item.path for item in items if RELEASES & set(getattr(item, "fixturenames", ()))}
    for item in items:
        item.add_marker(pytest.mark.xdist_group("release" if item.path in reading else item.path.stem))
