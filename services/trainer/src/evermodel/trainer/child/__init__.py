"""What runs in the training's own process: it learns, writes its artefacts, and ends.

Owns DuckDB over the lake, TensorFlow and the plots. Must never know a broker, MLflow or the
service that started it: a plan goes in, files and a report come out.
"""
