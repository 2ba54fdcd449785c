"""Adds up a business day from its receipts: one statement, whatever the day was like, and no figure of its own.

A receipt holds the quote and the payments of its bill as they were, so the report and the receipts cannot differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.engine import Connection

# Amounts come as JSON, because sums of bigint are numeric and would become Decimal.
_DAY = prepared("""
    WITH day AS MATERIALIZED (
        SELECT r.kind, r.number, r.document ->> 'currency' AS currency, CAST(r.document ->> 'digits' AS int) AS digits,
               r.document ->> 'table' AS table_name, r.document -> 'quote' AS quote,
               r.document -> 'payments' AS payments, r.document -> 'tax_lines' AS tax_lines,
               r.document ->> 'method' AS method, CAST(r.document ->> 'total_minor' AS bigint) AS back,
               CAST(r.document ->> 'tip_minor' AS bigint) AS tip_back,
               date_trunc('hour', CAST(r.document ->> 'paid_at' AS timestamptz),
                          r.document -> 'venue' ->> 'time_zone') AS hour,
               CASE WHEN r.kind = 'reversal' THEN -1 ELSE 1 END AS sign
        FROM payments.receipts r WHERE r.venue_id = :venue_id AND r.business_date = :day
    ), sales AS MATERIALIZED (
        SELECT day.*, CAST(quote -> 'subtotal' ->> 'amount' AS bigint) AS gross,
               CAST(quote -> 'discount' ->> 'amount' AS bigint) AS discount,
               CAST(quote -> 'service_charge' ->> 'amount' AS bigint) AS service,
               CAST(quote -> 'tax' ->> 'amount' AS bigint) AS tax,
               CASE WHEN CAST(quote ->> 'tax_included' AS boolean) THEN 0
                    ELSE CAST(quote -> 'tax' ->> 'amount' AS bigint) END AS tax_on_top,
               p.tip, p.rounding, p.total
        FROM day CROSS JOIN LATERAL (
            SELECT coalesce(sum(tip_minor), 0) AS tip, coalesce(sum(rounding_minor), 0) AS rounding,
                   coalesce(sum(total_minor), 0) AS total
            FROM jsonb_to_recordset(day.payments) AS one(tip_minor bigint, rounding_minor bigint, total_minor bigint)
        ) p
        WHERE kind = 'sale'
    ), backs AS (
        SELECT * FROM day WHERE kind <> 'sale'
    ), lines AS (
        SELECT s.currency, s.number, one.* FROM sales s, jsonb_to_recordset(s.quote -> 'lines') AS one(
            menu_item_id text, name text, quantity bigint, gross jsonb, discount jsonb, net jsonb)
    ), figures AS (
        SELECT 'summary' AS section, currency, CAST(digits AS text) AS key, NULL AS name, count(*) AS count,
               jsonb_build_object('gross_sales', sum(gross), 'discounts', sum(discount),
                   'net_sales', sum(gross) - sum(discount), 'service_charge', sum(service), 'tax', sum(tax),
                   'tax_on_top', sum(tax_on_top), 'tips', sum(tip), 'rounding', sum(rounding),
                   'total', sum(total)) AS amounts
        FROM sales GROUP BY currency, digits
        UNION ALL
        SELECT 'refunds', currency, CAST(digits AS text), NULL, sum(sign),
               jsonb_build_object('refunds', sum(sign * back), 'refunded_tips', sum(sign * tip_back))
        FROM backs GROUP BY currency, digits
        UNION ALL
        SELECT 'taxes', currency, one ->> 'rate_ppm', NULL, count(*), jsonb_build_object(
            'net', sum(CAST(one -> 'net' ->> 'amount' AS bigint)),
            'tax', sum(CAST(one -> 'tax' ->> 'amount' AS bigint)))
        FROM sales, jsonb_array_elements(quote -> 'tax_lines') one GROUP BY currency, one ->> 'rate_ppm'
        UNION ALL
        SELECT 'taxes', currency, CAST(one.rate_ppm AS text), NULL, 0, jsonb_build_object(
            'refunded_net', sum(sign * one.net_minor), 'refunded_tax', sum(sign * one.tax_minor))
        FROM backs, jsonb_to_recordset(tax_lines) AS one(rate_ppm int, net_minor bigint, tax_minor bigint)
        GROUP BY currency, one.rate_ppm
        UNION ALL
        SELECT 'hours', currency, to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), NULL, count(*),
               jsonb_build_object('net_sales', sum(gross) - sum(discount), 'total', sum(total))
        FROM sales GROUP BY currency, hour
        UNION ALL
        SELECT 'items', currency, menu_item_id, (array_agg(name ORDER BY number DESC))[1], sum(quantity),
               jsonb_build_object('gross', sum(CAST(gross ->> 'amount' AS bigint)),
                   'discount', sum(CAST(discount ->> 'amount' AS bigint)), 'net', sum(CAST(net ->> 'amount' AS bigint)))
        FROM lines GROUP BY currency, menu_item_id
        UNION ALL
        SELECT 'tables', currency, table_name, NULL, count(*),
               jsonb_build_object('net_sales', sum(gross) - sum(discount), 'total', sum(total))
        FROM sales GROUP BY currency, table_name
        UNION ALL
        SELECT 'methods', currency, one.method, NULL, count(*),
               jsonb_build_object('captured', sum(one.total_minor), 'tips', sum(one.tip_minor))
        FROM sales, jsonb_to_recordset(payments) AS one(method text, total_minor bigint, tip_minor bigint)
        GROUP BY currency, one.method
        UNION ALL
        SELECT 'methods', currency, method, NULL, 0,
               jsonb_build_object('refunds', sum(sign), 'refunded', sum(sign * back))
        FROM backs GROUP BY currency, method
        UNION ALL
        SELECT 'promotions', currency, one ->> 'promotion_id', (array_agg(one ->> 'name' ORDER BY number DESC))[1],
               count(*), jsonb_build_object('amount', sum(CAST(one -> 'amount' ->> 'amount' AS bigint)))
        FROM sales, jsonb_array_elements(quote -> 'promotions' -> 'applied') one
        GROUP BY currency, one ->> 'promotion_id'
        UNION ALL
        SELECT 'receipts', NULL, NULL, NULL, count(*), jsonb_build_object('first', min(number), 'last', max(number))
        FROM day
    )
    SELECT section, currency, key, name, CAST(count AS bigint) AS count, amounts FROM figures
    ORDER BY section, currency, key
""")


def of_day(tx: Connection, venue_id: str, day: date) -> list[Any]:
    """Give the figures of a day as rows of (section, currency, key, name, count, amounts in minor units)."""
    return list(tx.execute(_DAY, {"venue_id": venue_id, "day": day}))
