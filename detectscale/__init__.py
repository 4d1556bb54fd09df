"""
Image frames enter Kafka, workers detect objects in them, and an autoscaler decides how many.

This package puts the parts together: settings, the command line, the embedded servers,
`demo` and `up`.
"""

__version__ = "0.1.0"
