"""The systems that keep the scorer's promises: MLflow, folders, TensorFlow."""
