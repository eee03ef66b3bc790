"""What is said by the environment to the libraries that our processes import, unless it is set."""

from collections.abc import Mapping

#: Keeps what our processes import from reporting about them: set unless its name is set already.
TELEMETRY_OFF: Mapping[str, str] = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

#: The patience of MLflow's client, likewise. Its own is seven tries with back-off, minutes in all
#: and in silence, in which a step that takes a version back would wait. Whoever asks tries again
#: itself, and says so; and looks first whether it was done. The client does not: it asks for a
#: version twice where an answer was lost, and there are two. So it asks once.
#: 30 s: a server that passes a bundle on to a store of its own takes a while.
MLFLOW_CLIENT: Mapping[str, str] = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
