"""
What the gateway's pages show of the autoscaler: its decisions in words, and what its rival would have cost.

The gateway knows nothing of the autoscaler; these are the functions that it is given.
"""
