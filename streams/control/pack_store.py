"""City packs by digest in the store of artefacts: one of 230,000 cameras has no room in a record of Kafka."""

import zlib
from collections.abc import Mapping

import msgspec

from models.artefacts.blobs import Blobs
from models.city import City, read_city
from models.city.pack.loader import digest_of
from models.errors import PaidanError

_SUFFIX = ".pack"
_files = msgspec.msgpack.Decoder(dict[str, bytes])


class MissingPack(PaidanError):
    """A city pack that is in force cannot be had; what needs it has to wait."""


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

    def has(self, digest: str) -> bool:
        """Whether the pack with this digest is there. Raises MissingPack when the store cannot be read."""
        try:
            return digest in self._blobs
        except OSError as error:
            raise MissingPack(f"the store {self.address!r} cannot be read: {error}") from error

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
    """The city of such a value. Raises MissingPack when it is damaged: it is not the pack with this digest."""
    try:
        files = _files.decode(zlib.decompress(value))
    except (zlib.error, msgspec.DecodeError) as error:
        raise MissingPack(f"what is kept as the city pack {digest} is damaged: {error}") from error
    if digest_of(files) != digest:
        raise MissingPack(f"what is kept as the city pack {digest} is damaged: its digest is {digest_of(files)}")
    return read_city(files)
