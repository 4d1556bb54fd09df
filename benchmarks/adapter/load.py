"""
KEDA's operator with many ScaledObjects, as far as the adapter can tell.

One connection for all of them, as KEDA pools by address; for each two streams that stay open,
and at each tick of its HPA `GetMetricSpec`, `GetMetrics` and `IsActive`, one after the other.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc

from autoscaler.proto.external_scaler_pb2 import (
    GetMetricSpecResponse,
    GetMetricsRequest,
    GetMetricsResponse,
    IsActiveResponse,
    ScaledObjectRef,
)

TICK_S = 15.0
"""The HPA's sync period at its default."""


@dataclass
class Load:
    """What a run has seen."""

    latencies_s: list[float] = field(default_factory=list)
    """Of each call."""
    failures: Counter[str] = field(default_factory=Counter)
    """Calls that failed, by status."""
    pushed_s: list[float] = field(default_factory=list)
    """From the append of the first frame to each stream's `true`."""


async def put_load(
    address: str,
    credentials: grpc.ChannelCredentials,
    target: str,
    objects: int,
    seconds: float,
    append: Callable[[], None],
) -> Load:
    """
    Open the streams, poll for *seconds*, then append one frame and await its pushes.

    Args:
        append: Appends a frame to the target's topic; there was none before.
    """
    load = Load()
    async with grpc.aio.secure_channel(address, credentials) as channel:
        refs = [
            ScaledObjectRef(name=f"so-{number}", namespace="load", scalerMetadata={"target": target})
            for number in range(objects)
        ]
        told = [asyncio.create_task(_first_push(channel, ref)) for ref in refs]
        specs = [_stream(channel, "StreamMetricSpec", GetMetricSpecResponse, ref) for ref in refs]
        for stream in specs:
            await stream.read()  # only now all are open
        rng = random.Random(1)  # noqa: S311  (phases of polling)
        await asyncio.gather(*(_poll(channel, ref, rng.random(), seconds, load) for ref in refs))
        appended_at = time.time()
        await asyncio.to_thread(append)
        load.pushed_s = [at - appended_at for at in await asyncio.gather(*told)]
        for stream in specs:
            stream.cancel()
    return load


async def _poll(
    channel: grpc.aio.Channel, ref: ScaledObjectRef, phase: float, seconds: float, load: Load
) -> None:
    calls = (
        (_call(channel, "GetMetricSpec", GetMetricSpecResponse), ref),
        (_call(channel, "GetMetrics", GetMetricsResponse), GetMetricsRequest(scaledObjectRef=ref)),
        (_call(channel, "IsActive", IsActiveResponse), ref),
    )
    ends_at = time.perf_counter() + seconds
    await asyncio.sleep(phase * TICK_S)
    while time.perf_counter() < ends_at:
        began_at = time.perf_counter()
        for call, request in calls:
            asked_at = time.perf_counter()
            try:
                await call(request)
                load.latencies_s.append(time.perf_counter() - asked_at)
            except grpc.aio.AioRpcError as error:
                load.failures[error.code().name] += 1
        await asyncio.sleep(began_at + TICK_S - time.perf_counter())


def _call(channel: grpc.aio.Channel, method: str, answer: Any) -> Callable[[Any], Awaitable[Any]]:
    return channel.unary_unary(
        f"/externalscaler.ExternalScaler/{method}",
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=answer.FromString,
    )


def _stream(channel: grpc.aio.Channel, method: str, answer: Any, ref: ScaledObjectRef) -> Any:
    return channel.unary_stream(
        f"/externalscaler.ExternalScaler/{method}",
        request_serializer=ScaledObjectRef.SerializeToString,
        response_deserializer=answer.FromString,
    )(ref)


async def _first_push(channel: grpc.aio.Channel, ref: ScaledObjectRef) -> float:
    """The instant at which it comes, seconds since the epoch."""
    async for answer in _stream(channel, "StreamIsActive", IsActiveResponse, ref):
        if answer.result:
            return time.time()
    return float("inf")
