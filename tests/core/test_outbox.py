"""The outbox: whatever happens to broker or process, each entry reaches its subscribers; and nobody waits for it."""

import socket
import threading
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from celery import current_app, shared_task
from django.db import connection, transaction
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from config.celery import ANSWER_WITHIN, Plumbline
from core import audit
from core.actor import Actor
from core.audit import deliver, oldest_waiting, record, record_many
from core.models import Entry, Outbox
from core.tasks import redeliver
from tenants.context import current_schema, tenant_scope
from tests.core.events import Heard
from tests.database import NORTH

BY = Actor(label="Alice", user_id=uuid4())
HOUR = timedelta(hours=1)
heard: list[tuple[str, int]] = []


@shared_task(name="tests.hear")
def hear(*, number, **_):
    heard.append((current_schema(), number))


@shared_task(name="tests.hear_too")
def hear_too(*, number, **_):
    heard.append((current_schema(), -number))


class Broker:
    """Stands in for the task that sends: can be away, or choke on single messages."""

    many = False

    def __init__(self, task) -> None:
        self.task, self.away, self.broken = task, False, set()

    def apply_async(self, kwargs):
        if self.away:
            raise OperationalError("nobody there")
        if kwargs["number"] in self.broken:
            raise TypeError("cannot be sent")
        self.task.apply_async(kwargs=kwargs)


@pytest.fixture
def broker(monkeypatch):
    heard.clear()
    broker = Broker(hear)
    monkeypatch.setitem(audit._SUBSCRIBERS, Heard.name, [broker])
    return broker


@pytest.fixture
def north(db):
    with tenant_scope(NORTH):
        yield


def waiting() -> list[int]:
    return list(
        Entry.objects.filter(pk__in=Outbox.objects.values("pk")).order_by("seq").values_list("data__number", flat=True)
    )


def left_over(*numbers: int, since: timedelta = HOUR) -> None:
    """Entries whose delivery got lost some time ago."""
    with transaction.atomic():
        for number in numbers:
            record(Heard(None, number), by=BY)
    Outbox.objects.update(at=now() - since)


# After the commit ----------------------------------------------------------------------------------------------


