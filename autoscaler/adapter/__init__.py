"""
The adapter: what the policy wants, in KEDA's words.

A thread for each target decides, or follows the replica that decides; both end in the same
value in memory (`targets.py`). KEDA asks for it by gRPC (`external_scaler.py`) or by HTTP
(`http_twin.py`), and no answer ever waits for Kafka.
"""
