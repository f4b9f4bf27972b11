"""Seats 席位: each role has its lists and its moves, and sees no other's."""

from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qsl

import msgspec
import pytest

from dispatcher.order.row import ENDED, OPEN, Order, Task
from models.access import ACCESS
from models.city import City
from models.events.vocabulary import ROLES
from models.times import HOUR_MS
from streams.gateway.seats import LISTS, WorkList, moves
from streams.tables.marks import MARKS
from streams.tables.protocol import Sort
from tests.support.cities import LEVELS, appended
from tests.support.desk_rows import opened
from tests.support.desks import T0, quiet_city
from tests.support.steps.every_step import EXCUSED, WAYS, Way
from tests.support.tokens import bearer, one_of_each
from tests.web.conftest import Open
from tests.web.rights.test_who_acts import World
from tests.web.rights.test_who_acts import world as world

SEATED = sorted(role for role, access in ACCESS.items() if access.acts_as in LISTS)


def test_lists_ask_for_what_the_list_of_orders_takes() -> None:
    """Roles of the lifecycle, states that there are, parameters of `GET /orders`; no two lists of a seat are alike."""
    assert LISTS.keys() < ROLES.keys()
    for lists in LISTS.values():
        assert len({each.query for each in lists}) == len(lists)
        for each in lists:
            asked = dict(parse_qsl(each.query, strict_parsing=True)) if each.query else {}
            assert asked.keys() <= {"state", "overdue", "quarantined", "mark", "inspector", "confirmer", "unit", "sort"}
            assert set(asked.get("state", "open").split(",")) <= OPEN | ENDED | {"open"}
            assert asked.get("mark", "urgent") in MARKS
            assert asked.get("sort", "newest") in get_args(Sort)


@pytest.mark.parametrize("role", SEATED)
async def test_whoever_has_a_seat_is_told_which(gateway: Open, city: City, tmp_path: Path, role: str) -> None:
    """The role's own lists, its person and department, and the city's words for its forms."""
    async with gateway(gateway_tokens_file=one_of_each(tmp_path / "t")) as client:
        told = (await client.get("/seat", headers=bearer(role))).json()

    assert (told["open"], told["person"], told["zone"]) == (False, role, city.zone.key)
    assert told["department"] == ("roads" if role == "department" else "")
    assert [each["role"] for each in told["seats"]] == [role]
    assert [each["query"] for each in told["seats"][0]["lists"]] == [
        each.query.format(person=role) for each in LISTS[role] if "{department}" not in each.query
    ]
    assert {each["id"] for each in told["departments"]} == set(city.departments)
    leaves = {code for code, kind in city.categories.items() if kind.parent}
    assert {each["id"] for each in told["categories"]} == leaves
    [pothole] = [each for each in told["categories"] if each["id"] == "pothole"]
    assert pothole["conditions"] == [{"id": "major-repair", "name_zh": "大修", "name_en": "Major repair"}]


async def test_without_tokens_every_seat_can_be_tried(gateway: Open) -> None:
    """Nobody is known, so a person says who they are."""
    async with gateway() as client:
        told = (await client.get("/seat")).json()

    assert told["open"]
    assert {each["role"] for each in told["seats"]} == set(LISTS)
    assert [len(each["lists"]) for each in told["seats"]] == [len(lists) for lists in LISTS.values()]
    assert "state=handled&inspector={person}&sort=urgent" in [
        each["query"] for seat in told["seats"] for each in seat["lists"]
    ]


async def moves_of(world: World, role: str) -> dict[str, dict[str, Any]]:
    """What a role is told that it may do with the order, by action."""
    answer = await world.client.get(f"/orders/{world.order}/moves", headers=bearer(role))
    assert answer.status_code in (200, 404)
    return {each["action"]: each for each in answer.json().get("moves", ())}


