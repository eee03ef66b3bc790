"""MLflow, as the services that record and read there meet it."""
