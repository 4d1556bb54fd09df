"""
A whole Kubernetes cluster with KEDA, Kafka and Redis on this machine, without Docker or a registry.

    places         folders, addresses and names
    requirements   what the machine must have; one message says what is missing
    binaries       Kubernetes, etcd, CoreDNS and KEDA, built once from pinned Go modules
    machine        Linux namespaces of its own, in which everything runs
    processes      daemons in it
    pki            certificates and kubeconfigs
    kubectl        what talks to the API server
    control_plane  etcd, API server, controller manager, scheduler
    node           containerd, kubelet, kube-proxy, CoreDNS
    images         a Debian base with Python, the project's images, and how they reach the node
    brokers        Kafka and Redis
    keda           KEDA's operator and metrics adapter
    metrics_server what CPU scaling needs
    remains        a look for what was left behind
    cluster        all of it in order, for the length of a `with` block

Everything lives in one process namespace whose first process ends with whoever started it, and the
kernel ends the rest, with its mounts, network, packet filter rules and containers: nothing is left
behind, whatever happens. By hand: `python -m tests.e2e.cluster up`.
"""
