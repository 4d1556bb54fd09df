"""Ultralytics is imported here first, as detectscale does it: it reads its environment only once."""

from workers.training.ultralytics_import import import_ultralytics

import_ultralytics()
