"""What tests and benches make up: runs, gates, histories, machines and other tools' results. A file per thing."""
