"""
A virtual Kafka topic, its workers and their cluster, to try scaling policies on a trace.

`plant` is the world, `policy_scaler` and `keda_scaler` are who scales it, `bound` is what
nobody can beat, and `compare` sets them side by side. The policy is the `decide` that
runs in production; nothing here knows what it does.
"""
