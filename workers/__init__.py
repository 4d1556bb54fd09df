"""One frame's way through a worker: poll, check, decode, detect, publish, commit."""
