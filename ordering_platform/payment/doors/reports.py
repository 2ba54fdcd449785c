"""The door to reports, for those who answer for the money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.payment import report_schemas
from ordering_platform.payment.reports import day, flat
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.errors import ServiceUnavailable
from ordering_platform.runtime.identity import staff
from ordering_platform.runtime.reading import preferred
from ordering_platform.runtime.request import Answer

if TYPE_CHECKING:
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.request import Request

_CSV = "text/csv"


class ReportDoors:
    """Reports."""

    till: Till

    @http(
        "GET",
        "/v1/reports/day",
        who=staff("manager"),
        query=report_schemas.DayQuery,
        answers=report_schemas.DayReport,
        produces=(_CSV,),
        raises=(ServiceUnavailable,),
        relays=("venue_not_found",),
    )
    def report_day(self, request: Request) -> dict[str, Any] | Answer:
        """Report a business day: sales, taxes, tips, refunds, by hour, dish, table, way to pay and promotion.

        The figures are the sums of the receipts of that day. ``Accept: text/csv`` or ``format=csv`` gives one
        flat table: date, section, key, name, count, amount, currency.
        """
        report = day.report(self.till, request.caller, request.query.get("date"))
        asked = request.query.get("format")
        if asked == "csv" or (
            asked is None and preferred(request.headers.get("Accept"), ("application/json", _CSV)) == _CSV
        ):
            name = f'attachment; filename="day-{report["date"]}.csv"'
            return Answer(
                flat.table(report),
                headers={"Content-Type": f"{_CSV}; charset=utf-8; header=present", "Content-Disposition": name},
            )
        return report
