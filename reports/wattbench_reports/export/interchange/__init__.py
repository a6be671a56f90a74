"""Write a run for other projects' tools, each in its own format: one file per format.

    atif_trajectories.py  Harbor's ATIF: a trajectory per session of an agent
    boamps.py             Boavizta's BoAmps: a report of one system's energy
    codecarbon_csv.py     codecarbon's `emissions.csv`
    model_card.py         the Hugging Face hub's model card
    otlp_spans.py         OpenTelemetry's spans with GenAI attributes: a trace per session of an agent
    prometheus.py         Prometheus' text, for node_exporter's textfile collector and the Pushgateway

May import: what `wattbench_reports.export` may. Joules of a system that is not valid are not in BoAmps and Prometheus,
which have no place for a caveat.
"""
