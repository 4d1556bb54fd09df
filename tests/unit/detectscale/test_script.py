import pytest

from detectscale.demo.script import Act, act_at, schedule, store_day


def test_a_day_has_as_many_frames_as_its_acts_ask_for():
    acts = store_day(worker_rate=40.0, most_workers=2)

    assert len(schedule(acts)) == sum(round(act.seconds * act.frames_per_s) for act in acts)


def test_frames_come_evenly_within_an_act_and_in_order():
    instants = schedule((Act("open", 2, 4), Act("closed", 10, 0), Act("late", 1, 2)))

    assert instants == [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 12.0, 12.5]


@pytest.mark.parametrize("most_workers", [2, 8])
def test_the_rush_is_more_than_one_worker_can_serve_and_less_than_two(most_workers):
    rush = max(act.frames_per_s for act in store_day(40.0, most_workers))

    assert 40.0 <= rush < 80.0


def test_the_rush_can_be_served_where_there_is_only_one_worker():
    assert max(act.frames_per_s for act in store_day(40.0, 1)) < 40.0


def test_a_pause_longer_than_the_keep_alive_makes_the_fleet_wake_twice():
    from autoscaler.policy_settings import PolicySettings

    pause = next(act for act in store_day(40.0, 2) if act.frames_per_s == 0)

    assert pause.seconds > 2 * PolicySettings().keep_alive_s


def test_the_acts_follow_each_other_and_end():
    acts = (Act("first", 2, 1), Act("second", 3, 1))

    playing = [act_at(acts, elapsed_s) for elapsed_s in (0.0, 1.9, 2.0, 4.9, 5.0)]

    assert playing == [acts[0], acts[0], acts[1], acts[1], None]
