"""A broker that goes away, freezes, forgets or moves the goalposts: numbers 28 to 42 of the fault table."""

import signal
import time
from contextlib import closing

import pytest
from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from frames.clients import admin
from frames.ledger import mark
from frames.outcome import Detected
from frames.results import stored
from frames.topics import create_topics
from tests.integration.faults.rig import lasting
from tests.waiting import until

pytestmark = pytest.mark.timeout(240)


def test_connections_that_are_cut_and_refused_for_five_seconds_cost_nothing(rig, proxy, via_proxy):
    stage = rig("28 connections reset and refused for 5 s")
    workers = stage.steady(via=via_proxy)
    before = proxy.counts.refused

    stage.broken()
    proxy.refuse()
    lasting(5)
    refused = proxy.counts.refused - before
    proxy.heal()
    stage.healed()

    stage.verdict(fired=refused and f"{refused} refused", in_flight=stage.in_flight(2), progress=False)
    assert all(worker.alive for worker in workers)


def test_a_broker_that_restarts_costs_nothing(rig, broker):
    stage = rig("28 broker restarted")
    workers = stage.steady()

    stage.broken()
    broker.stop()
    fired = broker.ended and "broker ended"
    broker.start()
    broker.ready()
    stage.healed()

    stage.verdict(fired=fired, in_flight=stage.in_flight(2), progress=False)
    assert all(worker.alive for worker in workers)


def test_a_broker_that_is_gone_for_a_minute_restarts_no_worker_and_fills_no_memory(rig, broker):
    stage = rig("29 broker killed and gone for 60 s")
    workers = stage.steady()
    before_mib = [worker.resident_mib for worker in workers]

    stage.broken()
    broker.kill()
    fired = broker.ended and "broker killed"
    lasting(60)
    grown_mib = [worker.resident_mib - mib for worker, mib in zip(workers, before_mib, strict=True)]
    broker.start()
    broker.ready()
    stage.healed()

    stage.verdict(fired=fired, in_flight=stage.in_flight(2), progress=False)
    assert all(worker.alive for worker in workers)
    assert max(grown_mib) < 40


def test_a_frozen_broker_hangs_nobody(rig, broker):
    stage = rig("30 broker frozen for 8 s")
    workers = stage.steady()

    stage.broken()
    with broker.frozen():
        lasting(8)
        fired = broker.state == "T" and "SIGSTOP"
    stage.healed()

    stage.verdict(fired=fired, in_flight=stage.in_flight(2), progress=False)
    assert all(worker.alive for worker in workers)


def cut_uploads(proxy, stage, bytes_each, times):
    """Reset the connection that uploads, *times* times, each after so many bytes more."""
    for _ in range(times):
        before = proxy.counts.cut
        proxy.cut_after(bytes_each)
        until(lambda before=before: proxy.counts.cut > before, 20)


def test_a_publisher_cut_in_the_middle_of_a_frame_appends_it_once(rig, proxy, via_proxy):
    stage = rig("31 publisher cut in mid-produce", load_via=via_proxy)
    stage.steady()
    before = proxy.counts.cut

    stage.broken()
    cut_uploads(proxy, stage, 50_000, times=5)
    stage.healed()

    verdict = stage.verdict(fired=f"{proxy.counts.cut - before} cuts", in_flight=0, progress=True)
    assert verdict.records == len(stage.load.appended_at)


def test_a_worker_cut_in_the_middle_of_a_result_publishes_it_once(rig, proxy, via_proxy):
    stage = rig("31 worker cut in mid-produce")
    workers = stage.steady(via=via_proxy)
    before = proxy.counts.cut

    stage.broken()
    cut_uploads(proxy, stage, 5_000, times=5)
    stage.healed()

    stage.verdict(fired=f"{proxy.counts.cut - before} cuts", in_flight=0, progress=True)
    assert all(worker.alive for worker in workers)


def test_results_whose_acknowledgement_is_lost_are_published_once(rig, proxy, via_proxy):
    stage = rig("31 answers swallowed for 2 s, then cut")
    workers = stage.steady(via=via_proxy)
    before = proxy.counts.swallowed_bytes

    stage.broken()
    proxy.mute()
    lasting(2)
    swallowed = proxy.counts.swallowed_bytes - before
    proxy.heal()
    stage.healed()

    stage.verdict(
        fired=swallowed and f"{swallowed} bytes of answers lost", in_flight=stage.in_flight(2), progress=False
    )
    assert all(worker.alive for worker in workers)


def all_leave(stage):
    """SIGTERM to every worker, until the group is empty: only then may its offsets be touched."""
    for worker in stage.workers:
        worker.signal(signal.SIGTERM)
    for worker in stage.workers:
        assert worker.ended() == 0


def committed(client, stage):
    found = client.list_group_offsets(stage.group)[stage.group]
    return {at: kept.offset for at, kept in found.items() if kept.offset >= 0}


def test_deleted_group_offsets_repeat_the_topic_and_skip_nothing(rig):
    stage = rig("33 group offsets deleted")
    stage.steady()
    all_leave(stage)

    stage.broken()
    with closing(admin(stage.kafka)) as client:
        known = committed(client, stage)
        client.delete_group_offsets(stage.group, list(known))
        fired = known and not committed(client, stage) and f"{len(known)} offsets deleted"
    replayed = sum(known.values())
    stage.steady()
    stage.healed()

    verdict = stage.verdict(fired=fired, in_flight=replayed + stage.in_flight(), progress=True)
    assert verdict.duplicates >= replayed, "earliest means: from the beginning"


