"""One foreign system each: the lake's Parquet, DuckDB, MLflow and Evidently, the state's bytes."""
