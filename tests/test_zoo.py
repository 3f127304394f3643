from striate.notation import parse
from striate.zoo import compact


def test_the_compact_network_is_a_text_that_can_be_read_and_written() -> None:
    for size in (8, 28, 64, 128, 224):
        network = parse(compact((3, size, size), 5))
        assert parse(str(network)) == network
        assert network.input == (3, size, size)
