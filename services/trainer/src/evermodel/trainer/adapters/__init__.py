"""The systems that keep the trainer's promises: processes, MLflow, folders."""