@pytest.mark.parametrize("state", WAYS)
async def test_an_order_names_each_move_that_the_desk_takes_of_a_role(world: World, state: str) -> None:
    """No more and no less than the table has for the state, but for answers to what nobody has asked for."""
    await world.come_to(state)
    kept = world.behind.kept()
    for role in SEATED:
        for action in await moves_of(world, role):
            if (role, action) in EXCUSED[state]:
                continue

            answer = await world.act(role, action)

            assert answer.status_code == 200, (role, action, answer.json())
            world.behind.back_to(kept)


async def test_who_handled_an_order_is_not_offered_its_check(world: World) -> None:
    """Nor is a department that does not have it offered anything."""
    await world.come_to("handled")

    assert "check-pass" in await moves_of(world, "inspector")
    assert "check-pass" not in await moves_of(world, "department")
    assert await moves_of(world, "works") == {}


async def test_a_move_says_what_it_needs(world: World) -> None:
    """The codes of a return with their names, and a reason; each field is told apart by its kind."""
    await world.come_to("assigned")

    fields = {field["name"]: field for field in (await moves_of(world, "department"))["return"]["fields"]}

    assert fields["code"]["needed"]
    assert {"id": "not-my-area", "name_zh": "非本部门辖区", "name_en": "not in this department's area"} in (
        fields["code"]["choices"]
    )
    assert (fields["reason"]["kind"], fields["reason"]["needed"]) == ("text", True)
    assert (fields["department"]["kind"], fields["department"]["needed"]) == ("department", False)


@pytest.mark.parametrize(("partitions", "is_known"), [(1, True), (64, False)])
def test_an_order_that_another_desk_has_is_not_likely_to_be_merged(city: City, partitions: int, is_known: bool) -> None:
    """A related one beyond the border was suggested, and refused as `with-another-desk`; nor is what was merged into
    the order, or what it is a part of."""
    here, there = (f"{area}-20260301-{'a' * 10}" for area in ("south-w", "north-e"))
    others = tuple(f"south-w-20260301-{letter * 10}" for letter in "bcde")
    merged, perhaps, split_off, whole = others
    order = msgspec.structs.replace(
        opened(1), id=here, children=(merged,), candidates=(merged, perhaps), linked=(split_off, there, whole),
        part_of=whole, apart=("south-w-20260301-ffffffffff",),
    )  # fmt: skip

    offered = {each["action"]: each["fields"] for each in moves(None, order, city, partitions=partitions)}

    likely = {
        action: field["likely"] for action, fields in offered.items() for field in fields if field["kind"] == "order"
    }
    assert likely["merge"] == likely["keep-apart"] == (perhaps, split_off, *((there,) if is_known else ()))
    assert (likely["perhaps-same"], likely["relate"]) == (order.apart, ())


def test_a_plan_is_called_what_its_parts_are(city: City) -> None:
    """Its id is a code of the city's tables, which whoever divides an order need not know."""
    order = msgspec.structs.replace(opened(1), state="assigned")

    divide = next(each for each in moves(None, order, city) if each["action"] == "divide")

    fields = {field["name"]: field for field in divide["fields"]}

    assert {
        "id": "restaurant",
        "name_zh": "消防安全检查、食品经营许可、门头招牌备案",
        "name_en": "Fire safety check, Food licence, Shop sign",
    } in fields["plan"]["choices"]


async def test_what_the_desk_would_refuse_whatever_is_given_is_not_offered(world: World) -> None:
    """An answer to what nobody has requested or appealed against, another request beside one that waits."""
    await world.come_to("accepted")
    answers = {"approve-extension", "refuse-extension", "approve-suspension", "refuse-suspension"}
    before = await moves_of(world, "dispatcher")

    assert (await world.act("department", "request-extension")).status_code == 200

    assert answers & set(before) == set()
    assert answers & set(await moves_of(world, "dispatcher")) == {"approve-extension", "refuse-extension"}
    assert {"request-extension", "request-suspension"} & set(await moves_of(world, "department")) == {
        "request-suspension"
    }
    await world.come_to("closed")
    assert {"approve-appeal", "refuse-appeal"} & set(await moves_of(world, "reviewer")) == set()


