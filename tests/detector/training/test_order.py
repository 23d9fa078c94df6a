"""The order of a training hangs on seed and step alone, and is shared out among processes."""

from hypothesis import given
from hypothesis import strategies as st

from clumpscope.detector.training.order import Order

NUMBERS = st.integers(1, 40)


@given(NUMBERS, NUMBERS, st.integers(0, 3))
def test_an_epoch_shows_every_image_at_most_once(images, size, epoch):
    order = Order(images, size, 5)
    batches = order.rest(epoch * order.steps)
    assert len(batches) == order.steps == max(1, images // size)
    rows = [row for batch in batches for _, row in batch]
    assert len(set(rows)) == len(rows) == min(images, order.steps * size)
    assert set(rows) <= set(range(images))
    assert {number for batch in batches for number, _ in batch} == {epoch}


@given(NUMBERS, st.integers(0, 200))
def test_the_rest_of_an_epoch_is_that_of_the_whole(images, step):
    order = Order(images, 3, 5)
    whole = order.rest(step - step % order.steps)
    assert order.rest(step) == whole[step % order.steps :]
    assert order.rest(step)[0] == order.batch(step)


@given(st.integers(8, 40), st.integers(0, 20), st.sampled_from([2, 4]))
def test_processes_share_a_batch(images, step, ranks):
    whole = Order(images, 8, 5)
    parts = [Order(images, 8, 5, rank, ranks) for rank in range(ranks)]
    assert sorted(one for part in parts for one in part.batch(step)) == sorted(whole.batch(step))
    assert {len(one.batch(step)) for one in parts} == {8 // ranks}
    assert len({one.stream(step) for one in parts}) == ranks
    checked = [row for one in parts for batch in one.checked() for _, row in batch]
    assert sorted(checked) == list(range(images))


def test_epochs_and_seeds_differ():
    order = Order(40, 4, 5)
    assert order.batch(0) != order.batch(order.steps)
    assert order.batch(0) != Order(40, 4, 6).batch(0)
    assert len({order.stream(step) for step in range(1000)}) == 1000
