"""
What travels through detectscale, and how it gets in and out.

Frame events and their outcomes are CloudEvents over Kafka; everything that
reads or writes them (cameras, workers, the autoscaler, the projector) meets
in the values and topics of this package.
"""
