import pytest

from autoscaler.adapter.callers import Callers, NotAdmittedError

KEDA = "spiffe://cluster.local/ns/keda/sa/keda-operator"
OPERATOR = {"x509_subject_alternative_name": [b"keda-operator.keda.svc", KEDA.encode()]}


def test_without_a_list_whoever_came_through_tls_may_ask():
    Callers(()).admit({})


@pytest.mark.parametrize("name", [KEDA, "keda-operator.keda.svc"])
def test_one_of_the_names_is_enough(name):
    Callers([name, "other"]).admit(OPERATOR)


@pytest.mark.parametrize(
    "peer",
    [
        pytest.param({}, id="no certificate"),
        pytest.param({"x509_subject_alternative_name": [b"spiffe://cluster.local/ns/keda/sa/x"]}, id="other"),
        pytest.param({"x509_common_name": [KEDA.encode()]}, id="the common name is no name"),
        pytest.param({"x509_subject_alternative_name": [b"\xff"]}, id="not text"),
    ],
)
def test_nobody_else_may(peer):
    with pytest.raises(NotAdmittedError):
        Callers([KEDA]).admit(peer)
