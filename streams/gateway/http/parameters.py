"""Query parameters that no route has are refused, and repeated ones: a slip in a name would list everything."""

from fastapi import Depends, Request
from fastapi.routing import APIRoute

from models.errors import Poison
from streams.gateway.http.problems import Problem, of_poison


def _known(request: Request) -> None:
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    names = {parameter.alias for parameter in route.dependant.query_params}
    for name in request.query_params:
        if len(request.query_params.getlist(name)) > 1:  # of two answers to one question, none is the right one
            raise of_poison(Poison(name[:60], "must be given once"))
        if name not in names:
            known = f"one of {', '.join(sorted(names))}" if names else "left out: this address takes none"
            raise Problem(422, "invalid", f"{name[:60]}: a parameter must be {known}", field=name[:60], rule="unknown")


# A dependency of a route, or of a router for all of its routes. Raises Problem (422).
ONLY_KNOWN = Depends(_known)
