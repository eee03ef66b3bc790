"""Bundles from MLflow's artefact store, by run or registry URI."""

from pathlib import Path

from evermodel.scorer.ports import BundleRefused, BundleUnreachable

#: MLflow's codes for "there is no such run or artefact": asking again cannot help.
_ABSENT = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})


class MlflowDownload:
    """Downloads through the tracking server, so that no storage credentials are needed here."""

    def __init__(self, tracking_uri: str) -> None:
        self._tracking_uri = tracking_uri

    def __call__(self, uri: str, into: Path) -> Path:
        # Imported here because it takes seconds, which no consume loop should wait for. As a whole:
        # of two threads that begin with two of its modules, one is handed half of it.
        import mlflow  # noqa: PLC0415

        try:
            return Path(
                mlflow.artifacts.download_artifacts(
                    artifact_uri=uri, dst_path=str(into), tracking_uri=self._tracking_uri
                )
            )
        except mlflow.exceptions.MlflowException as error:
            if error.error_code in _ABSENT:
                raise BundleRefused(f"{uri}: {error.message}") from error
            raise BundleUnreachable(f"{uri}: {error.message}") from error
        except OSError as error:
            raise BundleUnreachable(f"{uri}: {error}") from error
