"""
The rules, one a row: what is looked at, what follows where it is broken, and the cure.

A new rule is a function in one of the modules named in the rows, and a row here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from detectscale.manifests_lint import pace, replicas, scaled_objects, triggers, workloads
from detectscale.manifests_lint.installation import Installation
from detectscale.manifests_lint.manifests import WORKLOADS, Manifest

Check = Callable[[Manifest, Installation], Iterator[str]]
"""Says for a manifest among all others which values are wrong; nothing: it keeps the rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row."""

    name: str
    kinds: tuple[str, ...]
    """Of the manifests that are looked at."""
    check: Check
    why: str
    """What happens otherwise."""
    fix: str


OBJECT = ("ScaledObject",)

RULES = (
    Rule(
        "name-too-long",
        OBJECT,
        scaled_objects.name_too_long,
        "KEDA refuses names that do not fit into a label, so nothing scales.",
        "shorten the name, or set advanced.horizontalPodAutoscalerConfig.name",
    ),
    Rule(
        "one-trigger",
        OBJECT,
        triggers.several_triggers,
        "One trigger that does not answer makes the others' numbers unavailable (kedacore/keda#5914), and a "
        "slow one holds the lock that a push waits for.",
        "keep the autoscaler's trigger; only cpu and memory may stand beside it",
    ),
    Rule(
        "push",
        OBJECT,
        triggers.never_pushed,
        "KEDA then asks every pollingInterval only, and a frame waits that long for the first worker.",
        "use the type external-push",
    ),
    Rule(
        "max-above-partitions",
        OBJECT,
        replicas.above_partitions,
        "Each partition has one worker at most: the rest would hold GPUs and get no frame.",
        "lower maxReplicaCount, or raise topics.partitions",
    ),
    Rule(
        "bounds-differ",
        OBJECT,
        replicas.bounds_differ,
        "KEDA clips what the autoscaler decides, which then plans with workers that never come, or pays for "
        "some that it did not want.",
        "give both files the same number",
    ),
    Rule(
        "min-above-max",
        OBJECT,
        replicas.out_of_order,
        "KEDA refuses the object, so nothing scales.",
        "lower minReplicaCount",
    ),
    Rule(
        "idle-replicas",
        OBJECT,
        replicas.idle_replicas,
        "idleReplicaCount works only as 0 below minReplicaCount (kedacore/keda#2314), and then each start "
        "takes minReplicaCount workers, whatever the autoscaler wants.",
        "leave idleReplicaCount out; the autoscaler goes straight to the number it wants",
    ),
    Rule(
        "slow-polling",
        OBJECT,
        pace.slow_polling,
        "A push that is lost (kedacore/keda#8168) is made up for by the next poll only.",
        "set pollingInterval to 10 or less; the autoscaler answers from memory",
    ),
    Rule(
        "short-cooldown",
        OBJECT,
        pace.short_cooldown,
        "A single poll without work then takes any number of workers to 0 at once, past the HPA.",
        "set cooldownPeriod above pollingInterval",
    ),
    Rule(
        "default-cooldown",
        OBJECT,
        pace.default_cooldown,
        "The last worker's GPU is paid for five minutes after the autoscaler has let it go.",
        "set cooldownPeriod a little above pollingInterval; keeping warm is the autoscaler's part",
    ),
    Rule(
        "tolerance",
        OBJECT,
        pace.tolerance,
        "The HPA ignores changes of up to a tenth, so with eleven or more workers the last one never comes "
        "or goes (kedacore/keda#2908, #4791).",
        'set tolerance: "0" in scaleUp and scaleDown (Kubernetes 1.33 behind a gate, 1.35 without)',
    ),
    Rule(
        "scale-up-in-steps",
        OBJECT,
        pace.scales_up_in_steps,
        "A burst then waits for one HPA step of 15 s after another while its frames grow old.",
        "allow maxReplicaCount pods at once: policies: [{type: Pods, value: MAX, periodSeconds: 15}]",
    ),
    Rule(
        "scale-down-late",
        OBJECT,
        pace.scales_down_late,
        "The HPA keeps workers for minutes that the autoscaler has decided to let go.",
        "set scaleDown.stabilizationWindowSeconds: 0",
    ),
    Rule(
        "fallback-to-zero",
        OBJECT,
        replicas.falls_to_zero,
        "With 0 an error counts as no work, and KEDA stops every worker just when it knows nothing.",
        "set fallback.replicas to 1 or more",
    ),
    Rule(
        "fallback-drops",
        OBJECT,
        replicas.falls_below,
        "When the number cannot be had, workers that are busy are stopped.",
        "set fallback.behavior: currentReplicasIfHigher",
    ),
    Rule(
        "metric-type",
        OBJECT,
        triggers.metric_type,
        "The HPA then multiplies by the pods that are ready, of which there are none during a cold start.",
        "use metricType: AverageValue",
    ),
    Rule(
        "cached-metrics",
        OBJECT,
        triggers.cached_metrics,
        "The HPA reads a number of any age, and a push does not renew it.",
        "leave useCachedMetrics out; the autoscaler answers from memory",
    ),
    Rule(
        "anybody-may-ask",
        OBJECT,
        triggers.anybody_may_ask,
        "KEDA knows no other way to say who it is: the autoscaler must then answer anybody, or nobody.",
        "name a TriggerAuthentication with caCert, tlsClientCert and tlsClientKey (metrics-api: token too)",
    ),
    Rule(
        "unverified",
        OBJECT,
        triggers.unverified,
        "Whoever can answer in the autoscaler's place sets the number of workers.",
        "leave unsafeSsl out, and give the authority's certificate in the TriggerAuthentication",
    ),
    Rule(
        "value-from-environment",
        OBJECT,
        triggers.from_environment,
        "KEDA reads the variable from the worker's container and sends its value to the scaler, secrets too.",
        "leave it out; the autoscaler takes nothing but target, metric and lagThreshold",
    ),
    Rule(
        "address-without-namespace",
        OBJECT,
        triggers.address_without_namespace,
        "KEDA looks the name up from its own namespace and finds nobody, or somebody else.",
        "write it as autoscaler.NAMESPACE.svc:6000",
    ),
    Rule(
        "unknown-target",
        OBJECT,
        replicas.unknown_target,
        "The autoscaler answers NOT_FOUND, so KEDA has no metric and nothing scales.",
        "set metadata.target to a name in adapter.targets (without any: the topic of frames)",
    ),
    Rule(
        "formula",
        OBJECT,
        pace.formula,
        "A push passes a formula by, and any trigger that fails makes its result unknown.",
        "leave scalingModifiers out; what is to be weighed belongs into the policy section",
    ),
    Rule(
        "paused",
        OBJECT,
        scaled_objects.paused,
        "These are for a person to set for a while; in a manifest each apply sets them again.",
        "remove it, and use kubectl annotate",
    ),
    Rule(
        "restores",
        OBJECT,
        scaled_objects.restores,
        "Deleting the ScaledObject sets the workers to the number of the day it was made.",
        "leave restoreToOriginalReplicaCount out",
    ),
    Rule(
        "persistent-lag",
        OBJECT,
        triggers.persistent_lag,
        "A batch that takes longer than the gap between two questions looks stuck, and its worker is "
        "stopped under load (kedacore/keda#5906).",
        "leave excludePersistentLag out",
    ),
    Rule(
        "skipped-backlog",
        OBJECT,
        triggers.skipped_backlog,
        "Workers begin at the earliest record; KEDA would count 1 a partition, whatever waits there.",
        "set offsetResetPolicy: earliest",
    ),
    Rule(
        "pushed-jobs",
        ("ScaledJob",),
        triggers.pushes_to_jobs,
        "KEDA does not push to ScaledJobs: it logs a warning, and no job starts.",
        "scale a Deployment by a ScaledObject; a worker loads its model once, not once a frame",
    ),
    Rule(
        "grace-period",
        WORKLOADS,
        workloads.grace_period,
        "The kubelet kills a worker that is still finishing, and its frames are done twice; a gateway's "
        "clients get no answer.",
        "set terminationGracePeriodSeconds above drain_s, and at a gateway above the sleep before it too",
    ),
    Rule(
        "refused-in-an-update",
        WORKLOADS,
        workloads.refused_in_an_update,
        "It stops listening at once when it is to leave, while its Service still leads clients to it.",
        "add lifecycle: {preStop: {sleep: {seconds: 10}}}",
    ),
    Rule(
        "requests-and-limits",
        WORKLOADS,
        workloads.requests_and_limits,
        "Without requests pods land on full nodes and are the first to be evicted; without limits one of "
        "them takes a node down.",
        "set cpu and memory in resources.requests and resources.limits",
    ),
    Rule(
        "replicas-written",
        WORKLOADS,
        workloads.replicas_written,
        "Each apply writes over the number that is running, and stops or starts workers under load.",
        "leave spec.replicas out",
    ),
    Rule(
        "several-scalers",
        WORKLOADS,
        workloads.several_scalers,
        "They write over each other's number for ever.",
        "keep one",
    ),
    Rule(
        "unavailable-in-an-update",
        WORKLOADS,
        workloads.unavailable_in_an_update,
        "An update takes workers away before the new ones are warm, and the queue grows.",
        "set rollingUpdate.maxUnavailable: 0",
    ),
    Rule(
        "killed-while-starting",
        WORKLOADS,
        workloads.killed_while_starting,
        "A cold start that loads a large model is killed as if it hung, and begins again.",
        "add a startupProbe with periodSeconds x failureThreshold above the longest cold start",
    ),
)
