"""A bundle that does not arrive whole is no bad version: it is fetched again, not rolled back."""

from pathlib import Path

import pytest

from evermodel.scorer.adapters.mlflow_bundles import MlflowDownload
from evermodel.scorer.ports import BundleRefused, BundleUnreachable
from tests.faults.mlflow.gateway import Gateway, Spoil
from tests.faults.mlflow.registering import MODEL_FILE, recorded
from tests.faults.mlflow.spoils import answer_cut, page, says, unheard
from tests.faults.quick import whole_but

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow.*"),
]

ON_THE_WAY: dict[str, Spoil] = {
    "is cut short": answer_cut,
    "does not come": unheard,
    "comes as a gateway's page": page(200),
    "is forbidden for now": page(403),
    "meets a server that restarts": says(503),
}


@pytest.mark.guarantee(
    "outside",
    fault="a bundle {way} on its way to a scorer",
    promise="the version is neither refused nor rolled back; it serves when the bundle arrives",
    seen="scorer logs '<model> v<n> is not here yet: …'; evermodel_events_total, outcome retried",
)
@pytest.mark.parametrize("way", whole_but("is cut short", ON_THE_WAY))
def test_a_bundle_that_does_not_arrive_whole_is_unreachable_and_not_refused(
    way: str, gateway: Gateway, mlflow_server: str, tmp_path: Path
) -> None:
    uri = f"runs:/{recorded(mlflow_server, tmp_path)}/bundle"
    gateway.spoil("GET .*/mlflow-artifacts/artifacts/.*model.pb", ON_THE_WAY[way])
    download = MlflowDownload(gateway.uri)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with pytest.raises(BundleUnreachable):
        download(uri, tmp_path / "first")
    assert (download(uri, tmp_path / "second") / "v/model.pb").read_bytes() == MODEL_FILE


def test_a_bundle_that_is_not_there_is_refused(mlflow_server: str, tmp_path: Path) -> None:
    run = recorded(mlflow_server, tmp_path)
    with pytest.raises(BundleRefused, match="no such artefact"):
        MlflowDownload(mlflow_server)(f"runs:/{run}/bandle", tmp_path)
