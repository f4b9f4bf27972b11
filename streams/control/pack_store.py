"""City packs by digest in the store of artefacts: one of 230,000 cameras has no room in a record of Kafka."""

import zlib
from collections.abc import Mapping

import msgspec

from models.artefacts.blobs import Blobs
from models.city import City, CityError
from models.city.pack.loader import digest_of, read_as_far_as_possible
from models.errors import PaidanError

_SUFFIX = ".pack"
_files = msgspec.msgpack.Decoder(dict[str, bytes])


class MissingPack(PaidanError):
    """A city pack that is in force cannot be had; what needs it has to wait."""


class RefusedPack(MissingPack):
    """A city pack was published when it broke no rule, and breaks one of this version's. `city` is what can be read of
    it: to compare another one with, never to decide by."""

    def __init__(self, city: City, error: CityError) -> None:
        mistakes = f"{error.problems[0]}" + (f", and {more} more" if (more := len(error.problems) - 1) else "")
        super().__init__(
            f"this version of Paidan refuses the city pack {city.digest} ({mistakes}): mend that in its folder, and "
            "`paidan city publish` it"
        )
        self.city = city


class PackStore:
    """City packs under the address of the models. What is there never changes: a digest always means the same files."""

    def __init__(self, address: str) -> None:
        self.address = address
        try:
            self._blobs = Blobs(address, _SUFFIX)
        except (ValueError, ImportError) as error:
            raise MissingPack(f"the store {address!r} cannot be used: {error}") from error

    def put(self, city: City) -> None:
        """Keep a pack. Raises MissingPack when the store cannot be written."""
        try:
            if city.digest not in self._blobs:
                self._blobs.put(city.digest, packed(city.files))
        except OSError as error:
            raise MissingPack(f"the store {self.address!r} cannot be written: {error}") from error

    def load(self, digest: str) -> City:
        """The pack with this digest, checked. Raises MissingPack."""
        try:
            value = self._blobs.get(digest)
        except OSError as error:
            raise MissingPack(f"the store {self.address!r} has no city pack {digest}") from error
        return unpacked(digest, value)


def packed(files: Mapping[str, bytes]) -> bytes:
    """The files of a pack as one value."""
    return zlib.compress(msgspec.msgpack.encode(dict(files)), 1)


def unpacked(digest: str, value: bytes) -> City:
    """The city of such a value. Raises MissingPack when it is damaged: it is not the pack with this digest; and
    RefusedPack where it is, and breaks a rule by now."""
    try:
        files = _files.decode(zlib.decompress(value))
    except (zlib.error, msgspec.DecodeError) as error:
        raise MissingPack(f"what is kept as the city pack {digest} is damaged: {error}") from error
    if digest_of(files) != digest:
        raise MissingPack(f"what is kept as the city pack {digest} is damaged: its digest is {digest_of(files)}")
    city, problems = read_as_far_as_possible(files)
    try:
        problems.raise_if_any()
    except CityError as error:
        raise RefusedPack(city, error) from error
    return city
