"""
The fleet on Kubernetes: the pods of a Deployment that KEDA scales.

Three watches tell what there is (`cluster.py`). What is done about it is little, as KEDA and the HPA
own the number: anticipate them where they are slow (`surge.py`), say who leaves first
(`deletion_cost.py`), and say why (`events.py`). A Lease tells which adapter does so (`lease.py`).
"""
