"""The generated code is what its source says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROTO = "autoscaler/proto/external_scaler.proto"
GENERATED = ("external_scaler_pb2.py", "external_scaler_pb2.pyi")


def test_generating_it_again_makes_no_difference(tmp_path):
    options = ["-I", str(ROOT), f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", PROTO]

    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *options], check=True, cwd=ROOT)

    for name in GENERATED:
        made = tmp_path / "autoscaler" / "proto" / name
        assert made.read_text() == (ROOT / "autoscaler" / "proto" / name).read_text()


def test_the_wire_is_kedas():
    from autoscaler.proto import external_scaler_pb2

    described = external_scaler_pb2.DESCRIPTOR
    service = described.services_by_name["ExternalScaler"]
    numbers = {
        f"{message.name}.{field.name}": field.number
        for message in described.message_types_by_name.values()
        for field in message.fields
    }

    assert service.full_name == "externalscaler.ExternalScaler"
    assert {method.name for method in service.methods if method.server_streaming} == {
        "StreamIsActive",
        "StreamMetricSpec",
    }
    assert numbers == {
        "ScaledObjectRef.name": 1,
        "ScaledObjectRef.namespace": 2,
        "ScaledObjectRef.scalerMetadata": 3,
        "IsActiveResponse.result": 1,
        "GetMetricSpecResponse.metricSpecs": 1,
        "MetricSpec.metricName": 1,
        "MetricSpec.targetSize": 2,
        "MetricSpec.targetSizeFloat": 3,
        "GetMetricsRequest.scaledObjectRef": 1,
        "GetMetricsRequest.metricName": 2,
        "GetMetricsResponse.metricValues": 1,
        "MetricValue.metricName": 1,
        "MetricValue.metricValue": 2,
        "MetricValue.metricValueFloat": 3,
    }
