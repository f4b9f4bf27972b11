"""City packs by digest: kept as they are, never given out damaged, waited for where they cannot be had."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from models.city import City
from models.city.pack.loader import read_as_far_as_possible
from models.errors import UsageError
from streams.control import packs as module
from streams.control.pack_store import MissingPack, PackStore, RefusedPack
from streams.control.packs import Packs, open_packs
from streams.control.publications import Publication, Publications
from streams.kafka.topics import TopicError
from streams.settings import Settings, load_settings
from tests.support.cities import CITY_TOML, FILES, tiny_city, tiny_files
from tests.support.kafka import eventually

OWN, OTHER = tiny_city(), tiny_city(settings="reopen_days = 3.0")
# As one that an earlier version took, and this one does not.
REFUSED, _ = read_as_far_as_possible(tiny_files({"limits.csv": FILES["limits.csv"] + "road,,accept,-1,hour24\n"}))
ABROAD = tiny_city({"city.toml": CITY_TOML.replace("Asia/Shanghai", "Asia/Tokyo")})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data folder of its own, and no Kafka."""
    return load_settings(data=tmp_path, kafka="localhost:1")


@pytest.fixture(autouse=True)
def _no_old_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control topic holds no pack of former times."""

    async def nothing(*_: object) -> dict[str, bytes]:
        return {}

    monkeypatch.setattr(module, "read_rows", nothing)
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.01)


def test_a_pack_comes_out_of_the_store_as_it_went_in(settings: Settings) -> None:
    """Under its digest, file for file."""
    store = PackStore(settings.models_address)
    store.put(OTHER)
    store.put(OTHER)

    found = store.load(OTHER.digest)

    assert found == OTHER
    assert found.files == OTHER.files


@pytest.mark.parametrize("damage", [lambda data: data[:-7], lambda data: b"no pack", lambda _: None])
def test_what_is_damaged_or_missing_is_no_pack(settings: Settings, damage: object) -> None:
    """Whatever has happened to the file, and another pack's file under this name."""
    store = PackStore(settings.models_address)
    for city in (OWN, OTHER):
        store.put(city)
    file, other = (Path(settings.models_address, f"{city.digest}.pack") for city in (OTHER, OWN))

    file.write_bytes(damage(file.read_bytes()) or other.read_bytes())  # type: ignore[operator]
    with pytest.raises(MissingPack, match=f"the city pack {OTHER.digest} is damaged"):
        store.load(OTHER.digest)

    file.unlink()
    with pytest.raises(MissingPack, match=f"has no city pack {OTHER.digest}"):
        store.load(OTHER.digest)


async def test_a_pack_that_cannot_be_had_is_said_and_waited_for(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Until somebody has put it there; meanwhile a metric and the log say so, and the own pack stays at hand."""
    packs = Packs(settings, OWN)
    waiting = asyncio.create_task(packs.awaited([OWN.digest, OTHER.digest]))

    async def said() -> bool:
        return f"no city pack {OTHER.digest}" in caplog.text

    await eventually(said)
    assert missing() == 1
    assert await packs.at_hand([OWN.digest]) == {OWN.digest: OWN}
    PackStore(settings.models_address).put(OTHER)

    found: dict[str, City] = await waiting
    assert found == {OWN.digest: OWN, OTHER.digest: OTHER}
    assert missing() == 0


async def test_a_pack_that_this_version_refuses_is_said_and_waited_for_until_another_is_published_over_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Roles ended without saying which pack it was, each time that they were started, and no pack that was published
    over it was ever read: what is left to decide by the former one is decided by that."""
    changes = [Publication(number=1, digest=REFUSED.digest, before=OWN.digest, at="", by="")]

    async def now(_: Settings) -> Publications:
        return Publications(OWN.digest, tuple(changes))

    for city in (REFUSED, OTHER):
        PackStore(settings.models_address).put(city)
    monkeypatch.setattr(module, "read_publications", now)
    packs = Packs(settings, OWN)
    await packs.check()
    waiting = asyncio.create_task(packs.awaited([REFUSED.digest]))

    async def said() -> bool:
        return f"refuses the city pack {REFUSED.digest} (limits.csv:" in caplog.text

    await eventually(said)
    assert missing() == 1
    changes.append(Publication(number=2, digest=REFUSED.digest, before=REFUSED.digest, at="", by=""))
    changes.append(Publication(number=3, digest=OTHER.digest, before=REFUSED.digest, at="", by=""))

    assert await waiting == {REFUSED.digest: OTHER}
    assert missing() == 0


async def test_a_refused_pack_of_another_city_is_still_another_citys(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its zone is read beside what is refused of city.toml."""
    there, _ = read_as_far_as_possible(dict(ABROAD.files) | {"city.toml": ABROAD.files["city.toml"] + b"\nnews = 1\n"})

    async def now(_: Settings) -> Publications:
        return Publications(there.digest, ())

    PackStore(settings.models_address).put(there)
    monkeypatch.setattr(module, "read_publications", now)

    with pytest.raises(UsageError, match=r"city.toml in \S+: zone must be"):
        await Packs(settings, OWN).check()
    with pytest.raises(RefusedPack, match="news"):
        PackStore(settings.models_address).load(there.digest)


def missing() -> float | None:
    """What the metric says."""
    return REGISTRY.get_sample_value("paidan_city_pack_missing")


@pytest.mark.parametrize(
    ("first", "published", "is_taken"),
    [(None, None, True), (OWN, None, True), (OTHER, None, True), (ABROAD, None, False), (ABROAD, OTHER, True),
     (OWN, ABROAD, False)],
    ids=["nothing yet", "its own", "changed", "of another city", "changed since", "published of another city"],
)  # fmt: skip
async def test_a_folder_of_another_city_than_the_one_at_work_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, first: City | None, published: City | None, is_taken: bool
) -> None:
    """A desk that was started with it by mistake had its tables decide from then on: another zone, other areas."""
    store = PackStore(settings.models_address)
    for city in filter(None, (first, published)):
        store.put(city)
    changes = [] if published is None else [Publication(number=1, digest=published.digest, before="", at="", by="")]

    async def now(_: Settings) -> Publications:
        return Publications("" if first is None else first.digest, tuple(changes))

    monkeypatch.setattr(module, "read_publications", now)

    with contextlib.nullcontext() if is_taken else pytest.raises(UsageError, match="zone must be those of the pack"):
        await Packs(settings, OWN).check()


async def test_a_role_that_has_not_the_store_is_not_held_up_by_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until a pack is published the desk alone needs it."""

    async def now(_: Settings) -> Publications:
        return Publications(OTHER.digest, ())

    monkeypatch.setattr(module, "read_publications", now)

    await Packs(settings, OWN).check()


async def test_of_another_city_nobody_is_told_to_make_its_topics(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who had forgotten PAIDAN_CITY was told that eighty topics of the demo city were missing, and how to make them."""

    async def missing(*_: object) -> None:
        raise TopicError("missing topics: t.updates.harbour; `paidan topics create` makes them")

    async def there(*_: object) -> bool:
        return True

    async def now(_: Settings) -> Publications:
        return Publications(ABROAD.digest, ())

    PackStore(settings.models_address).put(ABROAD)
    for name, stub in (("check_topics", missing), ("is_there", there), ("read_publications", now)):
        monkeypatch.setattr(module, name, stub)
    monkeypatch.setattr(module, "load_city", lambda folder: OWN)

    with pytest.raises(UsageError, match="set PAIDAN_CITY to its folder"):
        await open_packs(settings)
