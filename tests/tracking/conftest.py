import shutil

import pytest
from reproductions import made, publish, reproduced  # noqa: F401  fixtures that tests/system shares
from stores import stored


class Published:
    """A reproduction that is published: its folder, what `publish` gave, the MLflow runs by name, and the client."""

    def __init__(self, folder, published):
        self.folder, self.published = folder, published
        (self.parent, *self.children), self.client = stored(folder)
        self.runs = [self.parent, *self.children]
        self.none, self.smote = self.children


@pytest.fixture(scope="module")
def publication(made, tmp_path_factory):  # noqa: F811
    """What the tests of a module only look at."""
    folder = tmp_path_factory.mktemp("published")
    shutil.copytree(made, folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return Published(folder, publish())


@pytest.fixture
def published(publication, monkeypatch):
    """Goes to the folder of a reproduction that is published; tests leave it as it is."""
    monkeypatch.chdir(publication.folder)
    return publication
