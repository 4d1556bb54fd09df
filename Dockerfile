# The images: control (autoscaler, projector, gateway, camera), worker (OpenVINO on CPU), worker-gpu (torch and CUDA).
# Any Debian with Python 3.11 or later will do as BASE. docs/deploy.md says how to build and publish them.
ARG BASE=python:3.12.13-slim-bookworm

# pip and what it leaves behind stay in here: only /opt/detectscale and /project go on.
FROM ${BASE} AS build
ENV PATH=/opt/pip/bin:$PATH \
    PIP_PYTHON=/opt/detectscale/bin/python PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    COMPILE="python -m compileall -q -f -j 0 --invalidation-mode unchecked-hash"
WORKDIR /build
# The project without its code stands in for it, so that layers of dependencies follow from pyproject.toml alone.
RUN python3 -m venv /opt/pip \
    && python3 -m venv --without-pip /opt/detectscale \
    && rm /opt/detectscale/bin/[Aa]ctivate* \
    && mkdir -p frames workers autoscaler detectscale manifests/base \
    && touch README.md LICENSE NOTICE manifests/base/config.yaml
COPY pyproject.toml ./

# Of Amazon's services stay the storage and those that say who asks it.
FROM build AS dependencies
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    pip install --no-compile '.[s3,gcs]' \
    && find /opt/detectscale/lib -type d -name tests -prune -exec rm -r {} + \
    && find /opt/detectscale/lib/python3*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
    -not -name s3 -not -name sts -not -name sso -not -name sso-oidc -not -name signin -exec rm -r {} +

FROM dependencies AS control-dependencies
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    pip install --no-compile '.[keda,gateway]' \
    && rm -r /opt/detectscale/lib/python3*/site-packages/kubernetes/aio \
    && $COMPILE /opt/detectscale

# Of OpenVINO stays what runs ONNX and its own format on a CPU.
FROM dependencies AS worker-dependencies
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    pip install --no-compile '.[openvino]' \
    && rm -r /opt/detectscale/lib/python3*/site-packages/openvino/include \
    /opt/detectscale/lib/python3*/site-packages/openvino/cmake \
    /opt/detectscale/lib/python3*/site-packages/openvino/libs/cache.json \
    /opt/detectscale/lib/python3*/site-packages/openvino/libs/libopenvino_intel_[gn]pu_plugin.so \
    /opt/detectscale/lib/python3*/site-packages/openvino/libs/libopenvino_*[!rx]_frontend.so* \
    && $COMPILE /opt/detectscale

# Nothing is compiled at run time, so that triton (1 GB) may go. Some of torch's own tests need a later Python.
FROM dependencies AS worker-gpu-dependencies
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    pip install --no-compile '.[ultralytics]' \
    && pip uninstall --yes triton \
    && $COMPILE -x /torch/testing/_internal/ /opt/detectscale

# The project's wheel, with the bundled model.
FROM build AS project
COPY . ./
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    pip install --no-compile --no-deps --root /project . \
    && $COMPILE -s /project -p / /project

# No pip, nothing that changes its user, no folder that all may write to but /tmp.
FROM ${BASE} AS runtime
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/ensurepip /usr/local/lib/python3*/site-packages/pip* \
    /usr/lib/python3*/ensurepip /usr/share/python-wheels \
    && find / -xdev -type f -perm /6000 -delete \
    && chmod 755 /var/tmp /run/lock \
    && echo 'detectscale:x:10001:10001::/tmp:/usr/sbin/nologin' >> /etc/passwd \
    && echo 'detectscale:x:10001:' >> /etc/group
ENV PATH=/opt/detectscale/bin:/usr/local/bin:/usr/bin:/bin HOME=/tmp PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
ENTRYPOINT ["detectscale"]

FROM runtime AS control
COPY --from=control-dependencies /opt/detectscale /opt/detectscale
COPY --from=project /project/ /

FROM runtime AS worker
COPY --from=worker-dependencies /opt/detectscale /opt/detectscale
COPY --from=project /project/ /

FROM runtime AS worker-gpu
COPY --from=worker-gpu-dependencies /opt/detectscale /opt/detectscale
COPY --from=project /project/ /
