"""
What this project claims in figures, measured: `python -m benchmarks.NAME --report FILE`.

`policies`: cost and lateness of the policy beside its rivals. `sensing`: what it costs to
look at Kafka, and how soon an idle autoscaler wakes. `decide`: what one decision costs.
`pipeline`: a worker against the bare engine and a naive program. `cold_start`: process start to
a warm model and the first result.
"""
