"""The server of a function: gunicorn's worker, what stands before the framework's application, and the way to it."""
