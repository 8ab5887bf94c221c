"""As in the image: one process, a few threads."""

import os

worker_class = "gthread"
workers = 1
threads = int(os.environ["THREADS"])
keepalive = 75
graceful_timeout = 5
control_socket_disable = True
