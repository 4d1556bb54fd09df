"""
The rules that manifests of detectscale keep, and why: what `detectscale lint-manifests` says.

A rule is a function from a manifest, seen among the others, to what is wrong with it, and a row
in the table of `rules.py` that says what follows from that and what to do. The sources are KEDA's
code and issues (kedacore/keda), and the Kubernetes HPA's.
"""
