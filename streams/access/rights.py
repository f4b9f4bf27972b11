"""Which right each address of the gateway asks for. What has no row here, nobody may call."""

from collections.abc import Mapping

from starlette.routing import compile_path

from models.access import ACCESS, Right

# Method and pattern of each route, with the rights of which one is enough; none: nobody needs a token.
NEEDED: Mapping[str, tuple[Right, ...]] = {
    # The pages hold no data; what they show they ask for with the token.
    "GET /": (),
    "GET /o/{order_id}": (),
    "GET /desk": (),
    "GET /desk/silences": (),
    "GET /docs": (),
    # What everybody may know: of whole months, without small counts.
    "GET /open": (),
    "GET /open/figures": (),
    "GET /indicators.csv": (),
    # Whoever has a reporter's link may see and do what it is for.
    "GET /r/{token}": (),
    "GET /r/{token}/order": (),
    "POST /r/{token}/updates": (),
    "GET /page/{name}": (),
    "GET /favicon.ico": (),
    "GET /livez": (),
    "GET /readyz": (),
    "GET /metrics": ("metrics",),
    "GET /openapi.json": ("describe",),
    "POST /reports": ("report",),
    "GET /prefill": ("report", "orders"),
    "POST /detections": ("detect",),
    "POST /measurements": ("detect",),
    "POST /rechecks": ("detect",),
    "POST /units": ("locate",),
    "GET /detections/{detection_id:path}": ("detect",),
    "POST /orders/{order_id}/updates": ("act",),
    "GET /reports/{report_id:path}": ("own-reports", "orders"),
    "GET /orders": ("orders",),
    "GET /orders/{order_id}": ("orders",),
    "GET /orders/{order_id}/sightings": ("orders",),
    "GET /orders/{order_id}/moves": ("act",),
    "GET /seat": ("act",),
    "GET /silences": ("orders",),
    "POST /silences": ("silence",),
    "POST /silences/{number}/approve": ("approve-silences",),
    "POST /silences/{number}/end": ("silence",),
    "GET /events/assignments": ("orders",),
    "GET /status": ("figures",),
    "GET /trend": ("figures",),
    "GET /areas": ("figures",),
    "GET /cameras": ("orders",),
    "GET /units": ("staff",),  # where a unit is, its people are
    "GET /false-alarms": ("orders",),
    "GET /status/{department}": ("figures",),
    # A standard without tokens in headers: each of these looks at `api_key` itself, and shows everybody only what is
    # nobody's. They are 404 unless the settings open them.
    "GET /open311/v2/discovery.{format}": (),
    "GET /open311/v2/services.{format}": (),
    "GET /open311/v2/services/{code}.{format}": (),
    "GET /open311/v2/requests.{format}": (),
    "POST /open311/v2/requests.{format}": (),
    "GET /open311/v2/requests/{request_id}.{format}": (),
    "GET /open311/v2/tokens/{token}.{format}": (),
    "GET /open311/v2/servicerequestupdates.{format}": (),
    "POST /open311/v2/servicerequestupdates.{format}": (),
}

_PATTERNS = [(route, compile_path(route.partition(" ")[2])[0]) for route in NEEDED]


def methods(path: str) -> dict[str, str]:
    """The methods that a path takes, with the row of each; empty for a path that there is not."""
    return {route.partition(" ")[0]: route for route, pattern in _PATTERNS if pattern.match(path)}


def callers(route: str) -> tuple[str, ...]:
    """The roles that may call a route of `NEEDED`; all of them where it asks for nothing."""
    wanted = NEEDED[route]
    return tuple(role for role, access in ACCESS.items() if not wanted or not access.rights.isdisjoint(wanted))
