import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tradingfarm.processes import folders


@pytest.fixture
def home_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for a farm, short and open to the servers' account as an ordinary checkout is."""
    base = Path(tempfile.mkdtemp(prefix="farm-", dir="/tmp"))
    base.chmod(0o755)
    monkeypatch.setattr(folders, "ELSEWHERE", base / "elsewhere")
    yield base / "home"
    shutil.rmtree(base, ignore_errors=True)
