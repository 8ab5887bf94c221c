"""How gunicorn runs a function: one process, an event loop, a few threads, connections kept alive."""

import os

worker_class = "rivulet.serving.worker.Worker"
workers = 1  # Knative adds pods; a second worker would hold every state twice
threads = int(os.environ.get("THREADS", "8"))
keepalive = 75
timeout = 0  # Knative's timeoutSeconds, and the Broker's, say when a request took too long
graceful_timeout = 25  # what is under way, and what is handed over; Knative cuts it to what is left of timeoutSeconds
control_socket_disable = True  # its file would need a writable home
accesslog = None
loglevel = "warning"

# Of the library under NumPy, which would start one for each core while a model's process is: its arrays are tiny.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
