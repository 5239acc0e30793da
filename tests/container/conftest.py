"""The image of this tree, for every test that runs it."""

import os

import pytest

from container.engine import Engine, Image, NoEngine


@pytest.fixture(scope="session")
def image() -> Image:
    """Built once per test process; the second one finds it built."""
    try:
        engine = Engine.find()
    except NoEngine as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must test the container: {missing}")
        pytest.skip(f"container: {missing}")
    return Image.build(engine)
