import logging
import threading

from autoscaler.kubernetes_fleet.api import ApiError
from autoscaler.kubernetes_fleet.courier import MOST, Courier


def test_errands_are_run_in_order():
    courier, done = Courier("courier"), []
    for number in range(5):
        courier.send(lambda number=number: done.append(number))

    assert courier.settled(5)
    assert done == [0, 1, 2, 3, 4]
    courier.close()


def test_a_failure_is_logged_once_and_ends_nothing(caplog):
    caplog.set_level(logging.WARNING)
    courier, done = Courier("courier"), []

    def fails():
        raise ApiError("kubernetes: away", None)

    for errand in (fails, fails, lambda: done.append(1)):
        courier.send(errand)

    assert courier.settled(5)
    assert (done, caplog.messages) == ([1], ["courier: not done: kubernetes: away"])
    courier.close()


def test_who_gives_too_many_does_not_wait():
    courier, go = Courier("courier"), threading.Event()
    courier.send(go.wait)
    for _ in range(2 * MOST):
        courier.send(lambda: None)

    go.set()

    courier.close()
