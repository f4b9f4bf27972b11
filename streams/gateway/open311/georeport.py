"""A city's categories as services, its orders as service requests.

What everybody may read shows nothing personal: what, when, in which area, where to about a hundred metres, how far it
is. Words, addresses and pictures are for those whose token may read orders.
"""

from collections.abc import Mapping

from dispatcher.order.fact_terms import FACT_TERMS
from dispatcher.order.row import OPEN, Order
from models.city import City
from models.sealed_words import ERASED
from models.times import to_text
from streams.gateway.http.responses import moment
from streams.gateway.orders.order_document import STATE_NAMES
from streams.tables.protocol import Brief

Fields = dict[str, object]

_ROUGH_DIGITS = 3  # of a degree: some hundred metres
OTHER = ("other", "其他", "Other")  # what has no category of the city yet


class GeoReport:
    """The documents, in the first of the city's languages."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._chinese = city.languages[0].startswith("zh")

    def services(self) -> list[Fields]:
        """Every category that reports may name."""
        return [self.service(code) for code, each in self._city.categories.items() if each.parent]

    def service(self, code: str) -> Fields:
        """One service. Its requests get a token first: an order is known once the desk has decided."""
        each = self._city.categories[code]
        return {
            "service_code": code,
            "service_name": self._named(each),
            "description": self._named(each),
            "metadata": False,
            "type": "batch",
            "keywords": ",".join(each.keywords),
            "group": self._named(self._city.categories.get(each.parent)),
        }

    def definition(self, code: str) -> Fields:
        """What else a service asks for: nothing."""
        return {"service_code": code, "attributes": []}

    def brief(self, order: Brief, whole: bool) -> Fields:
        """A service request of a list; `whole` with its words and where exactly it is."""
        return self._request(order, order.title if whole else "", whole)

    def request(self, order: Order, line: Brief, whole: bool, extensions: bool) -> Fields:
        """One service request; with `extensions` its steps as notes."""
        fields = self._request(line, order.text if whole else "", whole)
        photos = [url for seen in order.evidence_first for url in seen.media_urls if url != ERASED]
        if whole and photos:
            fields["media_url"] = photos[0]
        if extensions:
            fields["notes"] = [
                {
                    "datetime": to_text(step.at),
                    "type": step.fact,
                    "summary": FACT_TERMS[step.fact][0 if self._chinese else 1],
                    "description": step.note if whole else "",
                }
                for step in order.timeline
            ]
        return fields

    def _request(self, order: Brief, words: str, whole: bool) -> Fields:
        category = self._city.categories.get(order.category)
        department = self._city.departments.get(order.department)
        service = OTHER[1 if self._chinese else 2] if category is None else self._named(category)
        area = self._city.areas.get(order.area)
        return {
            "service_request_id": order.id,
            "status": "open" if order.state in OPEN else "closed",
            "status_notes": STATE_NAMES[order.state][0 if self._chinese else 1],
            "service_name": service,
            "service_code": order.category or OTHER[0],
            "description": words or service,
            "agency_responsible": self._named(department),
            "service_notice": None,
            "requested_datetime": to_text(order.opened_at),
            "updated_datetime": to_text(order.last_at),
            "expected_datetime": moment(order.due),
            "address": (order.address if whole else "") or self._named(area),
            "address_id": order.area,
            "zipcode": None,
            "lat": _at(order.lat, whole),
            "long": _at(order.lon, whole),
            "media_url": None,
        }

    def _named(self, known: object) -> str:
        return "" if known is None else str(getattr(known, "name_zh" if self._chinese else "name_en"))


def _at(degrees: float | None, whole: bool) -> float | None:
    return degrees if degrees is None or whole else round(degrees, _ROUGH_DIGITS)


def discovery(address: str) -> Mapping[str, object]:
    """Where the service is, as discovery documents say it."""
    endpoint = {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": address,
        "type": "production",
        "formats": [{"format": "application/json"}, {"format": "text/xml"}],
    }
    return {"contact": "", "key_service": "", "endpoints": [endpoint]}
