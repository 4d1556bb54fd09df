from autoscaler.adapter.pushes import Pushes


def said(pushes: Pushes, states: list[tuple[float, bool, bool]]) -> list[tuple[float, bool]]:
    """What is said at which instant, for (instant, active, nobody runs)."""
    answers = [(now, pushes.next(active, nobody, now)) for now, active, nobody in states]
    return [(now, answer) for now, answer in answers if answer is not None]


def test_a_stream_to_an_idle_target_says_nothing():
    pushes = Pushes()

    assert said(pushes, [(0.0, False, True), (100.0, False, True)]) == []
    assert pushes.pause_s(100.0) is None


def test_work_is_said_at_once_and_its_end_too():
    states = [(0.0, False, True), (1.0, True, True), (1.1, True, True), (1.2, False, True), (1.3, True, True)]

    assert said(Pushes(), states) == [(1.0, True), (1.2, False), (1.3, True)]


def test_it_is_said_ever_more_rarely_while_nobody_comes():
    pushes, now, instants = Pushes(), 0.0, []
    for _ in range(9):
        if pushes.next(True, True, now):
            instants.append(now)
        now += pushes.pause_s(now)

    assert instants == [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0, 123.0, 183.0]


def test_it_is_not_repeated_once_somebody_has_come():
    assert said(Pushes(), [(float(now), True, now < 3) for now in range(60)]) == [(0.0, True), (1.0, True)]
