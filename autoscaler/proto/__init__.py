"""KEDA's wire contract: `external_scaler.proto`, and the Python that protoc makes of it."""