@pytest.mark.parametrize(
    ("way", "role", "action", "changes"),
    [
        (WAYS["accepted"], "department", "request-extension", {"limits": ()}),
        (WAYS["accepted"], "department", "request-extension", {"extensions": 99}),
        (WAYS["accepted"], "department", "request-suspension", {"suspensions": 99}),
        (WAYS["closed"], "dispatcher", "call-back", {"reporters": ()}),
        ((*WAYS["assigned"], ("app", "report")), "operator", "split", {"evidence_first": (), "evidence_last": ()}),
        ((*WAYS["assigned"], ("app", "report")), "operator", "split", {"report_keys": ()}),
    ],
)
async def test_what_an_order_has_no_more_of_is_not_offered(
    world: World, way: Way, role: str, action: str, changes: dict[str, Any]
) -> None:
    """A limit to extend, an extension, a suspension, a reporter to call, a joined report of which it keeps what was
    said: without it the desk refuses the move."""
    await world.go(way)
    offered = action in await moves_of(world, role)
    world.behind.change(world.order, **changes)

    left = action in await moves_of(world, role)

    assert (offered, left) == (True, False)
    assert (await world.act(role, action)).status_code == 409


async def test_an_order_is_taken_out_again_only_where_the_other_one_was_merged_no_further(world: World) -> None:
    """That merge is undone first: until then nobody is offered what the desk refuses."""
    await world.come_to("merged")
    merged, into = world.order, world.other
    before = "unmerge" in await moves_of(world, "operator")
    last = (await world.report("reporter", location={"lat": 30.08, "lon": 114.05})).json()["fact"]["order_id"]
    world.order, world.other = into, last
    assert (await world.act("operator", "merge")).status_code == 200
    of_the_last = "unmerge" in await moves_of(world, "operator")
    world.order = merged

    after = "unmerge" in await moves_of(world, "operator")

    assert (before, of_the_last, after) == (True, True, False)
    assert "parent-merged" in (await world.act("operator", "unmerge")).text


def on(order: Order, query: str) -> bool:
    """Whether an order stands on the list that a query gives."""
    asked = dict(parse_qsl(query)) | ({"state": "review"} if query == "sort=surest" else {})
    states = asked.get("state", "").replace("open", ",".join(OPEN)).split(",")
    marked = "mark" not in asked or MARKS[asked["mark"]].is_on(order)
    sent = "unit" not in asked or order.task is not None
    return (
        (states == [""] or order.state in states)
        and marked
        and sent
        and bool(order.quarantined) >= ("quarantined" in asked)
    )


# How an order comes to what lists ask for besides a state: where it is by then, and who does what with it.
ON_LISTS: dict[str, tuple[str, tuple[tuple[str, str, dict[str, Any]], ...]]] = {
    "mark=urgent": ("assigned", (("dispatcher", "prioritise", {}),)),
    "mark=extension-request": ("accepted", (("department", "request-extension", {}),)),
    "mark=suspension-request": ("accepted", (("department", "request-suspension", {}),)),
    "mark=appeal": ("closed", (("department", "appeal", {}),)),
    "mark=unroutable": ("returned", (("dispatcher", "approve-return", {"department": ""}),)),
    "mark=candidates": ("assigned", ()),
    "mark=call-back": ("closed", ()),
    "quarantined=true": ("assigned", ()),
}
# What a mobile unit has been sent to look at.
TASKED = {"task": Task(unit="unit", what="verify", given_in="assigned", given_at=T0, due=T0 + HOUR_MS)}
# What only departments with others below them have is tried in a city that has such.
WORKED = [
    (role, each)
    for role in sorted(LISTS)
    for each in LISTS[role]
    if not each.watched and "{department}" not in each.query
]