def test_subscribers_start_after_the_commit_in_the_tenant(north, broker, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        record(Heard(None, 1), by=BY)
        record_many([Heard(None, 2), Heard(None, 3)], by=BY)
        assert (heard, waiting()) == ([], [1, 2, 3])
    assert heard == [(NORTH, 1), (NORTH, 2), (NORTH, 3)]
    assert waiting() == []


def test_what_was_rolled_back_starts_nothing(scratch_database, broker):
    with tenant_scope(NORTH):
        with transaction.atomic():
            with transaction.atomic():
                record(Heard(None, 1), by=BY)
                transaction.set_rollback(True)
            record(Heard(None, 2), by=BY)
        assert (heard, waiting()) == ([(NORTH, 2)], [])


def test_the_change_stands_when_the_broker_is_away(scratch_database, broker):
    broker.away = True
    with tenant_scope(NORTH):
        with transaction.atomic():
            record(Heard(None, 1), by=BY)
            record_many([Heard(None, 2), Heard(None, 3)], by=BY)
        assert (heard, waiting()) == ([], [1, 2, 3])


def test_a_subscriber_that_fails_does_not_break_the_change_nor_the_others(scratch_database, broker):
    broker.broken = {2}
    with tenant_scope(NORTH):
        with transaction.atomic():
            record_many([Heard(None, number) for number in (1, 2, 3)], by=BY)
        assert heard == [(NORTH, 1), (NORTH, 3)]
        assert waiting() == [2]


def test_a_subscriber_that_takes_many_gets_few_messages(scratch_database, broker, monkeypatch):
    sent = []
    monkeypatch.setattr(audit, "MANY", 2)
    monkeypatch.setattr(broker, "many", True)
    monkeypatch.setattr(broker, "apply_async", lambda kwargs: sent.append([one["number"] for one in kwargs["events"]]))
    with tenant_scope(NORTH):
        with transaction.atomic():
            record_many([Heard(None, number) for number in (1, 2, 3)], by=BY)
            record(Heard(None, 4), by=BY)
        assert (sent, waiting()) == ([[1, 2], [3], [4]], [])


def test_killed_between_commit_and_sending_it_is_redelivered(north, broker):
    record(Heard(None, 1), by=BY)  # the callback after commit never comes
    redeliver()
    assert heard == []  # whoever committed may still be at it
    Outbox.objects.update(at=now() - HOUR)
    redeliver()
    assert (heard, waiting()) == ([(NORTH, 1)], [])
    redeliver()
    assert len(heard) == 1


# Redelivery ----------------------------------------------------------------------------------------------------


def test_an_entry_whose_subscribers_partly_started_starts_them_all_again(north, broker, monkeypatch):
    other = Broker(hear_too)
    monkeypatch.setitem(audit._SUBSCRIBERS, Heard.name, [broker, other])
    other.away = True
    left_over(1)
    assert deliver(list(Entry.objects.filter(event=Heard.name))) is False
    assert (heard, waiting()) == ([(NORTH, 1)], [1])
    other.away = False
    redeliver()
    assert (heard, waiting()) == ([(NORTH, 1), (NORTH, 1), (NORTH, -1)], [])


def test_a_large_backlog_goes_in_one_round(north, broker):
    with transaction.atomic():
        record_many([Heard(None, number) for number in range(1200)], by=BY)
    Outbox.objects.update(at=now() - HOUR)
    redeliver()
    assert [number for _, number in heard] == list(range(1200))
    assert waiting() == []


def test_entries_that_cannot_be_sent_do_not_keep_back_the_rest(north, broker, monkeypatch):
    left_over(*range(10))
    broker.broken = {0, 1, 2}
    real = audit.redeliver
    monkeypatch.setattr(audit, "redeliver", lambda **given: real(**given, limit=2))
    redeliver()
    assert [number for _, number in heard] == [3, 4, 5, 6, 7, 8, 9]
    assert waiting() == [0, 1, 2]


def test_with_the_broker_away_nothing_is_lost_and_little_is_tried(north, broker):
    left_over(*range(5))
    broker.away = True
    assert audit.redeliver(before=now()) is None
    assert waiting() == [0, 1, 2, 3, 4]
    broker.away = False
    redeliver()
    assert len(heard) == 5


def test_a_row_without_its_entry_goes_with_a_complaint(north, broker):
    left_over(1)
    Outbox.objects.create(entry_seq=10**9, at=now() - HOUR)
    redeliver()
    assert (heard, Outbox.objects.exists()) == ([(NORTH, 1)], False)


def test_an_event_nobody_hears_any_more_leaves_the_outbox(north, broker, monkeypatch):
    left_over(1)
    monkeypatch.delitem(audit._SUBSCRIBERS, Heard.name)
    redeliver()
    assert not Outbox.objects.exists()


def test_two_redeliveries_at_once_share_the_work(scratch_database, broker):
    with tenant_scope(NORTH):
        left_over(*range(20))

    def work() -> None:
        with tenant_scope(NORTH):
            redeliver()
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(number for _, number in heard) == list(range(20))


def test_how_long_the_oldest_entry_waits_is_known_and_told(north, broker, caplog):
    assert oldest_waiting() is None
    broker.broken = {1}
    left_over(1)
    assert now() - oldest_waiting() >= HOUR
    with caplog.at_level("ERROR", logger="core.tasks"):
        redeliver()
    assert "have waited for their subscribers" in caplog.text


# The broker is away --------------------------------------------------------------------------------------------


@pytest.fixture(params=["refused", "hangs", "black hole", "no such socket"])
def lost_broker(request, tmp_path):
    """The product's Celery on a broker that does not answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=0 if request.param == "black hole" else 5) as server:
        address = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        if request.param == "no such socket":
            address = f"redis+socket://{tmp_path}/gone.sock?virtual_host=0"
        if request.param == "refused":
            server.close()
        filling = [socket.socket() for _ in range(4 if request.param == "black hole" else 0)]
        for client in filling:
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        app = Plumbline("lost", broker=address, set_as_current=False)
        app.conf.update(task_publish_retry=False, task_ignore_result=True)
        yield app
        for client in filling:
            client.close()


def send(app: Plumbline) -> float:
    """Seconds until sending gave up."""
    started = time.perf_counter()
    with pytest.raises(OperationalError):
        app.send_task("tests.hear", kwargs={"number": 1})
    return time.perf_counter() - started


def test_sending_gives_up_soon_and_then_at_once(lost_broker):
    assert lost_broker.producer_pool  # the first use of all imports a good deal
    assert send(lost_broker) < ANSWER_WITHIN + 1.5  # the stock settings need 6 s; a busy machine needs some of ours
    assert sum(send(lost_broker) for _ in range(100)) < 1


def test_it_tries_again_after_a_moment(lost_broker, monkeypatch):
    send(lost_broker)
    tried = []
    monkeypatch.setattr("celery.Celery.send_task", lambda *args, **kwargs: tried.append(1))
    monkeypatch.setattr("config.celery.time.monotonic", lambda: lost_broker._away_until + 0.01)
    lost_broker.send_task("tests.hear", kwargs={"number": 1})
    assert tried == [1]


def test_receiving_waits_as_long_as_it_takes():
    """A worker's connection carries none of the short times, or a busy broker would make it reconnect."""
    assert "socket_timeout" not in current_app.connection_for_read().transport_options
    assert current_app.connection_for_write().transport_options["socket_timeout"] == ANSWER_WITHIN
