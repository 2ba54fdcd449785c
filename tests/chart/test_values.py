"""Wrong values are refused while rendering, with a sentence that says how to mend them."""

from __future__ import annotations

import pytest

from tests.chart.rendering import ELSEWHERE, HOST, PROXIES, Helm, Manifest, Profile, Refused, plain

PUBLIC = {"publicUrl": "https://orders.example"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "publicUrl is missing: the address guests reach"),
        ({"publicUrl": "orders.example"}, "publicUrl"),
        ({**PUBLIC, "publicUrll": "x"}, "publicUrll"),
        ({**PUBLIC, "services": {"orders": {}}}, "orders"),
        ({**PUBLIC, "services": {"order": {"replicas": 0}}}, "replicas"),
        ({**PUBLIC, "services": {"order": {"replicas": "two"}}}, "replicas"),
        ({**PUBLIC, "settings": {"ORDERING_LOG_LEVLE": "debug"}}, "ORDERING_LOG_LEVLE"),
        ({**PUBLIC, "settings": {"DATABASE_URL": "postgresql://elsewhere"}}, "DATABASE_URL"),
        ({**PUBLIC, "podNetworks": ["10.0.0.0"]}, "podNetworks"),
        ({**PUBLIC, "services": {"auth": {"resources": {"requests": {"cpu": "lots", "memory": "1Gi"}}}}}, "cpu"),
        ({"ingress": {"enabled": True}}, "ingress.enabled needs ingress.host"),
        (HOST, "services.gateway.trustedProxies is missing"),
        ({**PUBLIC, **PROXIES, "httpRoute": {"enabled": True}}, "httpRoute.enabled needs httpRoute.hostnames"),
        ({**PUBLIC, "postgresql": {"enabled": False}}, "There is no database: set externalDatabase.existingSecret"),
        ({**PUBLIC, "rabbitmq": {"enabled": False}}, "There is no broker: set externalBroker.existingSecret"),
        ({**PUBLIC, "externalDatabase": {"existingSecret": "x"}}, "There are two databases"),
        ({**PUBLIC, "externalBroker": {"existingSecret": "x"}}, "There are two brokers"),
        (
            {**PUBLIC, "services": {"order": {"autoscaling": {"minReplicas": 5, "maxReplicas": 2}}}},
            "services.order.autoscaling: minReplicas (5) is above maxReplicas (2)",
        ),
        (
            {**PUBLIC, "services": {"gateway": {"autoscaling": {"enabled": True, "queueLength": 5}}}},
            "the gateway has no queue",
        ),
        ({**PUBLIC, "metrics": {"podMonitor": {"enabled": True}}}, "needs networkPolicy.metricsFrom"),
        ({**PUBLIC, "settings": {"ORDERING_PAYMENT_PROVIDERS": "cash,stripe"}}, "which needs payments.existingSecret"),
        (
            {**PUBLIC, "settings": {"ORDERING_PAYMENT_PROVIDERS": "stripe"}, "payments": {"existingSecret": "x"}},
            "which needs networkPolicy.paymentProviders",
        ),
        ({**PUBLIC, "settings": {"ORDERING_REGISTRATION": "open"}}, "needs settings.ORDERING_DEFAULT_VENUE"),
    ],
)
def test_a_mistake_is_told_in_words(helm: Helm, values: Manifest, said: str) -> None:
    with pytest.raises(Refused) as refusal:
        helm.fresh(Profile("mistaken", values))
    assert said in str(refusal.value)


def order_with(**pool: int) -> Manifest:
    return {"services": {"order": {"pool": pool}}}


@pytest.mark.parametrize(
    ("layers", "needed"),
    [
        # (1 + 1) x (5 + 5) for four services, one more for each pod of order-service, and 10 for everybody else.
        ([], 92),
        ([order_with(size=8, overflow=5)], 98),
        ([order_with(size=9, overflow=5)], 100),
        ([{"services": {"order": {"autoscaling": {"enabled": True, "maxReplicas": 1, "minReplicas": 1}}}}], 92),
    ],
)
def test_pools_that_fit_are_accepted_to_the_last_connection(helm: Helm, layers: list[Manifest], needed: int) -> None:
    helm.fresh(plain("fits", *layers, {"postgresql": {"maxConnections": needed}}))
    with pytest.raises(
        Refused, match=f"may open {needed} connections, and postgresql.maxConnections allows {needed - 1}"
    ):
        helm.fresh(plain("does not fit", *layers, {"postgresql": {"maxConnections": needed - 1}}))


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        (order_with(size=50, overflow=0), 172),
        ({"services": {"order": {"replicas": 3}}}, 114),
        ({"services": {"payment": {"autoscaling": {"enabled": True, "maxReplicas": 4}}}}, 122),
    ],
)
def test_pools_that_do_not_fit_are_refused_with_the_formula(helm: Helm, values: Manifest, needed: int) -> None:
    with pytest.raises(Refused) as refusal:
        helm.fresh(plain("too many", values))
    assert f"may open {needed} connections" in str(refusal.value)
    assert "(replicas + 1) x (pool.size + pool.overflow)" in str(refusal.value)


def test_a_database_elsewhere_has_its_own_bound(helm: Helm) -> None:
    tight = {**ELSEWHERE, "externalDatabase": {"existingSecret": "x", "maxConnections": 60}}
    with pytest.raises(Refused, match=r"externalDatabase\.maxConnections allows 60"):
        helm.fresh(plain("tight", tight))