@pytest.mark.parametrize(("role", "listed"), WORKED, ids=lambda each: getattr(each, "query", each))
async def test_each_list_of_a_seat_has_a_move_that_takes_an_order_off_it(
    world: World, role: str, listed: WorkList
) -> None:
    """One that the page offers and the desk takes; but for lists that are only watched. What the desk finds by itself,
    by time or by likeness, is written into the row."""
    kind = listed.query.partition("&")[0]
    state, steps = ON_LISTS.get(kind, (kind.removeprefix("state=").partition(",")[0], ()))
    await world.come_to({"sort=surest": "review", "open": "assigned"}.get(state, state))
    for token, action, more in steps:
        assert (await world.act(token, action, **more)).status_code == 200
    found: dict[str, dict[str, Any]] = {
        "mark=candidates": {"candidates": (world.other,)},
        "mark=call-back": {"call_back": True},
        "quarantined=true": {"quarantined": "warn/accept: KeyError"},
    }
    world.behind.change(world.order, **(TASKED if role == "unit" else found.get(kind, {})))
    assert on(world.behind.desk.order(world.order), listed.query)
    kept = world.behind.kept()
    # Who has dispatched an order before does not decide the dispute; who has the check is told by the name.
    token = {"dispatcher": "second"}.get(role, role)
    left = []

    for action in await moves_of(world, token):
        more = {"priority": 4} if action == "prioritise" else {}
        if (await world.act(token, action, **more)).status_code == 200:
            left += [action] if not on(world.behind.desk.order(world.order), listed.query) else []
            world.behind.back_to(kept)

    assert left
    assert kind != "mark=candidates" or {"merge", "keep-apart"} <= set(left)


@pytest.mark.parametrize("world", [quiet_city("", **appended("departments.csv", *LEVELS))], indirect=True)
async def test_what_was_handled_below_stands_on_the_list_of_who_is_to_confirm_it(world: World) -> None:
    """Of that department alone, until it has confirmed it or sent it back; nobody lists what others are to confirm."""
    await world.come_to("assigned")
    for token, action, more in (
        ("department", "forward", {"department": "roads-street"}),
        ("street", "accept", {}),
        ("street", "handle", {}),
    ):
        assert (await world.act(token, action, **more)).status_code == 200
    query = (await lists_of(world, "department"))["to confirm"]
    kept = world.behind.kept()

    assert query == "confirmer=roads&state=handled&sort=urgent"
    assert "to confirm" not in await lists_of(world, "works")
    assert await listed(world, query) == [world.order]
    assert await listed(world, query.replace("roads", "roads-street")) == []
    for action in ("check-pass", "check-fail"):
        assert action in await moves_of(world, "department")
        assert (await world.act("department", action)).status_code == 200
        assert await listed(world, query) == []
        world.behind.back_to(kept)
    answer = await world.client.get(f"/orders?{query}", headers=bearer("works"))
    assert (answer.status_code, answer.json()["field"]) == (403, "department")


async def lists_of(world: World, token: str) -> dict[str, str]:
    """The queries of a seat's lists, by their names."""
    told = (await world.client.get("/seat", headers=bearer(token))).json()
    return {each["name_en"]: each["query"] for seat in told["seats"] for each in seat["lists"]}


async def listed(world: World, query: str) -> list[str]:
    """The orders that the department's token finds by a list's query, in the tables as they would be."""
    answer = await world.client.get(f"/orders?{query}", headers=bearer("department"))
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["orders"]]


def test_the_city_s_sentences_are_offered_where_a_step_asks_for_a_reason() -> None:
    """Those of the order's category and of that step; none where the city has none."""
    rows = "action,category,text\nhandle,pothole,filled\nhandle,street-vendor,sent away\ncomment,*,called\n"
    order = msgspec.structs.replace(opened(1, area="south-w"), state="accepted")

    def texts(city: City) -> dict[str, list[str]]:
        reasons = {
            each["action"]: field
            for each in moves(None, order, city)
            for field in each["fields"]
            if field["name"] == "reason"
        }
        return {action: field["texts"] for action, field in reasons.items() if "texts" in field}

    assert texts(quiet_city(**{"standard_texts.csv": rows})) == {"handle": ["filled"], "comment": ["called"]}
    assert texts(quiet_city()) == {}
