"""
From what Kafka and the workers say to a replica count: sense, decide, act.

`policy.decide` is pure and is all there is to the deciding. Everything else either
builds the `Observation` that it looks at or carries out the `Decision` it returns.
"""
