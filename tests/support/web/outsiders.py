"""What others wrote for these standards, held against Paidan: an Open311 client that writes, KEDA's own definitions.

Run: `scripts/prove outsiders`. Both come from the package index into a folder of their own that is gone afterwards: the
client is of 2013, and neither is anything the project needs. Ends with 1 where either finds something wrong.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

from models.times import now_ms
from streams.http_server import HttpServer
from tests.conftest import REPOSITORY
from tests.support.cities import HOLE_RULE
from tests.support.desks import quiet_city
from tests.support.one_desk import gateway_with_desk
from tests.support.tokens import one_of_each

PACKAGES = (
    "requests==2.34.2",
    "simplejson==4.3.0",
    "relaxml==0.1.3",
    "cloudcoil-models-keda==2.16.1.0",
    "pyyaml==6.0.4",
)
CLIENT = "three==0.8.0"

# `three` as it is on the package index. Python 3 has `filter` where its one import of Python 2 looks for `ifilter`.
WRITES = """
import itertools, json, sys
itertools.ifilter = filter
from three import Three
city = Three(sys.argv[1], api_key="app", jurisdiction="tiny")
[token] = city.post("pothole", description="路上有个大坑", lat="30.0512", long="114.0534", address="12 Southwest Road",
                    name="Zach Williams", phone="555-5555", email="zach@example.org")
[request] = city.token(token["token"])
[found] = city.request(request["service_request_id"])
listed = [each["service_request_id"] for each in city.requests("pothole", status="open")]
codes = [each["service_code"] for each in city.services()]
print(json.dumps({"id": request["service_request_id"], "found": found, "listed": listed, "codes": codes}))
"""

# A field that KEDA does not know, or reads as something else, does not come back as it stands in the file.
SCALES = """
import sys, yaml
from cloudcoil.models.keda import v1alpha1
for told in yaml.safe_load_all(open(sys.argv[1])):
    read = v1alpha1.ScaledObject.model_validate(told)
    back = read.model_dump(by_alias=True, exclude_unset=True, mode="json")
    assert back == told, (back, told)
    print(told["metadata"]["name"])
"""


def _python(folder: Path) -> Path:
    """An interpreter that has what others wrote."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    for packages in (PACKAGES, ("--use-pep517", "--no-deps", CLIENT)):
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    return python


def _said(python: Path, program: str, *given: str) -> str:
    """What one of the programs prints. Raises CalledProcessError where it fails."""
    return subprocess.run([python, "-c", program, *given], check=True, stdout=subprocess.PIPE, text=True).stdout


async def write_by_open311(python: Path, folder: Path) -> list[str]:
    """What is wrong with an order that the client has made."""
    city = quiet_city(**{"rules.toml": HOLE_RULE})
    changes: dict[str, Any] = {"gateway_open311": True, "gateway_tokens_file": one_of_each(folder / "tokens")}
    async with gateway_with_desk(city, now_ms(), **changes) as (_, behind):
        assert behind.app is not None
        async with HttpServer(behind.app, "127.0.0.1", 0) as server:
            address = f"http://{server.address}/open311/v2"
            said = json.loads(await asyncio.to_thread(_said, python, WRITES, address))
        order = behind.desk.only()
    print(f"three has made {said['id']} and finds it again: {said['found']['status']}")
    wanted = {
        "the token leads to the order": said["id"] == order.id,
        "the order is the request": (order.channel, order.hint, order.lat, order.lon)
        == ("open311", "pothole", 30.0512, 114.0534),
        "it is listed": said["listed"] == [order.id],
        "its service": said["found"]["service_code"] == order.category,
        "the services are the categories": set(said["codes"])
        == {each for each, row in city.categories.items() if row.parent},
    }
    return [name for name, holds in wanted.items() if not holds]


def main() -> None:
    """Print what came of it."""
    scaling = REPOSITORY / "deploy" / "kubernetes" / "autoscaling" / "scaling.yaml"
    with tempfile.TemporaryDirectory() as name:
        python = _python(Path(name) / "others")
        wrong = asyncio.run(write_by_open311(python, Path(name)))
        scaled = _said(python, SCALES, str(scaling)).split()
    print(f"KEDA's definitions know every field of the ScaledObjects of {' and '.join(scaled)}")
    for each in wrong:
        print(f"wrong: {each}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
