"""What is compared of a report's words 文本摘要: enough to tell whether two mean one thing, too little to read them."""

import msgspec

Names = tuple[tuple[str, str], ...]


class Gist(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What the desk asks of the words of a sighting, so that it need not have them.

    `pairs` is the sketch of the text: two bytes for each of its pairs of characters, in no order that says anything.
    `named` are the numbers by which the text names things, each after what it is the number of (empty where the text
    does not say), `titled` those of the title. `phrases` are those of the city's rules that the words hold, `orders`
    the ids of orders that they name.
    """

    pairs: bytes = b""
    named: Names = ()
    titled: Names = ()
    phrases: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