def test_offsets_beyond_the_end_of_the_log_repeat_the_topic_and_skip_nothing(rig):
    stage = rig("34 committed beyond the log's end")
    stage.steady()
    all_leave(stage)

    stage.broken()
    with closing(admin(stage.kafka)) as client:
        known = committed(client, stage)
        beyond = {at: OffsetAndMetadata(offset + 10_000, "", -1) for at, offset in known.items()}
        client.alter_group_offsets(stage.group, beyond)
        moved = committed(client, stage)
        fired = all(moved[at] == offset + 10_000 for at, offset in known.items()) and "offsets moved"
        for _ in range(2):
            stage.start_worker()
        until(lambda: all(offset < 10_000 for offset in committed(client, stage).values()), 30)
    stage.watch.samples.clear()  # what we have committed ourselves is no worker's fault
    stage.healed()

    stage.verdict(fired=fired, in_flight=sum(known.values()) + stage.in_flight(2), progress=False)


def test_retention_that_overtakes_the_workers_loses_nothing_that_is_left(rig):
    stage = rig("35 committed before the log's start")
    stage.steady()
    all_leave(stage)
    known = dict(stage.watch.latest)
    until(lambda: all(end > known[p] + 10 for p, end in mark(stage.kafka, stage.topics).frames.items()))

    stage.broken()
    starts = {partition: offset + 5 for partition, offset in known.items()}
    with closing(admin(stage.kafka)) as client:
        client.delete_records({TopicPartition(stage.topics.frames, p): at for p, at in starts.items()})
    for record in list(stage.load.appended_at):
        if record.offset < starts[record.partition]:
            del stage.load.appended_at[record]  # gone before anybody could see it: retention, not a worker
    stage.steady()
    stage.healed()

    stage.verdict(fired=f"records before {starts} deleted", in_flight=0, progress=True)


def test_a_deleted_topic_is_not_made_again_and_its_successor_is_read_from_the_beginning(rig):
    stage = rig("36 topic deleted while running")
    workers = stage.steady()
    stage.load.stop()
    ends = mark(stage.kafka, stage.topics).frames
    until(lambda: dict(stage.watch.latest) == ends)

    with closing(admin(stage.kafka)) as client:
        client.delete_topics([stage.topics.frames])
        until(lambda: stage.topics.frames not in client.list_topics())
        lasting(3)
        assert stage.topics.frames not in client.list_topics(), "somebody made it again"
        create_topics(stage.kafka, stage.topics)
    healed_at = time.time()
    stage.start_load()
    load = stage.load
    until(lambda: sum(end for end in mark(stage.kafka, stage.topics).frames.values()) > sum(ends.values()))
    load.stop()

    def missing():
        detected = {o.frame_id: o for o in stored(stage.kafka, stage.topics) if isinstance(o, Detected)}
        return [record for record, frame in load.frame_ids.items() if frame not in detected]

    until(lambda: not missing(), 60)
    print(
        f"fault 36: topic deleted while running: {len(load.frame_ids)} records, lost {len(missing())}, "
        f"drained {time.time() - healed_at:.1f} s after it was made again"
    )
    assert all(worker.alive for worker in workers)


def test_partitions_that_are_added_are_read_from_their_beginning(rig):
    stage = rig("37 partitions raised from 4 to 6")
    stage.steady()
    stage.load.stop()

    stage.broken()
    with closing(admin(stage.kafka)) as client:
        client.create_partitions({stage.topics.frames: 6})
    fired = until(lambda: len(mark(stage.kafka, stage.topics).frames) == 6) and "6 partitions"
    first = dict(stage.load.appended_at)
    stage.start_load()
    stage.load.appended_at |= first
    stage.healed()

    # Workers look for new partitions every 30 s (`metadata_max_age_ms` in frames.clients).
    stage.verdict(fired=fired, in_flight=0, progress=False, recovery_within_s=40)
    assert {record.partition for record in stage.load.appended_at} == set(range(6))


def test_members_that_come_and_go_all_the_time_stop_nobody(rig):
    stage = rig("40 members join and die, one after the other")
    stage.steady()

    stage.broken()
    deaths = (signal.SIGTERM, signal.SIGKILL) * 2
    for death in deaths:
        member = stage.start_worker()
        until(lambda member=member: "is warm" in member.said, 30)
        lasting(1)
        member.signal(death)
        member.ended()
    stage.healed()

    fired = [worker.status for worker in stage.workers[2:]] == [0, -9] * 2 and f"{len(deaths)} came and went"
    verdict = stage.verdict(fired=fired, in_flight=stage.in_flight(2), progress=True)
    assert verdict.progress > stage.load.rate * (stage.healed_at - stage.broken_at) / 4, "goodput collapsed"


def test_a_worker_cut_off_from_kafka_alone_is_replaced(rig, proxy, via_proxy):
    stage = rig("42 one worker's packets vanish for 10 s")
    [cut_off] = stage.steady(workers=1, via=via_proxy)
    stage.steady(workers=1)
    before = proxy.counts.swallowed_bytes

    stage.broken()
    proxy.black_hole()
    lasting(10)
    swallowed = proxy.counts.swallowed_bytes - before
    proxy.heal()
    stage.healed()

    stage.verdict(
        fired=swallowed and f"{swallowed} bytes vanished", in_flight=stage.in_flight(), progress=True
    )
    assert cut_off.alive
