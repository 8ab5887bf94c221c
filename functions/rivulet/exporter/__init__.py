"""The exporter: what Redis knows, as metrics. It runs always, and never calls a function."""
