"""The whole system on one machine: broker, MLflow, Git, lake and every service."""
