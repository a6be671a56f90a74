"""Read submissions to MLPerf Inference, and the logs of LoadGen runs."""
