"""Gates and nights: what is asked to be judged, its measuring and its verdict."""
