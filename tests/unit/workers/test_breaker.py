from workers.breaker import WINDOW_S, Breaker


def opened_by(deaths, frames, over_s=10.0):
    breaker = Breaker(share=0.2, least=20, pause_s=30)
    return [breaker.ended(n < deaths, over_s * n / frames) for n in range(frames)].count(True)


def test_a_share_of_deaths_above_the_limit_opens_it_and_one_at_the_limit_does_not():
    assert (opened_by(deaths=21, frames=100), opened_by(deaths=4, frames=20)) == (1, 0)


def test_few_frames_say_nothing():
    assert opened_by(deaths=19, frames=19) == 0


def test_deaths_longer_ago_than_a_minute_are_forgotten():
    breaker = Breaker(share=0.2, least=20, pause_s=30)
    for _ in range(19):
        breaker.ended(dead=True, now=0.0)

    opened = [breaker.ended(dead=False, now=WINDOW_S + 2) for _ in range(30)]

    assert not any(opened)


def test_it_closes_after_the_pause_and_counts_anew():
    breaker = Breaker(share=0.2, least=2, pause_s=30)
    breaker.ended(dead=True, now=100.0)
    breaker.ended(dead=True, now=100.0)

    waits = [breaker.open_for(now) for now in (100.0, 120.0, 131.0)]
    opened_again = breaker.ended(dead=True, now=131.0)

    assert waits == [30.0, 10.0, 0.0]
    assert not opened_again
